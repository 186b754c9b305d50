"""What happened on the stage, for whoever shows it or writes it down."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

_KEPT = 1000


@dataclass(frozen=True)
class Event:
    """Something that the performer may want to know; ``at_s`` since the program began."""

    at_s: float
    text: str


class Events:
    """The newest events; any thread may append, any number of readers follow by their count.

    Attributes:
        count: of all events so far, those that are no longer kept among them.
    """

    def __init__(self) -> None:
        self._kept: deque[Event] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()
        self.count = 0

    def append(self, event: Event) -> None:
        """Another one."""
        with self._lock:
            self._kept.append(event)
            self.count += 1

    def since(self, count: int) -> tuple[list[Event], int]:
        """Those that came after the first ``count``, as far as they are kept; the count now."""
        with self._lock:
            kept = list(self._kept)
            missed = self.count - count
            return kept[max(0, len(kept) - missed) :] if missed > 0 else [], self.count

    def __iter__(self) -> Iterator[Event]:
        return iter(self.since(0)[0])

    def __len__(self) -> int:
        return len(self._kept)
