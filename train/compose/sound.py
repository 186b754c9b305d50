"""What all the sound-making modules agree on: the sample rate, decibels and plain filters."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, resample, sosfilt

from engine.dsp.arrays import Array

SAMPLE_RATE = 44100


def amplitude(gain_db: float) -> float:
    """Factor of a gain in dB."""
    return float(10 ** (gain_db / 20))


def samples(seconds: float) -> int:
    """Nearest whole number of samples."""
    return round(seconds * SAMPLE_RATE)


def low_pass(sound: Array, cutoff_hz: float, order: int = 2) -> Array:
    """Butterworth low-pass along the last axis.

    Args:
        sound: (…, samples), at :data:`SAMPLE_RATE`.
        cutoff_hz: where it is 3 dB down, hertz.
        order: slope, in steps of 6 dB an octave.
    """
    return _filter(sound, cutoff_hz, order, "lowpass")


def high_pass(sound: Array, cutoff_hz: float, order: int = 2) -> Array:
    """Butterworth high-pass along the last axis; arguments as of :func:`low_pass`."""
    return _filter(sound, cutoff_hz, order, "highpass")


def fade_out(sound: Array, seconds: float) -> Array:
    """The sound with a raised-cosine end; the last sample is zero."""
    n = min(samples(seconds), sound.shape[-1])
    shaped = sound.copy()
    shaped[..., sound.shape[-1] - n :] *= 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, n))
    return shaped


def transpose(sound: Array, semitones: float) -> Array:
    """The sound at another speed, as on a sampler: pitch and length change together."""
    return np.asarray(resample(sound, round(sound.shape[-1] / 2 ** (semitones / 12)), axis=-1))


def _filter(sound: Array, cutoff_hz: float, order: int, kind: str) -> Array:
    sos = butter(order, cutoff_hz, kind, fs=SAMPLE_RATE, output="sos")
    return np.asarray(sosfilt(sos, sound))
