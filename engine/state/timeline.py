"""When something happened, in samples of the session: the clock of the system and the device's.

The two drift apart, and a device that leaves blocks out is late by them from then on; so they are
compared all the time.
"""

from __future__ import annotations

import time
from typing import Protocol

from engine.state import shared_state as b


class TimeKeeper(Protocol):
    """Knows where the session is."""

    def look(self) -> None:
        """See where the device is; to be called now and then."""
        ...

    def session_s(self, time_s: float) -> float | None:
        """A time as seconds since the session began; None before that."""
        ...


_RECENT_S = 0.33  # by which time a device that has left blocks out is known to be late
_MOST = 512  # calls in that time, of 32 frames each


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
    at that moment is the one after it. A callback comes some time after its block, and never
    before: of many, the one that waited least is right.

    Args:
        shared: of the stage.
    """

    def __init__(self, shared: b.SharedState) -> None:
        self._shared = shared
        self._session, self._seen = -1, 0
        self._offsets: list[tuple[float, float]] = []
        self._offset: float | None = None

    def look(self) -> None:
        """See where the device is; to be called a few times while :data:`_RECENT_S` pass."""
        opened, now = self._shared.opened(), time.monotonic()
        if opened is None:
            return
        calls = self._shared.device.callbacks
        if opened.number != self._session:
            self._session, self._seen = opened.number, calls
            self._offsets.clear()
        began_s, heard = self._shared.latest(max(self._seen, calls - _MOST))[:, 2:].T
        self._seen = calls
        times = list(zip(began_s.tolist(), heard.tolist(), strict=True))
        if not any(began_s):  # no call since, or none whose time is known
            times = [(now, opened.heard)]
        known = self._offsets + [(at_s, sample / opened.rate - at_s) for at_s, sample in times]
        self._offsets = [(at, offset) for at, offset in known if now - at < _RECENT_S] or known[-1:]
        self._offset = max(offset for _, offset in self._offsets)

    def session_s(self, time_s: float) -> float | None:
        """A time of ``time.monotonic`` as seconds since the session began; None before that."""
        return None if self._offset is None else time_s + self._offset
