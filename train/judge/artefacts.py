"""What a restyled sound should not have: gains that flicker, peaks beyond full scale, and hits that
are heard before they come."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array, Audio
from train.judge.view import SPEC

_AUDIBLE_DB = 10.0  # above the floor of the images: below, a gain says nothing
_BEFORE_S, _AFTER_S, _GUARD_S = 0.025, 0.025, 0.005
_FLOOR = 1e-15  # -150 dB, of a power


def jitter_db(given: Array, made: Array) -> float:
    """Musical noise: how much the gain of a band changes from column to column, mean, dB.

    Args:
        given: view of the input, (columns, n_mels), dB.
        made: view of the output, (columns, n_mels), dB.
    """
    n = min(len(given), len(made))
    given, made = given[:n], made[:n]
    heard = given > SPEC.floor_db + _AUDIBLE_DB
    steps = np.abs(np.diff(made - given, axis=0))[heard[1:] & heard[:-1]]
    return float(steps.mean()) if len(steps) else 0.0


def peak_dbfs(sound: Audio) -> float:
    """Highest sample, dB re full scale: above 0 a file of whole numbers clips."""
    return float(20 * np.log10(max(float(np.abs(sound).max()), _FLOOR)))


def pre_echo_db(given: Audio, made: Audio, onsets: Array, rate: int) -> float:
    """How much more there is before a hit in the output, measured against the hit, mean, dB.

    Args:
        given: input, (channels, samples).
        made: output, (channels, samples).
        onsets: of the input, s.
        rate: hertz.
    """
    differences = []
    for onset in onsets:
        at = round((onset - _GUARD_S) * rate)
        first, last = at - round(_BEFORE_S * rate), at + round((_GUARD_S + _AFTER_S) * rate)
        if first < 0 or last > min(given.shape[-1], made.shape[-1]):
            continue
        ratios = [
            10 * np.log10(_power(sound[:, first:at]) / _power(sound[:, at:last]))
            for sound in (given, made)
        ]
        differences.append(ratios[1] - ratios[0])
    return float(np.mean(differences)) if differences else 0.0


def _power(sound: Audio) -> float:
    return float(np.mean(np.square(sound, dtype=np.float64))) + _FLOOR
