"""When something happened, in samples of the session: the clock of the system and the device's.

The two drift apart, and a device that leaves blocks out is late by them from then on; so they are
compared all the time.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Protocol

from engine.live import board as b


class TimeKeeper(Protocol):
    """Knows where the session is."""

    def look(self) -> None:
        """See where the device is; to be called every few milliseconds."""
        ...

    def session_s(self, time_s: float) -> float | None:
        """A time as seconds since the session began; None before that."""
        ...


_LOOKS_S = 0.33  # of them, by which time a device that has left blocks out is known to be late


class FileTime:
    """Where time is that of the sound itself."""

    def look(self) -> None:
        """There is nothing to see."""

    def session_s(self, time_s: float) -> float:
        """The same."""
        return time_s


class Timeline:
    """Follows the device's callbacks.

    A block that is heard at a callback was captured until then: the sample that is being captured
    at that moment is the one after it. A look comes some time after the callback and never before:
    of many looks, the one that waited least is right.

    Args:
        board: of the stage.
    """

    def __init__(self, board: b.Board) -> None:
        self._board = board
        self._session = -1
        self._offsets: deque[tuple[float, float]] = deque()
        self._offset: float | None = None

    def look(self) -> None:
        """See where the device is; to be called every few milliseconds."""
        opened, now = self._board.opened(), time.monotonic()
        if opened is None:
            return
        if opened.number != self._session:
            self._session = opened.number
            self._offsets.clear()
        while self._offsets and now - self._offsets[0][0] > _LOOKS_S:
            self._offsets.popleft()
        self._offsets.append((now, opened.heard / opened.rate - now))
        self._offset = max(offset for _, offset in self._offsets)

    def session_s(self, time_s: float) -> float | None:
        """A time of ``time.monotonic`` as seconds since the session began; None before that."""
        return None if self._offset is None else time_s + self._offset
