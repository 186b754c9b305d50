"""A set: songs of parts, each a slot with where the knobs stand, called on the beat like a slot.

Pure: times come in; the slot is called through the switching, and the knobs move when it is heard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from engine.control.mapping import part_of
from engine.control.switching import Quantise, Switching, next_s
from engine.dsp.tempo import Tempo


@dataclass(frozen=True)
class Part:
    """A part of a song.

    Attributes:
        song, name: what they are called.
        first: whether the song begins with it.
        slot: that is heard, from 0; None for the one that is.
        knobs: where those stand that it moves, 0 … 1.
        bpm: tempo of the song, where nobody else knows one.
        quantise: to what it is called; None as the rig says.
        program: bank · 128 + program that calls it; None for none.
        notes: for the performer.
    """

    song: str
    name: str
    first: bool = False
    slot: int | None = None
    knobs: dict[str, float] = field(default_factory=dict)
    bpm: float | None = None
    quantise: Quantise | None = None
    program: int | None = None
    notes: str = ""


@dataclass(frozen=True)
class _Called:
    """A part that was called: its slot, whether that is another than before, when it is due (None
    for at once) by which tempo."""

    number: int
    slot: int
    is_other: bool
    quantise: Quantise
    at_s: float | None
    tempo: Tempo


class Songs:
    """Where a set stands.

    Args:
        parts: of all songs, in order.
        switching: by which slots are called.
        tempo: gives the tempo, by which the next beat, bar or phrase is found.
        turn: puts a knob somewhere.
        hint: told the tempo of a song that begins, and when.
        at: number of the part to begin with, from 0; before the first it is -1.

    Attributes:
        parts: as given.
        at: number of the part that is heard.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        switching: Switching,
        tempo: Callable[[], Tempo],
        turn: Callable[[str, float], None],
        hint: Callable[[float, float], None],
        at: int = -1,
    ) -> None:
        self.parts, self._switching, self._tempo = list(parts), switching, tempo
        self._turn, self._hint = turn, hint
        self.at = min(at, len(self.parts) - 1)
        self._called: _Called | None = None

    @property
    def called(self) -> int | None:
        """Number of the part that comes next; None while none was called."""
        return None if self._called is None else self._called.number

    def call(self, number: int, now_s: float) -> bool:
        """Call a part; a second time, and it comes at once.

        Args:
            number: of the part, from 0; one that is not there changes nothing.
            now_s: when it was called, seconds.

        Returns:
            Whether there is such a part.
        """
        if not 0 <= number < len(self.parts):
            return False
        part, switching, tempo = self.parts[number], self._switching, self._tempo()
        quantise = part.quantise or switching.quantise
        slot = switching.active if part.slot is None else part.slot
        again = self._called is not None and self._called.number == number
        at_s = None if again or quantise == "now" else next_s(quantise, now_s, tempo)
        switching.cancel()
        other = slot != switching.active
        if other:
            switching.call_at(slot, at_s, quantise)
        self._called = _Called(number, slot, other, quantise, at_s, tempo)
        self.tend(now_s)
        return True

    def press(self, target: str, now_s: float) -> str:
        """Do what a button is bound to, see :data:`engine.control.mapping.BUTTONS`; what is wrong
        with it, empty for nothing."""
        part, by = part_of(target), -1 if target.endswith("previous") else 1
        step = self.step_song if target.startswith("song-") else self.step
        found = step(by, now_s) if part is None else self.call(part, now_s)
        return "" if found else "the set has no such part"

    def program(self, number: int, now_s: float) -> bool:
        """Call the part of a program, bank · 128 + program; whether there is one."""
        found = [n for n, part in enumerate(self.parts) if part.program == number]
        return bool(found) and self.call(found[0], now_s)

    def cancel(self) -> None:
        """No part was called."""
        self._called = None

    def step(self, by: int, now_s: float) -> bool:
        """Call the part so many after the one that is heard; see :meth:`call`."""
        return self.call(self.at + by, now_s)

    def step_song(self, by: int, now_s: float) -> bool:
        """Call the beginning of the song so many after the one that is heard; see :meth:`call`."""
        firsts = [n for n, part in enumerate(self.parts) if part.first]
        song = sum(n <= self.at for n in firsts) - 1 + by
        return 0 <= song < len(firsts) and self.call(firsts[song], now_s)

    def tend(self, now_s: float) -> None:
        """The part that was called is taken on once it is due, or given up: another slot was called
        by hand, or none any more."""
        called, switching, tempo = self._called, self._switching, self._tempo()
        if called is None:
            return
        if called.at_s is not None and called.at_s > now_s and tempo != called.tempo:
            at_s = next_s(called.quantise, now_s, tempo)  # the same beat as before
            called = self._called = replace(called, at_s=at_s, tempo=tempo)
        pending = switching.pending
        if pending is not None and called.is_other and pending.slot == called.slot:
            return
        if pending is not None or switching.active != called.slot:
            self._called = None
        elif called.is_other or called.at_s is None or now_s >= called.at_s:
            self._called = None
            self._take(called.number, now_s)

    def _take(self, number: int, now_s: float) -> None:
        part, tempo = self.parts[number], self._tempo()
        before = self.parts[self.at].song if self.at >= 0 else ""
        self.at = number
        for knob, to in part.knobs.items():
            self._turn(knob, to)
        if part.bpm is not None and part.bpm != tempo.bpm and part.song != before:
            self._hint(part.bpm, now_s)
