"""What the tracker hears in a sound: mel bands, their onsets, and pitches. Arrays in, arrays out.

The onsets are the rises of the log-compressed power in each band (Klapuri, "Sound onset detection
by applying psychoacoustic knowledge", 1999; Böck & Widmer, "Maximum filter vibrato suppression for
onset detection", 2013, for the difference over more than one frame).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft

from engine.dsp.arrays import Array, Audio
from engine.dsp.mel import band_edges, triangles

RATE = 22050  # Hz: hats and snares are all there, at half the cost
HOP = 256  # 11.6 ms; finer times come from interpolation and from the envelope
PITCH_HOP = 1024  # 46 ms
ENVELOPE_HOP = 32  # 1.45 ms
BANDS = 36
_WINDOW = 1024  # 46 ms
_PITCH_WINDOW = 4096  # 186 ms: semitones from 100 Hz on, and the movement of a bass below
_LAG = 2  # frames over which a rise is taken
_LOW_HZ, _HIGH_HZ = 30.0, 10000.0
_FIRST_PITCH, _PITCHES = 28, 66  # E1, 41 Hz, and five and a half octaves up
_BLOCK = 1024


@dataclass(frozen=True)
class Features:
    """Features of a mono sound at :data:`RATE`.

    Attributes:
        power: (frames, BANDS) mel power, frame i centred at i * HOP / RATE seconds.
        flux: (frames, BANDS) rises of the log power, ≥ 0.
        pitch: (pitch frames, pitches) log-compressed power per semitone, every ``PITCH_HOP``.
        envelope: (n,) mean square of the sound without its bass, every ``ENVELOPE_HOP``.
        bands_hz: (BANDS,) centres.
        seconds: length of the sound.
    """

    power: Array
    flux: Array
    pitch: Array
    envelope: Array
    bands_hz: Array
    seconds: float

    def band(self, low_hz: float, high_hz: float) -> Array:
        """Sum of the onsets between two frequencies, (frames,)."""
        inside = (self.bands_hz >= low_hz) & (self.bands_hz < high_hz)
        return np.asarray(self.flux[:, inside].sum(axis=1))


def hear(sound: Audio) -> Features:
    """Features of a mono sound, (n,) float32 at :data:`RATE`."""
    bins = np.fft.rfftfreq(_WINDOW, 1 / RATE)
    edges = band_edges(BANDS, _LOW_HZ, _HIGH_HZ)
    power = _spectrum(sound, _WINDOW, HOP, triangles(bins, edges))
    mean = float(power.mean()) + 1e-12
    loud = np.log1p(power * (100.0 / mean))  # 20 dB below the mean it begins to be linear
    flux = np.zeros_like(loud)
    flux[_LAG:] = np.maximum(loud[_LAG:] - loud[:-_LAG], 0.0)
    flux = np.concatenate([flux[1:], flux[-1:]])  # the middle of the rise
    pitch = _spectrum(sound, _PITCH_WINDOW, PITCH_HOP, _semitones())
    pitch = np.log1p(pitch * (100.0 / (float(pitch.mean()) + 1e-12)))
    return Features(power, flux, pitch, _envelope(sound), edges[1:-1], len(sound) / RATE)


def _spectrum(sound: Audio, window: int, hop: int, weights: Array) -> Array:
    """Power of windows of ``window`` samples through ``weights``, (frames, bands), in blocks so
    that the memory does not grow with the sound more than the result does."""
    hann = np.hanning(window + 1)[:-1].astype(np.float32)
    hann /= hann.sum()
    padded = np.pad(sound, (window // 2, window))
    frames = 1 + len(sound) // hop
    result = np.empty((frames, weights.shape[1]), np.float32)
    for first in range(0, frames, _BLOCK):
        count = min(_BLOCK, frames - first)
        part = padded[first * hop : (first + count - 1) * hop + window]
        windows = np.lib.stride_tricks.sliding_window_view(part, window)[::hop]
        spectrum = scipy.fft.rfft(windows * hann, axis=-1)
        result[first : first + count] = (spectrum.real**2 + spectrum.imag**2) @ weights
    return result


def _semitones() -> Array:
    """(bins, pitches): triangles one semitone to each side, at least one bin wide."""
    bins = np.fft.rfftfreq(_PITCH_WINDOW, 1 / RATE)
    centres = 440.0 * 2 ** ((np.arange(_PITCHES) + _FIRST_PITCH - 69) / 12)
    width = np.maximum(centres * (2 ** (1 / 12) - 1), RATE / _PITCH_WINDOW)
    return np.asarray(np.maximum(0.0, 1 - np.abs(bins[:, None] - centres) / width), np.float32)


def _envelope(sound: Audio) -> Array:
    """Mean square of the sound's differences (+6 dB an octave: attacks rather than bass)."""
    edge = np.diff(sound, prepend=np.float32(0)).astype(np.float32)
    whole = len(edge) // ENVELOPE_HOP * ENVELOPE_HOP
    return np.asarray(np.mean(edge[:whole].reshape(-1, ENVELOPE_HOP) ** 2, axis=1))
