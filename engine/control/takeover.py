"""Soft takeover: a knob that stands elsewhere does not make its parameter jump.

A value is far when it is more than 3/128 from the parameter. The first value says only where the
knob is. A far value is ignored while the one before was far on the same side, or when it comes
after a rest, for then the knob may have come from anywhere; a fast sweep over the parameter is
taken.
"""

from __future__ import annotations

from typing import Literal

Takeover = Literal["none", "pick-up", "scaling"]
NEAR = 3.0 / 128.0
_REST_S = 0.05


class SoftTakeover:
    """One control's way to its parameter.

    Args:
        mode: ``none`` takes every value; ``pick-up`` waits until the two meet; ``scaling`` moves
            the parameter at once, by the share of the way that the knob has left.

    Attributes:
        waits: where the knob stands while it waits to be moved to its parameter; else None.
    """

    def __init__(self, mode: Takeover = "pick-up") -> None:
        self._mode = mode
        self.rearm()

    def rearm(self) -> None:
        """Forget where the knob stands: it was away, or another parameter is there now."""
        self._before: float | None = None
        self.waits: float | None = None
        self._before_s = 0.0

    def take(self, value: float, parameter: float, time_s: float) -> float | None:
        """A value of the knob.

        Args:
            value: where the knob stands, 0 … 1.
            parameter: where the parameter stands, 0 … 1.
            time_s: when, of any monotonic clock.

        Returns:
            Where the parameter is to go; None to leave it where it is.
        """
        to = self._take(value, parameter, time_s)
        self.waits = value if to is None and self._mode == "pick-up" else None
        return to

    def _take(self, value: float, parameter: float, time_s: float) -> float | None:
        before, rested = self._before, time_s - self._before_s > _REST_S
        self._before, self._before_s = value, time_s
        if self._mode == "none":
            return value
        off = value - parameter
        if abs(off) <= NEAR:
            return value if before is not None else None
        if before is None:
            return None
        if self._mode == "scaling":
            return _scaled(before, value, parameter)
        was = before - parameter
        if rested or (abs(was) > NEAR and (was > 0) == (off > 0)):
            return None
        return value


def _scaled(before: float, value: float, parameter: float) -> float:
    """The knob's step, as a share of what it has left, of what the parameter has left."""
    if value == before:
        return parameter
    knob_left, left = (1.0 - before, 1.0 - parameter) if value > before else (before, parameter)
    return parameter + (value - before) * left / max(knob_left, 1e-9)
