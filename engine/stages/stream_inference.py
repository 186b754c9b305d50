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
from engine.stages.inference import Answered, Inference, Result, StreamGenerator
from engine.stages.slot_inference import Part, SlotInference


class StreamInference(SlotInference):
    """See :class:`engine.stages.slot_inference.SlotInference`.

    Args:
        generator: the network.
        inference: who runs it.
        publisher: takes its answers.
        analyser: the front end at the device's rate.
        tempo: tempo and downbeat, counted from the origin; None without a clock.
        channels: number of channels.
        noise_branch: whether noise is rendered.
        origin: place of the first sample in its stream, see :class:`engine.dsp.stream_columns.
            StreamColumns`.
        edge: whether no clock is ever used.
        when: gives the sample from which on an answer may be read that is there now.
    """

    def __init__(
        self,
        generator: StreamGenerator,
        inference: Inference,
        publisher: Publisher,
        analyser: Analyser,
        tempo: Tempo | None,
        channels: int,
        noise_branch: bool,
        origin: int = 0,
        edge: bool = False,
        when: Callable[[int], int] = lambda now: now,
    ) -> None:
        self._inference, self._publisher, self._edge = inference, publisher, edge
        tempo = None if edge else tempo
        self._listening = StreamColumns(analyser, channels, generator.level_db, tempo, origin)
        self._network = _Network(generator, analyser, noise_branch)
        self._tempo, self._unheard = tempo, list[Part]()
        self._received, self._due = 0, self._listening.end_of_column(0)
        self._answers, self._when = False, when
        publisher.answers_from(None)

    def hear(self, block: Audio, runs: bool) -> None:
        """See :meth:`SlotInference.hear`."""
        if block.shape[-1]:
            self._received += block.shape[-1]
            self._unheard.append(block)
        self._publish(self._inference.collect(self._received))
        if not runs and self._answers:
            self._answers = False
            self._publisher.answers_from(None)
        if self._received >= self._due and self._inference.idle():
            parts, self._unheard = self._unheard, []
            job: Callable[[Sequence[Part]], Result] = self._answer if runs else self._listen
            self._inference.submit(lambda: job(parts), self._received)
            self._due = self._listening.end_of_column(self._received)

    def follow(self, tempo: Tempo, known: bool) -> None:
        """See :meth:`SlotInference.follow`. Columns that end from now on are told of it."""
        now = tempo if known and not self._edge else None
        if now != self._tempo:
            self._unheard.append(now)
            self._tempo = now

    def _publish(self, found: Result | None) -> None:
        for one in found if isinstance(found, tuple) else ():
            if not self._answers:
                self._answers = True
                self._publisher.answers_from(one.column)
            if not self._publisher.has(one.column):  # the one before a restart was the same
                answer = one.column, one.gain_db, one.noise, one.level
                self._publisher.answer(*answer, self._when(self._received))

    def _listen(self, parts: Sequence[Part]) -> list[Described]:
        """What new columns are, in the order of feed and clock; kept for a network that wakes."""
        described: list[Described] = []
        for part in parts:
            if part is None or isinstance(part, Tempo):
                self._listening.follow(part)
            else:
                described += self._listening.hear(part)
        self._network.keep(described)
        return described

    def _answer(self, parts: Sequence[Part]) -> tuple[Answered, ...]:
        return self._network.answer(self._listen(parts))


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
        self._past: deque[Described] = deque(maxlen=generator.receptive + 1)

    def keep(self, described: Sequence[Described]) -> None:
        """Remember as many columns as an answer depends on."""
        self._past.extend(described)

    def answer(self, described: Sequence[Described]) -> tuple[Answered, ...]:
        """Answers to columns, one call each, the newest of those that were kept.

        A state that is not that of the column before is made anew from the columns that are kept:
        it is the same then as if it had never been lost.
        """
        if not described:
            return ()
        answers = []
        columns = list(described)[-self._generator.receptive - 1 :]
        if self._state is None or self._newest != columns[0].number - 1:
            self._state, columns = self._generator.begin(), list(self._past)
        for column in columns:
            values, self._state = self._generator.answer(column.given, self._state)
            self._newest = column.number
            answers.append(self._answered(column, values))
        return tuple(answers)

    def _answered(self, column: Described, values: Array) -> Answered:
        gain = np.clip(values[0], MIN_GAIN_DB, MAX_GAIN_DB)
        noise = None
        if self._noise_branch and (loud := values[1] > self._floor_db).any():
            power = 10.0 ** ((values[1] - column.gain_db) / 10.0) * self._per_band
            noise = np.where(loud, power, 0.0).astype(np.float32)
        return Answered(column.number, gain, noise, column.level)
