"""One publisher of what is to be seen of the stage, for any number of readers.

Peaks and lights begin anew when they are looked at, so only one may look: it keeps what it saw, and
the terminal, the page and whoever else shows the stage read that, each as often as it likes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from engine.host.observer import Snapshot

SCREEN_S, PAGE_S = 0.1, 0.05
"""Between two looks: for the terminal's screen alone, and for pages and other programs."""
_LEAST_S = 0.015  # between two looks, however much happens: a controller may flood


class StatusPublisher:
    """Looks ten or twenty times a second, and at once when something has been asked for.

    Args:
        look: gives what there is to be seen now; called by one thread at a time.
        note: told what goes wrong, in words.

    Attributes:
        publish: given everything that was seen, by the same thread.
        period_s: between two looks.
    """

    def __init__(
        self,
        look: Callable[[], Snapshot],
        note: Callable[[str], None],
    ) -> None:
        self._look, self._note = look, note
        self.publish: Callable[[Snapshot], None] = lambda snapshot: None
        self.period_s = SCREEN_S
        self._changed, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)
        self._latest = look()
        self._failed = ""

    @property
    def latest(self) -> Snapshot:
        """What was seen last; reading it changes nothing for anybody else."""
        return self._latest

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was seen last can still be read."""
        self._stop.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join()

    def changed(self) -> None:
        """Something has been done that should be seen at once. Any thread may say so."""
        self._changed.set()

    def _run(self) -> None:
        due_s = time.monotonic()
        while not self._stop.wait(_LEAST_S):
            due_s = max(due_s + self.period_s, time.monotonic())
            self._changed.wait(due_s - time.monotonic())
            self._changed.clear()
            try:
                self._latest = self._look()
                self.publish(self._latest)
            except Exception as fault:  # the music goes on, and whoever looks is told
                self._fail(f"status: {type(fault).__name__}: {fault}")

    def _fail(self, why: str) -> None:
        """Say it once."""
        if why != self._failed:
            self._failed = why
            self._note(why)
