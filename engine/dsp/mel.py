"""Mel bands: peak-normalised triangles, and the way back from bands to bins."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array

# Slaney's mel scale (Auditory Toolbox, 1998): linear below 1 kHz, logarithmic above. The HTK
# formula would put several bands between two bins of a 2048-point transform at the low end.
_HZ_PER_MEL = 200.0 / 3.0
_BREAK_HZ = 1000.0
_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(hz: Array) -> Array:
    """Frequency in hertz to Slaney mels."""
    hz = np.asarray(hz, dtype=np.float64)
    above = _BREAK_HZ / _HZ_PER_MEL + np.log(np.maximum(hz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.asarray(np.where(hz < _BREAK_HZ, hz / _HZ_PER_MEL, above))


def mel_to_hz(mel: Array) -> Array:
    """Slaney mels to frequency in hertz."""
    mel = np.asarray(mel, dtype=np.float64)
    break_mel = _BREAK_HZ / _HZ_PER_MEL
    above = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, break_mel) - break_mel))
    return np.asarray(np.where(mel < break_mel, mel * _HZ_PER_MEL, above))


def band_edges(n_mels: int, f_min_hz: float, f_max_hz: float) -> Array:
    """Corner frequencies of triangular bands that are equally wide in mels.

    Args:
        n_mels: number of bands.
        f_min_hz: lower corner of the first band, hertz.
        f_max_hz: upper corner of the last one, hertz.

    Returns:
        Hertz, (n_mels + 2,): band b rises from corner b to its centre b + 1, and falls to b + 2.
    """
    low, high = hz_to_mel(np.array([f_min_hz, f_max_hz]))
    return mel_to_hz(np.linspace(low, high, n_mels + 2))


def triangles(bins_hz: Array, edges_hz: Array) -> Array:
    """Weights of shape (n_bins, n_mels), peak 1: mel power = bin power @ weights.

    A band above the last bin gets no weight at all and so reads as silence.
    """
    low, centre, high = edges_hz[:-2], edges_hz[1:-1], edges_hz[2:]
    hz = np.asarray(bins_hz, dtype=np.float64)[:, None]
    rising = (hz - low) / (centre - low)
    falling = (high - hz) / (high - centre)
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)), np.float32)


class BandSpread:
    """Linear interpolation from band centres to bins.

    Below the first and above the last centre the edge band is held, so that a flat +6 dB comes
    out as +6 dB at 30 Hz too.

    Args:
        bins_hz: frequencies of the bins, shape (n_bins,), hertz.
        centres_hz: band centres, shape (n_mels,), hertz, increasing.

    Attributes:
        low, weight: band below each bin, and the weight of the one above, (n_bins,).
    """

    def __init__(self, bins_hz: Array, centres_hz: Array) -> None:
        last = len(centres_hz) - 1
        position = np.interp(bins_hz, centres_hz, np.arange(last + 1, dtype=np.float64))
        self.low = np.minimum(position.astype(np.intp), max(last - 1, 0))
        self._high = np.minimum(self.low + 1, last)
        self.weight = (position - self.low).astype(np.float32)

    def __call__(self, bands: Array) -> Array:
        """Bands of shape (..., n_mels) to bins of shape (..., n_bins)."""
        low = bands.take(self.low, axis=-1)
        high = bands.take(self._high, axis=-1)
        high -= low
        high *= self.weight
        high += low
        return np.asarray(high)

    def share(self, n_mels: int) -> Array:
        """Mean over the bins as weights on the bands, shape (n_mels,)."""
        eye = np.eye(n_mels, dtype=np.float32)
        return np.asarray(self(eye).mean(axis=-1))
