"""What is left of the kick and the snare of a composed track, whose strokes are known.

Onset detectors cannot tell a kick from a bass note or a snare from a bell, and hats that a
generator adds or takes away are wanted. So onsets are compared only where the score has a stroke.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfiltfilt

from engine.dsp.arrays import Array, Audio
from train.judge import content
from train.judge.hats import LOWEST_HZ

_WITHIN_S = 0.05  # as of content.onset_scores


def heard(strokes_s: Array, sound: Audio, rate: int) -> Array:
    """Which strokes of kick and snare begin something in a sound, booleans, (strokes,).

    What is above 6 kHz, where hats are, is not heard.

    Args:
        strokes_s: when they are played, seconds, (strokes,); of a composed track
            :func:`train.compose.library.kick_and_snare_s`.
        sound: (channels, samples).
        rate: its sample rate, hertz.
    """
    low = sosfiltfilt(butter(4, LOWEST_HZ, "lowpass", fs=rate, output="sos"), sound, axis=-1)
    onsets = content.onsets_s(content.mono(low, rate))
    if not len(onsets):
        return np.zeros(len(strokes_s), bool)
    return np.asarray(np.abs(strokes_s[:, None] - onsets[None]).min(axis=1) <= _WITHIN_S)


def kept(before: Array, after: Array) -> float:
    """F of the strokes that a sound has against those that its input has.

    Args:
        before: of the input, as of :func:`heard`.
        after: of what became of it.
    """
    both, total = np.count_nonzero(before & after), np.count_nonzero(before) + after.sum()
    return float(2 * both / total) if total else 1.0
