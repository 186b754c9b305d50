"""Clips of a track from anywhere, neither aligned nor stretched.

Young, Broido & Ayumba, "Multi-instrumental genre transfer using CycleGAN": clips of 4 s of whole
songs, because sections and tempi differ too much from genre to genre to be brought together. A clip
takes the place of a segment's four bars, at the tempo at which it is as long as these.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.tempo import Tempo

_QUIET_DB = 30.0  # below the mean power of the track: a pause
_TRIES = 20  # places a clip


def clip_bpm(seconds: float) -> float:
    """The tempo at which four bars of four beats are so long, BPM."""
    return 16 * 60.0 / seconds


def choose_clips(
    sound: Array, rate: float, seconds: float, count: int, rng: np.random.Generator
) -> list[float]:
    """Times at which clips begin, seconds, in order. No two overlap, and none is a pause; fewer
    than ``count`` where there is no room for more.

    Args:
        sound: of the track, mono, (samples,).
        rate: hertz.
        seconds: length of a clip.
        count: how many are wanted.
        rng: of the places.
    """
    length = round(seconds * rate)
    if len(sound) < length:
        return []
    power = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64))])
    least = power[-1] / len(sound) * 10 ** (-_QUIET_DB / 10) * length
    chosen: list[int] = []
    for _ in range(_TRIES * count):
        if len(chosen) == count:
            break
        first = int(rng.integers(0, len(sound) - length + 1))
        apart = all(abs(first - other) >= length for other in chosen)
        if apart and power[first + length] - power[first] > least:
            chosen.append(first)
    return [first / rate for first in sorted(chosen)]


def tempo_of_clips(seconds: float, starts_s: list[float]) -> Tempo:
    """A tempo at which the first clip is four bars."""
    return Tempo(clip_bpm(seconds), starts_s[0])
