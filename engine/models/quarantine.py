"""A slot whose generator hangs or fails twice plays dry until the program is started again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

_MOST = 2


class Quarantine:
    """Of one slot, for as long as the program runs.

    Args:
        told: why the slot is out, once it is.

    Attributes:
        reason: why it is out; empty while it is not.
    """

    def __init__(self, told: Callable[[str], None] = lambda reason: None) -> None:
        self._told, self._faults = told, 0
        self.reason = ""

    @property
    def is_out(self) -> bool:
        """Whether the generator is not asked any more."""
        return bool(self.reason)

    def failed(self, why: str, for_good: bool = False) -> None:
        """An inference failed.

        Args:
            why: in words.
            for_good: whether that is enough: it still runs, and cannot be ended.
        """
        self._faults += 1
        if self.is_out or (self._faults < _MOST and not for_good):
            return
        times = "" if self._faults == 1 else f", {self._faults} times"
        self.reason = f"its generator {why}{times}"
        self._told(self.reason)


def quarantines(slots: int, told: Callable[[int, str], None]) -> list[Quarantine]:
    """One a slot.

    Args:
        slots: how many.
        told: which slot is out, from 0, and why, once it is.
    """
    return [Quarantine(partial(told, slot)) for slot in range(slots)]


def dry(slot: int, why: str) -> str:
    """What is said of a slot that plays dry."""
    return f"slot {slot + 1} plays dry: {why}"
