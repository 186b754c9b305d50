"""Inferences that are ended when they take too long, and that Ctrl-C does not have to wait for.

ONNX Runtime looks between two operators whether it shall go on; so a network that never ends is
told to, and one whose single operator never ends can only be left alone (see
:mod:`engine.live.inference`).
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

_PATIENCE_S = 0.5  # for what still runs when the program ends


class Deadline:
    """Watches what runs, on one thread for all."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: dict[int, tuple[float, Callable[[], None]]] = {}
        self._number = 0
        self._thread: threading.Thread | None = None

    @contextmanager
    def within(self, seconds: float, end: Callable[[], None]) -> Iterator[None]:
        """Call ``end``, from another thread, if what is done inside takes longer."""
        with self._changed:
            self._number += 1
            number = self._number
            self._running[number] = time.monotonic() + seconds, end
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="deadline", daemon=True)
                self._thread.start()
                atexit.register(self._end_all)
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._running.pop(number, None)

    def _watch(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for number, (due, end) in list(self._running.items()):
                    if due <= now:
                        del self._running[number]
                        end()
                nearest = min((due for due, _ in self._running.values()), default=None)
                self._changed.wait(None if nearest is None else max(0.0, nearest - now))

    def _end_all(self) -> None:
        """The program ends: so does what still runs, if it can."""
        with self._changed:
            for _, end in self._running.values():
                end()
        until = time.monotonic() + _PATIENCE_S
        while self._running and time.monotonic() < until:
            time.sleep(0.01)


DEADLINE = Deadline()
"""Of this process."""


def interruptible(work: Callable[[], T], seconds: float | None = None) -> T:
    """Do something in machine code; on the main thread so that Ctrl-C is heard meanwhile.

    Args:
        work: what to do. On the main thread another one does it, and goes on if it is left alone.
        seconds: how long the main thread waits for it; None for as long as it takes.

    Raises:
        TimeoutError: it has taken longer.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    done: Future[T] = Future()
    threading.Thread(target=settle, args=(done, work), name="aside", daemon=True).start()
    return done.result(seconds)


def settle(done: Future[T], work: Callable[[], T]) -> None:
    """Do something and tell whoever waits for it what came of it."""
    try:
        done.set_result(work())
    except BaseException as fault:
        done.set_exception(fault)
