"""Musical time where the tempo drifts: tempi one after the other, each from a phrase on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.tempo import BEATS_PER_BAR, Tempo

_SAME_S = 0.005  # phrases that begin this near to where they are expected need no other tempo


@dataclass(frozen=True)
class TempoMap:
    """A tempo, and those that follow.

    Attributes:
        first: of the beginning.
        changes: in order; each holds from its ``downbeat_s`` on, which is the end of a phrase of
            the one before.
    """

    first: Tempo
    changes: tuple[Tempo, ...] = ()

    @classmethod
    def through(
        cls, times_s: Array, beats: Array, seconds: float, beats_per_bar: int = BEATS_PER_BAR
    ) -> TempoMap:
        """The map in which a phrase begins at every so many beats, its tempo that of its length.

        Args:
            times_s: times of known beats, (n,), rising, seconds.
            beats: the beats that fall on them, (n,), rising; between them beats go on evenly,
                before and after them at the nearest pace. Beat 0 begins a phrase.
            seconds: how far it reaches.
            beats_per_bar: of all its tempi.
        """
        phrase = Tempo(120.0, beats_per_bar=beats_per_bar)
        length = phrase.beats_per_bar * phrase.bars
        ends = _on(np.array([0.0, seconds]), times_s, beats)
        numbers = np.arange(np.floor(ends[0] / length), np.ceil(ends[1] / length) + 1)
        starts = _on(numbers * length, beats, times_s)
        tempi, first = [], 0
        while first + 1 < len(starts):
            count, phrase_s = _even(starts[first:])
            bpm = 60.0 * length / phrase_s
            tempi.append(replace(phrase, bpm=bpm, downbeat_s=float(starts[first])))
            first += count
        return cls(tempi[0], tuple(tempi[1:]))

    @classmethod
    def of(cls, tempo: Tempo | TempoMap) -> TempoMap:
        """A map as it is, or that of a tempo that stays."""
        return tempo if isinstance(tempo, TempoMap) else cls(tempo)

    @property
    def tempi(self) -> tuple[Tempo, ...]:
        """All of them, in order."""
        return self.first, *self.changes

    @property
    def bpm_range(self) -> tuple[float, float]:
        """The slowest and the fastest tempo."""
        bpm = [tempo.bpm for tempo in self.tempi]
        return min(bpm), max(bpm)

    def at(self, time_s: float) -> Tempo:
        """The tempo that holds at a time."""
        begun = [tempo for tempo in self.changes if tempo.downbeat_s <= time_s]
        return begun[-1] if begun else self.first

    def downbeats(self, seconds: float) -> Iterator[tuple[float, bool]]:
        """Times of the downbeats from 0 to ``seconds``, and whether a phrase begins there."""
        ends = [tempo.downbeat_s for tempo in self.changes] + [seconds]
        begins = 0.0
        for tempo, end in zip(self.tempi, ends, strict=True):
            bar = tempo.bar_at(begins + 0.5 * tempo.beat_s)
            while (time_s := tempo.downbeat_s + bar * tempo.bar_s) < end - 0.5 * tempo.beat_s:
                if time_s >= 0.0:
                    yield time_s, bar % tempo.bars == 0
                bar += 1
            begins = end


def _even(starts: Array) -> tuple[int, float]:
    """How many phrases from the first one on may be of one length, and which, seconds."""
    low, high, count = 0.0, np.inf, 0
    for n, start in enumerate(starts[1:], 1):
        least, most = ((start - starts[0] + by) / n for by in (-_SAME_S, _SAME_S))
        if max(low, least) > min(high, most):
            break
        low, high, count = max(low, least), min(high, most), n
    return count, float(0.5 * (low + high))


def _on(x: Array, xs: Array, ys: Array) -> Array:
    """Linear interpolation that goes on beyond both ends as it does there."""
    inside = np.interp(x, xs, ys)
    before = ys[0] + (x - xs[0]) * (ys[1] - ys[0]) / (xs[1] - xs[0])
    after = ys[-1] + (x - xs[-1]) * (ys[-1] - ys[-2]) / (xs[-1] - xs[-2])
    return np.asarray(np.where(x < xs[0], before, np.where(x > xs[-1], after, inside)))
