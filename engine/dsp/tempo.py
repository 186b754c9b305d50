"""Musical time: a steady tempo and where its phrases of four bars begin."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

from engine.errors import UsageError

MIN_BPM, MAX_BPM = 20.0, 300.0
_MOST_S = 1e8  # three years; far beyond it, phrases are shorter than a float can tell apart
BEATS_PER_BAR = 4  # where nothing else is said
MIN_BEATS, MAX_BEATS = 2, 12
WIDTH_STEP = 8  # image widths come in buckets, so that few shapes have to be warmed


@dataclass(frozen=True)
class Tempo:
    """Beats per minute and the time of a downbeat.

    The window of four downbeats (Vande Veire et al. 2019, section 2.1) is one ``phrase``.
    Phrase k begins ``downbeat_s + k * phrase_s`` seconds into the feed, k may be negative.

    A beat is what ``bpm`` counts, a quarter note of a MIDI clock.

    Raises:
        UsageError: the tempo is outside 20–300 BPM, the downbeat beyond ±1e8 s, or a bar has fewer
            than 2 or more than 12 beats.
    """

    bpm: float
    downbeat_s: float = 0.0
    beats_per_bar: int = BEATS_PER_BAR
    bars: int = 4

    def __post_init__(self) -> None:
        if not MIN_BPM <= self.bpm <= MAX_BPM:
            raise UsageError(
                "tempo",
                f"{self.bpm:g} BPM",
                expected=f"{MIN_BPM:g} to {MAX_BPM:g} BPM",
                cure="Give the tempo of the music with --bpm.",
            )
        if not abs(self.downbeat_s) <= _MOST_S:
            raise UsageError(
                "downbeat",
                f"{self.downbeat_s:g} s",
                expected=f"within ±{_MOST_S:g} s",
                cure="Give the time of any downbeat with --downbeat.",
            )
        if not (MIN_BEATS <= self.beats_per_bar <= MAX_BEATS and self.beats_per_bar % 1 == 0):
            raise UsageError(
                "beats per bar",
                f"{self.beats_per_bar}",
                expected=f"a whole number from {MIN_BEATS} to {MAX_BEATS}",
                cure="Give the beats of a bar with --beats-per-bar: 3 for a waltz.",
            )

    @property
    def beat_s(self) -> float:
        """Length of a beat in seconds."""
        return 60.0 / self.bpm

    @property
    def bar_s(self) -> float:
        """Length of a bar in seconds."""
        return self.beats_per_bar * self.beat_s

    @property
    def phrase_s(self) -> float:
        """Length of the window in seconds: 5.486 s at 175 BPM."""
        return self.bars * self.bar_s

    def later(self, by_s: float) -> Self:
        """The same bars, on a time line on which everything is so much later, seconds."""
        return replace(self, downbeat_s=self.downbeat_s + by_s)

    def changed(self, bpm: float, at_s: float) -> Tempo:
        """Another tempo from a time on: the place in the phrase there is the same in both."""
        place = (at_s - self.downbeat_s) / self.phrase_s
        other = replace(self, bpm=bpm)
        return replace(other, downbeat_s=at_s - place * other.phrase_s)

    def phrase_at(self, time_s: float) -> int:
        """Number of the phrase that holds a time."""
        return math.floor((time_s - self.downbeat_s) / self.phrase_s)

    def phrase_start(self, phrase: int) -> float:
        """Time at which a phrase begins, seconds."""
        return self.downbeat_s + phrase * self.phrase_s

    def beats_at(self, time_s: float) -> float:
        """Beats since ``downbeat_s``."""
        return (time_s - self.downbeat_s) / self.beat_s

    def bar_at(self, time_s: float) -> int:
        """Number of the bar that holds a time, counted from ``downbeat_s``."""
        return math.floor((time_s - self.downbeat_s) / self.bar_s)


def bucket(columns: float) -> int:
    """Image width for a phrase of so many columns: the next multiple of 8 that holds it."""
    return WIDTH_STEP * math.ceil(math.ceil(columns) / WIDTH_STEP)
