"""Mastering: loudness after ITU-R BS.1770, a look-ahead limiter, and edges that are silent."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import minimum_filter1d, uniform_filter1d
from scipy.signal import bilinear, lfilter, resample_poly

from engine.dsp.arrays import Array, Audio
from train.compose.sound import SAMPLE_RATE, amplitude, fade_out, high_pass, samples

OVERSAMPLING = 4
LOOK_AHEAD_S = 0.004
FADE_IN_S = 0.02
FADE_OUT_S = 0.9


def master(mixed: Audio, *, loudness_lufs: float, ceiling_db: float) -> Audio:
    """Bring a mix to a loudness, below a true peak, with a fade at both ends.

    Args:
        mixed: (2, samples).
        loudness_lufs: integrated loudness before the limiter.
        ceiling_db: highest true peak, dB re full scale.

    Returns:
        (2, samples).
    """
    centred = high_pass(mixed.astype(np.float64), 22.0)
    loud = centred * amplitude(loudness_lufs - loudness(centred))
    limited = loud * _limiter_gain(loud, amplitude(ceiling_db))
    n = samples(FADE_IN_S)
    limited[:, :n] *= 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, n))
    return fade_out(limited, FADE_OUT_S).astype(np.float32)


def true_peak(sound: Array) -> Array:
    """Peak around each sample of all channels, between the samples too: (samples,)."""
    fine = np.abs(resample_poly(sound, OVERSAMPLING, 1, axis=1)).max(axis=0)
    return np.asarray(fine.reshape(-1, OVERSAMPLING).max(axis=1))


def loudness(sound: Array) -> float:
    """Integrated loudness in LUFS of stereo sound (2, samples), with both gates of BS.1770-4."""
    weighted = lfilter(*_high_pass_weight(), lfilter(*_shelf_weight(), sound))
    block, hop = samples(0.4), samples(0.1)
    energy = np.concatenate([[0.0], np.cumsum((weighted**2).sum(axis=0))])
    starts = np.arange(0, sound.shape[1] - block + 1, hop)
    power = (energy[starts + block] - energy[starts]) / block
    power = power[power > 10 ** ((-70 + 0.691) / 10)]
    power = power[power > power.mean() / 10]
    return float(-0.691 + 10 * np.log10(power.mean()))


def _limiter_gain(sound: Array, ceiling: float) -> Array:
    """Gain that keeps every true peak below the ceiling, moving smoothly ahead of it."""
    wanted = np.minimum(1.0, ceiling / np.maximum(true_peak(sound), 1e-9))
    width = 2 * samples(LOOK_AHEAD_S) + 1
    # Averaging as wide as the minimum can never rise above the gain that the peak needs.
    return np.asarray(uniform_filter1d(minimum_filter1d(wanted, width), width))


def _shelf_weight() -> tuple[Array, Array]:
    """The head's high shelf, from its analogue prototype: the standard prints 48 kHz only."""
    gain, corner, quality = 10 ** (3.999843853973347 / 20), 1681.974450955533, 0.7071752369554196
    w = 2 * SAMPLE_RATE * np.tan(np.pi * corner / SAMPLE_RATE)
    band = gain**0.4996667741545416
    b, a = bilinear([gain, band * w / quality, w**2], [1, w / quality, w**2], SAMPLE_RATE)
    return np.asarray(b), np.asarray(a)


def _high_pass_weight() -> tuple[Array, Array]:
    corner, quality = 38.13547087602444, 0.5003270373238773
    w = 2 * SAMPLE_RATE * np.tan(np.pi * corner / SAMPLE_RATE)
    b, a = bilinear([1, 0, 0], [1, w / quality, w**2], SAMPLE_RATE)
    return np.asarray(b), np.asarray(a)
