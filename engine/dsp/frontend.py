"""The one spectral front end: what the generator sees, in training, offline and live.

The specification is in seconds and hertz, so that it means the same at 44.1, 48 and 96 kHz, and
has a fingerprint that travels in the dataset, the checkpoint and the ONNX metadata.

Source: Vande Veire et al. 2019, section 2.2 and 2.3 (STFT 2048/512 at 44.1 kHz, dB, mel,
−15…65 dB to 0…1). Deviation: the paper takes dB first and mel after; here the mel sum is taken
over power and dB after, because that keeps energy.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.mel import BandSpread, band_edges, triangles
from engine.errors import FrontEndError, ShapeError

_POWER_FLOOR = 1e-12  # −120 dB: far below floor_db, and never log(0)


@dataclass(frozen=True)
class FrontEnd:
    """Specification of the log-mel image.

    ``window_s`` and ``hop_s`` are in seconds, frequencies in hertz, levels in dB relative to a
    unit-power bin of a window whose sum is ``window_sum`` (a full-scale sine reads 54.2 dB).
    """

    window_s: float = 2048 / 44100
    hop_s: float = 512 / 44100
    n_mels: int = 128
    f_min_hz: float = 20.0
    f_max_hz: float = 20000.0
    window_sum: float = 1024.0
    floor_db: float = -15.0
    ceil_db: float = 65.0
    mel_scale: str = "slaney"

    def to_json(self) -> str:
        """Canonical text of the specification."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> FrontEnd:
        """Read a specification back.

        Raises:
            FrontEndError: the text is no specification.
        """
        try:
            values = json.loads(text)
            types = {f.name: (str if f.name == "mel_scale" else float) for f in fields(cls)}
            spec: dict[str, Any] = {name: types[name](value) for name, value in values.items()}
            if not all(math.isfinite(x) for x in spec.values() if isinstance(x, float)):
                raise ValueError("a number that is not finite")
            spec["n_mels"] = int(spec["n_mels"])
            return cls(**spec)
        except (
            *(ValueError, KeyError, TypeError, AttributeError),
            *(OverflowError, RecursionError),
        ) as fault:
            raise FrontEndError(
                "front end", f"specification cannot be read ({fault})", cure="Export it again."
            ) from fault

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ when any number of the specification differs."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    def normalise(self, db: Array) -> Array:
        """dB to the image's 0…1, clipped."""
        scaled = (db - self.floor_db) * (1.0 / (self.ceil_db - self.floor_db))
        return np.clip(scaled, 0.0, 1.0).astype(np.float32)

    def denormalise(self, image: Array) -> Array:
        """The image's 0…1, clipped, to dB."""
        clipped = np.clip(image, 0.0, 1.0)
        return (clipped * (self.ceil_db - self.floor_db) + self.floor_db).astype(np.float32)

    def at(self, rate: float) -> Analyser:
        """The front end at one sample rate (cached)."""
        return _analyser(self, float(rate))


class Analyser:
    """A :class:`FrontEnd` at a sample rate: windows in, log-mel columns out.

    The transform has exactly as many points as the window has samples: the bands then see the
    same bins in hertz at every rate (agreement within 0.06 dB; with a padded transform the low
    bands differ by 3–13 dB).

    Attributes:
        n: window length in samples (2048 at 44.1 kHz, 2229 at 48 kHz).
        hop: model hop in samples, not a whole number at most rates.
        before, after: samples of the window before its centre, and from it on.
        weights: (n_bins, n_mels) mel triangles.
        noise_gain: mel power per band that white noise of unit variance reads, shape (n_mels,).
    """

    def __init__(self, spec: FrontEnd, rate: float) -> None:
        self.spec, self.rate = spec, rate
        self.n = round(spec.window_s * rate)
        self.hop = spec.hop_s * rate
        self.before = self.n // 2
        self.after = self.n - self.before
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self.n) / self.n)
        self.window = (hann * (spec.window_sum / hann.sum())).astype(np.float32)
        self.bins_hz = np.fft.rfftfreq(self.n, 1.0 / rate)
        edges = band_edges(spec.n_mels, spec.f_min_hz, spec.f_max_hz)
        self.centres_hz = edges[1:-1]
        self.weights = triangles(self.bins_hz, edges)
        self._energy = float(np.sum(self.window.astype(np.float64) ** 2))
        self.noise_gain = self.weights.sum(axis=0) * self._energy

    def spread(self, n_fft: int) -> BandSpread:
        """The way back from bands to the bins of an ``n_fft``-point transform."""
        return BandSpread(np.fft.rfftfreq(n_fft, 1.0 / self.rate), self.centres_hz)

    def columns(self, frames: Array) -> tuple[Array, Array]:
        """Log-mel columns of windows.

        The power of the channels is averaged: a wide mix and its mono sum are the same image,
        and sound in opposite phase is not silence.

        Args:
            frames: (columns, channels, n), float32.

        Returns:
            dB of shape (columns, n_mels), not clipped, and the mean square of the windowed
            signal, shape (columns,), full scale 1.

        Raises:
            ShapeError: the last axis is not the window's length.
        """
        if frames.ndim != 3 or frames.shape[-1] != self.n:
            raise ShapeError(
                "front end",
                f"frames of shape {frames.shape}",
                expected=f"(columns, channels, {self.n})",
                cure="Cut windows of Analyser.n samples.",
            )
        power = _channel_power(frames * self.window)
        # Each by itself: a column is the same to the bit, whichever others it is computed with.
        mel = (power[:, None] @ self.weights)[:, 0]
        level = (2.0 * power.sum(axis=-1) - power[:, 0]) * (1.0 / (self.n * self._energy))
        return 10.0 * np.log10(np.maximum(mel, _POWER_FLOOR)), level

    def log_mel(self, audio: Audio, origin: float = 0.0, count: int | None = None) -> Array:
        """Log-mel image of a whole signal, column i centred at sample ``origin + i * hop``.

        Args:
            audio: (channels, samples). Outside of it there is silence.
            origin: centre of the first column, samples.
            count: number of columns; by default as many as have their centre in the signal.

        Returns:
            dB, shape (count, n_mels), not clipped.
        """
        samples = audio.shape[-1]
        if count is None:
            count = max(0, int(np.ceil((samples - origin) / self.hop)))
        padded = np.pad(audio, ((0, 0), (self.n, self.n)))
        image = np.empty((count, self.spec.n_mels), np.float32)
        for first in range(0, count, 64):
            index = np.arange(first, min(first + 64, count))
            starts = np.rint(origin + index * self.hop).astype(np.intp) - self.before + self.n
            starts = np.clip(starts, 0, padded.shape[-1] - self.n)
            frames = np.stack([padded[:, s : s + self.n] for s in starts])
            image[index], _ = self.columns(frames)
        return image


def _channel_power(frames: Array) -> Array:
    """|rfft|² averaged over the channels: (columns, channels, n) to (columns, n // 2 + 1).

    Two channels go through one complex transform (L + iR), which is exact for the sum of their
    powers and halves the cost: 2229 = 3·743 points are slow.
    """
    import scipy.fft  # half of the time that a reader of the specification alone would take

    columns, channels, n = frames.shape
    bins = n // 2 + 1
    total = np.zeros((columns, bins), np.float32)
    for c in range(0, channels - 1, 2):
        pair = np.empty((columns, n), np.complex64)
        pair.real, pair.imag = frames[:, c], frames[:, c + 1]
        power = _squared(scipy.fft.fft(pair, axis=-1, overwrite_x=True))
        power *= np.float32(0.5)
        total += power[:, :bins]
        total[:, 1:] += power[:, : n - bins : -1]
        total[:, 0] += power[:, 0]
    if channels % 2:
        total += _squared(scipy.fft.rfft(frames[:, -1], axis=-1))
    total *= np.float32(1.0 / channels)
    return total


def _squared(spectrum: Array) -> Array:
    return np.asarray(spectrum.real**2 + spectrum.imag**2)


@lru_cache(maxsize=16)
def _analyser(spec: FrontEnd, rate: float) -> Analyser:
    return Analyser(spec, rate)
