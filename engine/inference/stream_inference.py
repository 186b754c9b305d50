"""A generator that answers column by column: each column of the feed, and the answer to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.frontend import Analyser
from engine.dsp.gain import MAX_GAIN_DB, MIN_GAIN_DB
from engine.dsp.published import Publisher
from engine.dsp.stream_columns import Described, StreamColumns
from engine.dsp.tempo import Tempo
from engine.inference.jobs import Answered, Awaited, Executor, Result, StreamGenerator
from engine.inference.slot_inference import SlotInference

_UNHEARD = 8  # columns at a time that a network which is not asked for answers is told of


class StreamInference(SlotInference):
    """See :class:`engine.inference.slot_inference.SlotInference`.

    Args:
        generator: the network.
        inference: who runs it.
        publisher: takes its answers.
        columns: of the feed, at the generator's level; slots of one feed may share them.
        analyser: the front end at the device's rate.
        channels: number of channels.
        noise_branch: whether noise is rendered.
        edge: whether no clock is ever used.
        when: gives the sample from which on an answer may be read, by the one at which its column
            was complete and the one of now.
    """

    def __init__(
        self,
        generator: StreamGenerator,
        inference: Executor,
        publisher: Publisher,
        columns: StreamColumns,
        analyser: Analyser,
        channels: int,
        noise_branch: bool,
        edge: bool = False,
        when: Callable[[int, int], int] = lambda heard, now: now,
    ) -> None:
        self._inference, self._publisher, self._edge = inference, publisher, edge
        self._columns = columns
        self._network = _Network(generator, analyser, noise_branch)
        self._pending: list[tuple[Described, int]] = []
        self._nothing = np.zeros((channels, 0), np.float32)
        self._received = 0
        self._answers, self._when = False, when
        publisher.answers_from(None)

    @property
    def due(self) -> int:
        """See :attr:`SlotInference.due`."""
        return self._columns.end_of_column(self._received)

    def hear(self, block: Audio, runs: bool) -> None:
        """See :meth:`SlotInference.hear`."""
        if block.shape[-1]:
            self._received += block.shape[-1]
            self._pending += [(column, self._received) for column in self._columns.hear(block)]
        self._publish(self._inference.collect(self._received))
        if not runs and self._answers:
            self._answers = False
            self._publisher.answers_from(None)
        if len(self._pending) >= (1 if runs else _UNHEARD) and self._inference.idle():
            columns, self._pending = self._pending, []
            self._inference.submit(lambda: self._network.take(columns, runs), self._received)

    def finish(self, inference: Awaited) -> None:
        """Answer to all columns that were heard, before anybody listens; for files."""
        while self._pending or inference.works:
            inference.wait()
            self.hear(self._nothing, True)

    def follow(self, tempo: Tempo, known: bool) -> None:
        """See :meth:`SlotInference.follow`. Columns that end from now on are told of it."""
        self._columns.follow(tempo if known and not self._edge else None)

    def _publish(self, found: Result | None) -> None:
        for one in found if isinstance(found, tuple) else ():
            if not self._answers:
                self._answers = True
                self._publisher.answers_from(one.column)
            if not self._publisher.has(one.column):  # the one before a restart was the same
                answer = one.column, one.gain_db, one.noise, one.level
                self._publisher.answer(*answer, self._when(one.heard, self._received))


class _Network:
    """The generator and its state, run where inference runs."""

    def __init__(self, generator: StreamGenerator, analyser: Analyser, noise_branch: bool) -> None:
        self._generator, self._noise_branch = generator, noise_branch
        self._floor_db = analyser.spec.floor_db
        audible = analyser.noise_gain > 0
        self._per_band = np.zeros_like(analyser.noise_gain)
        self._per_band[audible] = 1.0 / analyser.noise_gain[audible]
        self._state: Array | None = None
        self._newest: int | None = None
        self._past: deque[tuple[Described, int]] = deque(maxlen=generator.receptive + 1)

    def take(
        self, columns: Sequence[tuple[Described, int]], runs: bool
    ) -> tuple[Answered, ...] | None:
        """New columns, each with the sample up to which the feed was there: remembered for a
        network that wakes, and answered, one call each, the newest of as many as an answer depends
        on.

        A state that is not that of the column before is made anew from the columns that are kept:
        it is the same then as if it had never been lost.
        """
        self._past.extend(columns)
        if not runs:
            return None
        answers, some = [], list(columns)[-self._generator.receptive - 1 :]
        if self._state is None or self._newest != some[0][0].number - 1:
            self._state, some = self._generator.begin(), list(self._past)
        for column, heard in some:
            values, self._state = self._generator.answer(column.given, self._state)
            self._newest = column.number
            answers.append(self._answered(column, values, heard))
        return tuple(answers)

    def _answered(self, column: Described, values: Array, heard: int) -> Answered:
        gain = np.clip(values[0], MIN_GAIN_DB, MAX_GAIN_DB)
        noise = None
        if self._noise_branch and (loud := values[1] > self._floor_db).any():
            power = 10.0 ** ((values[1] - column.gain_db) / 10.0) * self._per_band
            noise = np.where(loud, power, 0.0).astype(np.float32)
        return Answered(column.number, gain, noise, column.level, heard)
