"""When a slot that was called is heard: now, or at the next beat, bar or phrase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.dsp.tempo import Tempo

Quantise = Literal["now", "beat", "bar", "phrase"]
_JUST = 0.02  # beats: who presses this little after the beat meant it


@dataclass(frozen=True)
class Pending:
    """A slot that has been called.

    Attributes:
        slot: its number, from 0.
        at_s: when it is heard; None for at once.
    """

    slot: int
    at_s: float | None


class Switching:
    """One slot is heard, another may be called.

    Args:
        slots: how many there are.
        quantise: to what.

    Attributes:
        active: the slot that is heard.
        pending: the one that was called, or None.
    """

    def __init__(self, slots: int, quantise: Quantise = "bar", active: int = 0) -> None:
        self.slots, self.quantise, self.active = slots, quantise, active
        self.pending: Pending | None = None

    def call(self, slot: int, now_s: float, tempo: Tempo) -> Pending | None:
        """Call a slot; a second press of the same one makes it immediate, the active one cancels.

        Returns:
            What is pending now.
        """
        if not 0 <= slot < self.slots:
            return self.pending
        if slot == self.active:
            self.pending = None
        elif self.quantise == "now" or (self.pending and self.pending.slot == slot):
            self.pending = Pending(slot, None)
        else:
            self.pending = Pending(slot, next_s(self.quantise, now_s, tempo))
        return self.pending

    def step(self, by: int, now_s: float, tempo: Tempo) -> Pending | None:
        """Call the slot so many after the one that was called last."""
        at = self.pending.slot if self.pending else self.active
        return self.call((at + by) % self.slots, now_s, tempo)

    def cancel(self) -> None:
        """Nothing was called."""
        self.pending = None

    def retime(self, now_s: float, tempo: Tempo) -> Pending | None:
        """The tempo has changed: a slot that is not yet heard falls on the same beat as before."""
        if self.pending and self.pending.at_s is not None and self.pending.at_s > now_s:
            at_s = next_s(self.quantise, now_s, tempo)
            self.pending = Pending(self.pending.slot, at_s)
        return self.pending

    def heard(self, slot: int) -> None:
        """The engine has begun to play a slot."""
        self.active = slot
        if self.pending and self.pending.slot == slot:
            self.pending = None

    def countdown(self, now_s: float, tempo: Tempo) -> float:
        """Beats until the called slot is heard; 0 where none is pending."""
        if self.pending is None or self.pending.at_s is None:
            return 0.0
        return max(0.0, (self.pending.at_s - now_s) / tempo.beat_s)


def next_s(quantise: Quantise, now_s: float, tempo: Tempo) -> float:
    """The next beat, bar or phrase after a time."""
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
