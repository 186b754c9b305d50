"""What a streaming generator is told of each column, and what it answers: shared by training and
engine, so that both mean the same.

Column c of a stream is centred at sample ``round(c · hop)``, from the stream's first sample on, and
never restarts. When it has been heard to its end, the generator is told

* the column itself, at the generator's level,
* ``MEMORY`` columns around the place that is due next, as they were one phrase ago,
* where in beat, bar and phrase that place is, and whether all this is known,

and answers gains and noise of the columns that come ``LEADS`` after it. Column c is heard by the
answer given ``LEADS[0]`` columns before; answers from farther back are there for the case that this
one is late.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.level import GATE, RANGE_DB
from engine.dsp.tempo import Tempo

LEADS = (4, 5, 6, 7, 8, 9, 10)
"""Columns from the newest that was heard to those that are answered for."""
MEMORY = (-2, 0, 2, 5, 9)
"""Columns around the one that is due first, of which a generator is told what was a phrase ago."""
QUIET_DB = -60.0
"""Of noise that is none: below the floor of the images."""
ENTRY_DB = 40.0
"""dB of one unit of a network's output, half the range of an image."""
LEVEL_S = 5.0
"""Of the feed whose loudness decides the level that a generator sees."""
_TURNS = 3  # beat, bar, phrase
KNOWN = 2 * _TURNS  # place of the number that says whether there is a clock, behind the turns


def columns_needed(receptive: int, hop_s: float) -> int:
    """Columns, beside a phrase, after which an answer is as if the stream had always been heard.

    Args:
        receptive: columns before the newest that the generator's answer depends on.
        hop_s: between columns, seconds.
    """
    return receptive + round(LEVEL_S / hop_s) + MEMORY[-1] + LEADS[-1]


def input_size(bands: int) -> int:
    """Numbers that describe one column."""
    return (1 + len(MEMORY)) * bands + KNOWN + 1


def answer_size(bands: int) -> int:
    """Numbers of one answer: gains and noise of each lead and band."""
    return 2 * len(LEADS) * bands


def describe(column: Array, memory: Array | None, place: Array) -> Array:
    """The numbers that describe one column.

    Args:
        column: image values of the newest column, −1 … 1, (bands,).
        memory: image values a phrase ago, (len(MEMORY), bands), or None without a clock.
        place: of the column that is due first, see :func:`turns`; without a clock unused.

    Returns:
        (input_size(bands),) float32; without a clock all but the column is 0.
    """
    out = np.zeros(input_size(len(column)), np.float32)
    out[: len(column)] = column
    if memory is not None:
        out[len(column) : -KNOWN - 1] = memory.ravel()
        out[-KNOWN - 1 :] = place
    return out


def turns(seconds: Array, tempo: Tempo) -> Array:
    """Where in beat, bar and phrase: cosines and sines, and 1, for there is a clock.

    Args:
        seconds: since a downbeat at which a phrase began, (…).
        tempo: of the music.

    Returns:
        (…, KNOWN + 1) float32.
    """
    lengths_s = np.array([tempo.beat_s, tempo.bar_s, tempo.phrase_s])
    angles = (2.0 * math.pi) * (seconds[..., None] / lengths_s)
    found = np.ones((*seconds.shape, KNOWN + 1), np.float32)
    found[..., 0:KNOWN:2], found[..., 1:KNOWN:2] = np.cos(angles), np.sin(angles)
    return found


class StreamLevel:
    """The gain that brings a feed to the loudness of training, from a finite window.

    A finite one, so that it is the same after a restart as if there had been none.

    Args:
        target_db: mean power of the training material, dB re full scale.
        hop_s: time between columns, seconds.
    """

    def __init__(self, target_db: float, hop_s: float) -> None:
        self._target_db = target_db
        self._width = round(LEVEL_S / hop_s)
        self._levels: deque[float] = deque()
        self._loud: deque[float] = deque()  # those of them that are no silence

    def push(self, level: float) -> float:
        """Hear the next column's mean square; the gain for it, dB, within ±24."""
        if len(self._levels) == self._width and self._levels.popleft() > GATE:
            self._loud.popleft()
        self._levels.append(level)
        if level > GATE:
            self._loud.append(level)
        if not self._loud:
            return 0.0
        gain = self._target_db - 10.0 * math.log10(math.fsum(self._loud) / len(self._loud))
        return min(max(gain, -RANGE_DB), RANGE_DB)


def stream_gains_db(levels: Array, target_db: float, hop_s: float) -> Array:
    """What :class:`StreamLevel` says of all columns of a track.

    Args:
        levels: mean square of each column, (columns,), full scale 1.
        target_db: mean power of the training material, dB re full scale.
        hop_s: time between columns, seconds.

    Returns:
        Gains, dB within ±24, (columns,).
    """
    width = round(LEVEL_S / hop_s)
    loud = np.where(levels > GATE, levels, 0.0).astype(np.float64)
    power, count = (np.concatenate([[0.0], np.cumsum(x)]) for x in (loud, loud > 0))
    last = np.arange(1, len(levels) + 1)
    first = np.maximum(0, last - width)
    number = count[last] - count[first]
    mean = (power[last] - power[first]) / np.maximum(number, 1.0)
    gain = target_db - 10.0 * np.log10(np.maximum(mean, GATE))
    return np.where(number > 0, np.clip(gain, -RANGE_DB, RANGE_DB), 0.0)
