"""The feed as a streaming generator is told of it: column by column, with the phrase before.

The grid of columns begins with the stream's first sample and never restarts; what is remembered is
found by its musical place. What is said of a column depends on the feed and on the clock of that
moment, not on when it was asked for.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.columns import ColumnStream
from engine.dsp.frontend import Analyser
from engine.dsp.streaming import LEADS, MEMORY, StreamLevel, describe, turns
from engine.dsp.tempo import Tempo

_KEPT = 2048  # columns that are remembered: 23.8 s, four bars at 41 BPM
_SILENT = -1.0
_NEVER = -(1 << 62)  # column of a change of tempo that never was
_Numbers = TypeVar("_Numbers", float, Array)
_LEVELS = 9  # columns, 0.1 s, whose level stands for that of the feed


@dataclass(frozen=True)
class Described:
    """One column, as a generator is told of it.

    Attributes:
        number: of the column in its stream.
        given: see :func:`engine.dsp.streaming.describe`.
        gain_db: that brought the feed to the generator's level.
        level: mean square of the feed over the last tenth of a second.
    """

    number: int
    given: Array
    gain_db: float
    level: float


class StreamColumns:
    """Columns of a stream, for one generator, or for several of one level that hear the same feed.
    Until it is told of a tempo there is no clock.

    Args:
        analyser: front end at the stream's rate.
        channels: number of channels.
        level_db: mean power of the generator's training material, dB re full scale.
        origin: place of the first sample that is heard in its stream; before 0 there was silence.
    """

    def __init__(
        self,
        analyser: Analyser,
        channels: int,
        level_db: float,
        origin: int = 0,
    ) -> None:
        self._analyser, self._origin = analyser, origin
        self._columns = ColumnStream(analyser, channels)
        self._level = StreamLevel(level_db, analyser.spec.hop_s)
        self._tempo: Tempo | None = None
        self._changed = _NEVER
        self._received = 0
        self._next = 0
        if origin > 0:  # the first that lies within what was heard
            self._next = math.ceil((origin + analyser.before) / analyser.hop)
        self._first = self._next
        self._images = np.full((_KEPT, analyser.spec.n_mels), _SILENT, np.float32)
        self._places = np.full(_KEPT, np.nan)
        self._levels = deque([0.0] * _LEVELS, _LEVELS)
        self._block: Audio | None = None
        self._found: list[Described] = []

    def centre(self, number: int) -> int:
        """Sample around which a column lies, counted from the first that was heard."""
        return round(number * self._analyser.hop) - self._origin

    def end_of_column(self, sample: int) -> int:
        """First time after ``sample`` at which a column has been heard to its end."""
        after, hop = self._analyser.after, self._analyser.hop
        number = max(self._first, math.floor((sample - after + self._origin) / hop))
        while self.centre(number) + after <= sample:
            number += 1
        return self.centre(number) + after

    def follow(self, tempo: Tempo | None) -> None:
        """From the next column on the music goes at another tempo; None for an unknown one."""
        if tempo == self._tempo:
            return
        found = self._tempo is None and tempo is not None
        self._tempo, self._changed = tempo, self._next
        if found and tempo is not None:  # what was heard keeps its time
            numbers = self._next - 1 - np.arange(min(_KEPT, self._next - self._first))
            self._places[numbers % _KEPT] = self._place(tempo, numbers)
            self._changed = _NEVER

    def hear(self, block: Audio) -> list[Described]:
        """Hear more, (channels, n): the columns that are complete with it.

        The very same block, given again for another generator, is not heard again.
        """
        if block is not self._block:
            self._block, self._found = block, self._hear(block)
        return self._found

    def _hear(self, block: Audio) -> list[Described]:
        self._columns.push([block])
        self._received += block.shape[-1]
        numbers: list[int] = []
        while self.centre(self._next + len(numbers)) <= self._received - self._analyser.after:
            numbers.append(self._next + len(numbers))
        db, levels = self._columns.take([self.centre(number) for number in numbers])
        pairs = zip(db, levels.tolist(), strict=True)
        return [self._describe(column, level) for column, level in pairs]

    def _describe(self, db: Array, level: float) -> Described:
        number = self._next
        gain_db = self._level.push(level)
        image = self._analyser.spec.normalise(db + np.float32(gain_db)) * 2.0 - 1.0
        self._images[number % _KEPT] = image
        self._levels.append(level)
        tempo, memory, place = self._tempo, None, np.zeros(0, np.float32)
        self._places[number % _KEPT] = np.nan
        if tempo is not None:
            self._places[number % _KEPT] = self._place(tempo, number)
            due = number + LEADS[0]
            memory = self._remembered(tempo, number, due)
            at_s = due * self._analyser.hop / self._analyser.rate - self._start_s(tempo)
            place = turns(np.array(at_s), tempo)
        self._next += 1
        given = describe(image, memory, place)
        return Described(number, given, gain_db, math.fsum(self._levels) / _LEVELS)

    def _start_s(self, tempo: Tempo) -> float:
        """Downbeat of a tempo, which counts from the first sample heard, in the stream's time."""
        return tempo.downbeat_s + self._origin / self._analyser.rate

    def _place(self, tempo: Tempo, numbers: _Numbers) -> _Numbers:
        """Where in the phrase columns lie, 0 … 1."""
        seconds = numbers * (self._analyser.hop / self._analyser.rate) - self._start_s(tempo)
        return (seconds / tempo.phrase_s) % 1.0

    def ago(self, number: int) -> int | None:
        """The column that has the place of this one in the phrase before; None if unknown."""
        tempo = self._tempo
        if tempo is None:
            return None
        period = tempo.phrase_s * self._analyser.rate / self._analyser.hop
        found = round(number - period)
        if found - MEMORY[-1] > self._changed:
            return found
        # The tempo has changed since: the newest column of that place, half a phrase ago or more.
        newest = min(self._next, number - math.ceil(period / 2))
        numbers = newest - np.arange(min(_KEPT, max(0, newest - self._first)))
        places = self._places[numbers % _KEPT]
        off = np.abs((places - self._place(tempo, number) + 0.5) % 1.0 - 0.5)
        off[np.isnan(off)] = 1.0
        near = np.flatnonzero(off <= 1.0 / period)[:2]  # one on either side of the place
        return int(numbers[near[np.argmin(off[near])]]) if len(near) else None

    def _remembered(self, tempo: Tempo, newest: int, due: int) -> Array:
        """Columns around the place that is due, as they were a phrase ago, (MEMORY, bands)."""
        ago = self.ago(due)
        memory = np.full((len(MEMORY), self._images.shape[1]), _SILENT, np.float32)
        if ago is not None:
            oldest = max(self._first, newest - _KEPT + 1)
            for column, offset in zip(memory, MEMORY, strict=True):
                if oldest <= ago + offset <= newest:
                    column[:] = self._images[(ago + offset) % _KEPT]
        return memory
