"""Gains from a generator that answers column by column.

Column c is heard by the answer that was given ``LEADS[0]`` columns before. One that is there
earlier waits; where it is not there in time, an answer from farther back is heard, then what was
heard a phrase ago, then the last gain, then the feed itself. What was decided for a column stays.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.dsp.answers import Answers
from engine.dsp.arrays import Array, Audio
from engine.dsp.frontend import Analyser
from engine.dsp.gain import MAX_GAIN_DB, MIN_GAIN_DB, Quality
from engine.dsp.stream_columns import Described, StreamColumns
from engine.dsp.streaming import LEADS
from engine.dsp.tempo import Tempo
from engine.stages.fade import HOLD_S, Fade
from engine.stages.gain_source import Decided, Decisions, GainSource
from engine.stages.inference import Answered, Inference, Result, StreamGenerator
from engine.stages.readings import Reading, Tap

_Part = Audio | tuple[Tempo | None]
"""What happens in the order of the feed: sound, or another tempo."""
A_PHRASE_AGO, NOTHING = len(LEADS), len(LEADS) + 1
"""What a column is heard by where no answer is there, beside the numbers of the leads."""


@dataclass(frozen=True)
class ColumnPair:
    """Gains of two columns in a row, as the renderer reads them.

    Attributes:
        gain_db: (2, n_mels).
        noise: variance a sample and band, (2, n_mels), or None.
        level: mean square of the feed, (2,).
        newest: sample around which the newest column lies that the gains know of.
    """

    gain_db: Array
    noise: Array | None
    level: Array
    newest: float
    generated_db: None = None


@dataclass(frozen=True)
class _Heard:
    """What a column is heard by."""

    by: int
    gain: Array
    noise: Array | None
    level: float
    answered: int


class StreamGains(GainSource):
    """See :class:`engine.stages.gain_source.GainSource`.

    Args:
        generator: the network.
        inference: who runs it.
        analyser: the front end at the device's rate.
        hop: samples between readings.
        tempo: tempo and downbeat; None without a clock.
        channels: number of channels.
        noise_branch: whether noise is rendered.
        origin: place of the first sample in its stream, see :class:`engine.dsp.stream_columns.
            StreamColumns`.
        tell: told when columns come to be heard by another answer than the one meant for them, and
            when by that one again.
        decided: for a take: what was told so then, and is done again.
    """

    def __init__(
        self,
        generator: StreamGenerator,
        inference: Inference,
        analyser: Analyser,
        hop: int,
        tempo: Tempo | None,
        channels: int,
        noise_branch: bool,
        origin: int = 0,
        tell: Decided = lambda column, by: None,
        decided: Decisions | None = None,
    ) -> None:
        self._generator, self._inference, self._analyser = generator, inference, analyser
        self._origin, self._noise_branch = origin, noise_branch
        self._tell, self._by = tell, 0
        self._led = None if decided is None else deque(decided)
        self._listening = StreamColumns(analyser, channels, generator.level_db, tempo, origin)
        self._answers = Answers(analyser.spec.n_mels)
        self._network = _Network(generator, analyser, noise_branch)
        self._tempo, self._changed = tempo, -(1 << 62)
        self._unheard: list[_Part] = []
        self._received = self.late = 0
        self._due = self._listening.end_of_column(0)
        self._fade = Fade(analyser.rate, hop, tempo)
        self._pair: tuple[int, ColumnPair | None, Quality] = (-(1 << 62), None, Quality.DRY)
        self._columns: dict[int, _Heard | None] = {}
        self._last: Tap | None = None
        self._known_until = 0.0
        self._first: int | None = None  # column that was answered first, since it is listened to
        self._share: Counter[Quality] = Counter({quality: 0 for quality in Quality})

    @property
    def share(self) -> Counter[Quality]:
        """See :class:`GainSource`."""
        return self._share

    def read(self, block: Audio, instant: int, heard: bool) -> Reading:
        """See :meth:`GainSource.read`."""
        self._take(block)
        self._infer(self._answer)
        quality, tap = self._tap(instant)
        wet = self._fade.follow(instant, quality is not Quality.DRY, self._last is not None)
        if tap is not None:
            self._last = tap
        reading = Reading(self._last, None, 1.0, wet, quality if wet > 0 else Quality.DRY)
        if instant >= 0 and heard:
            self._share[reading.quality] += 1
        return reading

    def hear(self, block: Audio) -> None:
        """See :meth:`GainSource.hear`."""
        self._take(block)
        self._fade.forget()
        self._columns.clear()
        self._pair, self._last, self._first = (-(1 << 62), None, Quality.DRY), None, None
        self._infer(self._listen)

    def follow(self, tempo: Tempo, known: bool) -> None:
        """See :meth:`GainSource.follow`. Columns that are complete from now on are told of it."""
        now = tempo if known else None
        if now == self._tempo:
            return
        self._unheard.append((now,))
        self._tempo = now
        self._changed = round((self._received + self._origin) / self._analyser.hop)
        self._fade.tempo = now

    def _take(self, block: Audio) -> None:
        self._received += block.shape[-1]
        self._unheard.append(block)
        found = self._inference.collect(self._received)
        for answer in found if isinstance(found, tuple) else ():
            self._answers.publish(answer.column, answer.gain_db, answer.noise, answer.level)
            self._first = answer.column if self._first is None else self._first

    def _infer(self, job: Callable[[Sequence[_Part]], Result]) -> None:
        """Once there is a new column, give what was heard since the last one to a job."""
        if self._received >= self._due and self._inference.idle():
            parts, self._unheard = self._unheard, []
            self._inference.submit(lambda: job(parts), self._received)
            self._due = self._listening.end_of_column(self._received)

    def _listen(self, parts: Sequence[_Part]) -> list[Described]:
        """What new columns are, in the order of feed and clock; kept for a network that wakes."""
        described: list[Described] = []
        for part in parts:
            if isinstance(part, tuple):
                self._listening.follow(*part)
            else:
                described += self._listening.hear(part)
        self._network.keep(described)
        return described

    def _answer(self, parts: Sequence[_Part]) -> tuple[Answered, ...]:
        return self._network.answer(self._listen(parts))

    def _tap(self, instant: int) -> tuple[Quality, Tap | None]:
        """Between which columns an instant lies, and how well they are known."""
        place = (instant + self._origin) / self._analyser.hop
        left = int(np.floor(place))
        if left != self._pair[0] or self._pair[1] is None:
            pair, quality = self._pair_at(left)
            self._pair = left, pair, quality
        _, pair, quality = self._pair
        if pair is None:
            is_held = self._last is not None and instant < self._known_until
            return (Quality.HELD if is_held else Quality.DRY), None
        self._known_until = instant + HOLD_S * self._analyser.rate
        return quality, Tap(pair, 0, 1, place - left)

    def _pair_at(self, left: int) -> tuple[ColumnPair | None, Quality]:
        one, other = (self._decided(number) for number in (left, left + 1))
        known = [column for column in (one, other) if column is not None]
        for number in [number for number in self._columns if number < left]:
            del self._columns[number]
        if not known:
            return None, Quality.DRY
        both = one or known[0], other or known[-1]
        noise = None
        if any(column.noise is not None for column in both):
            silent = np.zeros_like(both[0].gain)
            noise = np.stack([silent if c.noise is None else c.noise for c in both])
        is_fresh = len(known) == 2 and not any(column.by for column in known)
        pair = ColumnPair(
            np.stack([column.gain for column in both]),
            noise,
            np.array([column.level for column in both], np.float32),
            round(max(c.answered for c in both) * self._analyser.hop) - self._origin,
        )
        return pair, Quality.FRESH if is_fresh else Quality.PREDICTED

    def _decided(self, number: int) -> _Heard | None:
        """What a column is heard by: decided when it is first needed."""
        if number not in self._columns:
            found = self._choose(number)
            self._columns[number] = found
            by = NOTHING if found is None else found.by
            awaited = self._first is not None and number >= self._first + LEADS[0]
            self.late += by > 0 and awaited
            if by != self._by:
                self._by = by
                self._tell(number, by)
        return self._columns[number]

    def _choose(self, number: int) -> _Heard | None:
        while self._led and self._led[0][0] <= number:
            self._by = self._led.popleft()[1]
        forced = None if self._led is None else self._by
        for lead in range(len(LEADS)) if forced is None else (forced,):
            if lead < len(LEADS) and self._answers.has(number, lead):
                return _Heard(lead, *self._answers.of(number, lead), number - LEADS[lead])
        if self._tempo is None or forced not in (None, A_PHRASE_AGO):
            return None
        ago = number - round(self._tempo.phrase_s / self._analyser.spec.hop_s)
        if ago <= self._changed or not self._answers.has(ago, 0):
            return None
        return _Heard(A_PHRASE_AGO, *self._answers.of(ago, 0), ago - LEADS[0])


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
