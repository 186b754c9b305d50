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
from typing import Any, Literal, get_args

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.column_kernel import column_plan, log_mel, work_for
from engine.dsp.mel import BandSpread, band_edges, triangles
from engine.errors import FrontEndError, ShapeError

Window = Literal["hann", "hamming"]
Summed = Literal["power", "magnitude"]
_LOWEST: dict[Window, float] = {"hann": 0.0, "hamming": 0.08}
"""Of a raised cosine of height 1, by its name."""
_LATER = {"window": get_args(Window), "summed": get_args(Summed)}
"""Fields that came after the first specification: they are written where they are not its values,
the first ones, so that its fingerprint stays what it was."""


@dataclass(frozen=True)
class FrontEnd:
    """Specification of the log-mel image.

    ``window_s`` and ``hop_s`` are in seconds, frequencies in hertz, levels in dB relative to a
    unit-power bin of a window whose sum is ``window_sum`` (a full-scale sine reads 54.2 dB).
    ``window`` is the analysis window's shape. ``summed`` is what is summed over a band: power,
    which is then 10·log10, or magnitude, which is then 20·log10.
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
    window: Window = "hann"
    summed: Summed = "power"

    def to_json(self) -> str:
        """Canonical text of the specification."""
        later = {name for name, known in _LATER.items() if getattr(self, name) == known[0]}
        values = {name: value for name, value in asdict(self).items() if name not in later}
        return json.dumps(values, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> FrontEnd:
        """Read a specification back.

        Raises:
            FrontEndError: the text is no specification.
            ValueError: as that error, which is one.
        """
        try:
            values = json.loads(text)
            words = {"mel_scale", *_LATER}
            types = {f.name: (str if f.name in words else float) for f in fields(cls)}
            spec: dict[str, Any] = {name: types[name](value) for name, value in values.items()}
            if not all(math.isfinite(x) for x in spec.values() if isinstance(x, float)):
                raise ValueError("a number that is not finite")
            for name, known in _LATER.items():
                if spec.get(name, known[0]) not in known:
                    raise ValueError(f"{name} is none of {', '.join(known)}")
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

    @property
    def db_per_decade(self) -> float:
        """Decibels of a band whose sum is ten times as large."""
        return 20.0 if self.summed == "magnitude" else 10.0

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
        noise_gain: power per band, 10^(dB / 10), that white noise of unit variance reads in the
            mean, shape (n_mels,).
    """

    def __init__(self, spec: FrontEnd, rate: float) -> None:
        self.spec, self.rate = spec, rate
        self.n = round(spec.window_s * rate)
        self.hop = spec.hop_s * rate
        self.before = self.n // 2
        self.after = self.n - self.before
        middle = 0.5 * (1.0 + _LOWEST[spec.window])
        turn = 2 * np.pi * np.arange(self.n) / self.n
        shape = middle - (1.0 - middle) * np.cos(turn)
        self.window = (shape * (spec.window_sum / shape.sum())).astype(np.float32)
        self.bins_hz = np.fft.rfftfreq(self.n, 1.0 / rate)
        edges = band_edges(spec.n_mels, spec.f_min_hz, spec.f_max_hz)
        self.centres_hz = edges[1:-1]
        self.weights = triangles(self.bins_hz, edges)
        energy = float(np.sum(self.window.astype(np.float64) ** 2))
        self.noise_gain = self.weights.sum(axis=0) * energy
        if spec.summed == "magnitude":
            # Magnitudes of noise are of Rayleigh's distribution: their mean squared is π/4 of the
            # power, and what is left is their variance, as if bins knew nothing of each other.
            means = np.square(self.weights.sum(axis=0))
            rest = np.square(self.weights).sum(axis=0)
            self.noise_gain = energy * (np.pi / 4 * means + (1.0 - np.pi / 4) * rest)
        scale = 1.0 / (self.n * energy)
        self._plan = column_plan(self.n, self.weights, scale, spec.summed == "magnitude")

    def spread(self, n_fft: int) -> BandSpread:
        """The way back from bands to the bins of an ``n_fft``-point transform."""
        return BandSpread(np.fft.rfftfreq(n_fft, 1.0 / self.rate), self.centres_hz)

    def columns(self, sound: Audio, starts: Array) -> tuple[Array, Array]:
        """Log-mel columns of windows.

        The power of the channels is averaged: a wide mix and its mono sum are the same image,
        and sound in opposite phase is not silence.

        Args:
            sound: (channels, samples), float32.
            starts: first sample of each window, (columns,).

        Returns:
            dB of shape (columns, n_mels), not clipped, and the mean square of the windowed
            signal, shape (columns,), full scale 1.

        Raises:
            ShapeError: a window does not lie within the sound.
        """
        if len(starts) and not 0 <= min(starts) <= max(starts) <= sound.shape[-1] - self.n:
            raise ShapeError(
                "front end",
                f"windows from {min(starts)} to {max(starts)} in {sound.shape[-1]} samples",
                expected=f"room for {self.n} samples from each on",
                cure="Pad the sound.",
            )
        whole = np.ascontiguousarray(sound, np.float32)
        db = np.empty((len(starts), self.spec.n_mels), np.float32)
        level = np.empty(len(starts), np.float32)
        first, plan = np.asarray(starts, np.int64), self._plan
        log_mel(whole, first, self.window, plan, work_for(plan), db, level)
        return db, level

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
        starts = (
            np.rint(origin + np.arange(count) * self.hop).astype(np.intp) - self.before + self.n
        )
        return self.columns(padded, np.clip(starts, 0, padded.shape[-1] - self.n))[0]


@lru_cache(maxsize=16)
def _analyser(spec: FrontEnd, rate: float) -> Analyser:
    return Analyser(spec, rate)
