"""When a slot that was called is heard: now, or at the next beat, bar or phrase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.dsp.tempo import Tempo

Quantise = Literal["now", "beat", "bar", "phrase"]
_HALF = 0.5
_JUST = 0.02  # beats: who presses this little after the beat meant it


@dataclass(frozen=True)
class Pending:
    """A slot that has been called.

    Attributes:
        slot: its number, from 0.
        at_s: when it is heard; None for at once.
        quantise: to what it was called.
    """

    slot: int
    at_s: float | None
    quantise: Quantise = "bar"


class Switching:
    """One slot is heard, another may be called.

    Args:
        slots: how many there are.
        quantise: to what.
        active: the slot to begin with.
        sides: the two slots of the crossfader, A and B; None for none.

    Attributes:
        active: the slot that is heard; of two that are crossed, the one that is nearer.
        pending: the one that was called, or None.
        crossed: where the crossfader holds its two sides, 0 (A) … 1 (B); None while it does not.
    """

    def __init__(
        self,
        slots: int,
        quantise: Quantise = "bar",
        active: int = 0,
        sides: tuple[int, int] | None = None,
    ) -> None:
        self.slots, self.quantise, self.active, self._sides = slots, quantise, active, sides
        self.pending: Pending | None = None
        self.crossed: float | None = None

    @property
    def place(self) -> float | None:
        """Where the crossfader is meant to stand; None while neither of its sides is heard."""
        if self._sides is None or self.active not in self._sides:
            return None
        return float(self._sides.index(self.active)) if self.crossed is None else self.crossed

    def cross(self, place: float) -> None:
        """Move the crossfader, where one of its sides is heard."""
        if self._sides is not None and self.active in self._sides:
            self.crossed, self.active = place, self._sides[place > _HALF]

    def call(self, slot: int, now_s: float, tempo: Tempo) -> Pending | None:
        """Call a slot; a second press of the same one makes it immediate, the active one cancels.

        Args:
            slot: its number, from 0; one that is not there changes nothing.
            now_s: when it was called, seconds.
            tempo: by which the next beat, bar or phrase is found.

        Returns:
            What is pending now.
        """
        if not 0 <= slot < self.slots:
            return self.pending
        if slot == self.active and self.crossed in (None, 0.0, 1.0):
            self.pending = None
        elif self.quantise == "now" or (self.pending and self.pending.slot == slot):
            self.call_at(slot, None, self.quantise)
        else:
            self.call_at(slot, next_s(self.quantise, now_s, tempo), self.quantise)
        return self.pending

    def call_at(self, slot: int, at_s: float | None, quantise: Quantise) -> None:
        """Call a slot for a time.

        Args:
            slot: its number, from 0.
            at_s: when it is heard, seconds; None for at once.
            quantise: of what that is the beginning, should the tempo change before.
        """
        self.pending = Pending(slot, at_s, quantise)

    def step(self, by: int, now_s: float, tempo: Tempo) -> Pending | None:
        """Call the slot so many after the one that was called last.

        Args:
            by: slots to go on, below 0 to go back; behind the last comes the first.
            now_s: when it was called, seconds.
            tempo: see :meth:`call`.

        Returns:
            What is pending now.
        """
        at = self.pending.slot if self.pending else self.active
        return self.call((at + by) % self.slots, now_s, tempo)

    def cancel(self) -> None:
        """Nothing was called."""
        self.pending = None

    def retime(self, now_s: float, tempo: Tempo) -> Pending | None:
        """The tempo has changed: a slot that is not yet heard falls on the same beat as before."""
        if self.pending and self.pending.at_s is not None and self.pending.at_s > now_s:
            quantise = self.pending.quantise
            self.call_at(self.pending.slot, next_s(quantise, now_s, tempo), quantise)
        return self.pending

    def heard(self, slot: int) -> None:
        """The engine has begun to play a slot."""
        self.active, self.crossed = slot, None
        if self.pending and self.pending.slot == slot:
            self.pending = None

    def countdown(self, now_s: float, tempo: Tempo) -> float:
        """Beats until the called slot is heard; 0 where none is pending."""
        if self.pending is None or self.pending.at_s is None:
            return 0.0
        return max(0.0, (self.pending.at_s - now_s) / tempo.beat_s)


def next_s(quantise: Quantise, now_s: float, tempo: Tempo) -> float:
    """The next beat, bar or phrase after a time.

    Args:
        quantise: which of them; ``now`` for the time itself.
        now_s: the time, seconds.
        tempo: of the music; its downbeat is on the same time line.

    Returns:
        Seconds; the one before where that is less than 0.02 beats ago.
    """
    length = {
        "now": 0.0,
        "beat": tempo.beat_s,
        "bar": tempo.bar_s,
        "phrase": tempo.phrase_s,
    }[quantise]
    if not length:
        return now_s
    place = (now_s - tempo.downbeat_s) / length
    whole = place // 1
    if (place - whole) * length < _JUST * tempo.beat_s:
        return tempo.downbeat_s + whole * length
    return tempo.downbeat_s + (whole + 1) * length
