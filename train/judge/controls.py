"""What a restyling has to beat: a static equaliser, alone and with dynamics."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import scipy.signal
from scipy.ndimage import uniform_filter1d

from engine.dsp.arrays import Array, Audio
from train.judge.view import SPEC, levelled, long_term_db, view

_TAPS = 4095  # 93 ms at 44.1 kHz: 11 Hz between corners of the response
_MAX_GAIN_DB = 30.0
_SMOOTH_S = 0.02
_STEPS = 12


def eq_match(wanted_db: Array, rate: int) -> Callable[[Sequence[Audio]], list[Audio]]:
    """A static linear-phase equaliser per track.

    Args:
        wanted_db: long-term band powers of the target genre at the training level, (n_mels,).
        rate: of the sounds.

    Returns:
        From the segments of one track, (channels, samples) each, to the same segments with the
        wanted long-term spectrum; gains are limited to ±30 dB.
    """
    analyser = SPEC.at(rate)
    grid = np.linspace(0.0, rate / 2, _TAPS // 2 + 1)
    spread = np.interp(grid, analyser.centres_hz, np.arange(SPEC.n_mels))

    def match(sounds: Sequence[Audio]) -> list[Audio]:
        own_db = long_term_db([view(sound, rate) for sound in sounds])
        gain_db = np.clip(wanted_db - own_db, -_MAX_GAIN_DB, _MAX_GAIN_DB)
        response = 10 ** (np.interp(spread, np.arange(SPEC.n_mels), gain_db) / 20)
        taps = scipy.signal.firwin2(_TAPS, grid / grid[-1], response)
        filtered = [scipy.signal.oaconvolve(s, taps[None], "same", axes=-1) for s in sounds]
        return [np.asarray(sound, np.float32) for sound in filtered]

    return match


def crest_db(sound: Audio) -> float:
    """Peak over RMS of a sound; the 99.9th percentile stands for the peak, dB."""
    peak = float(np.percentile(np.abs(sound), 99.9))
    return float(20 * np.log10(peak / np.sqrt(np.mean(np.square(sound, dtype=np.float64)))))


def crest_match(sound: Audio, wanted_db: float, rate: int) -> Audio:
    """The sound compressed or expanded until its crest factor is the wanted one.

    A gain follows the power of 20 ms: gain = power^((p − 1)/2), with the p that gives the crest
    found by bisection, from heavy compression (0.3) to heavy expansion (2.5).

    Args:
        sound: (channels, samples).
        wanted_db: crest factor, as of :func:`crest_db`.
        rate: hertz.
    """
    smooth = uniform_filter1d(np.mean(sound**2, axis=0), round(_SMOOTH_S * rate)) + 1e-8
    low, high = 0.3, 2.5
    out = sound
    for _ in range(_STEPS):
        power = 0.5 * (low + high)
        out = levelled((sound * smooth ** (0.5 * (power - 1.0))).astype(np.float32))
        if crest_db(out) < wanted_db:
            low = power
        else:
            high = power
    return out
