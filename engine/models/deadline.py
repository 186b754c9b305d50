"""Inferences that are ended when they take too long, and that Ctrl-C does not have to wait for.

ONNX Runtime looks between two operators whether it shall go on; so a network that never ends is
told to, and one whose single operator never ends can only be left alone (see
:mod:`engine.models.executors`).
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TypeVar

T = TypeVar("T")

_PATIENCE_S = 0.5  # for what has been told to end
_LOOK_S = 0.005
_TOLD = float("inf")  # when it is told again: never


@dataclass(frozen=True)
class _Run:
    """Something that runs, on which thread, until when it may, and how it is told to end."""

    thread: int
    due: float
    end: Callable[[], None]


class Deadline:
    """Watches what runs, on one thread for all."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: dict[int, _Run] = {}
        self._number = 0
        self._wakes = _TOLD  # when it looks again by itself
        self._thread: threading.Thread | None = None

    @contextmanager
    def within(self, seconds: float, end: Callable[[], None]) -> Iterator[None]:
        """Call ``end``, from another thread, if what is done inside takes longer."""
        with self._changed:
            self._number += 1
            number = self._number
            due = time.monotonic() + seconds
            self._running[number] = _Run(threading.get_ident(), due, end)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="deadline", daemon=True)
                self._thread.start()
                atexit.register(self.end)
            if due < self._wakes:  # else a column's inference would wake it 86 times a second
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
                for number, run in self._running.items():
                    if run.due <= now:
                        self._running[number] = replace(run, due=_TOLD)
                        run.end()
                self._wakes = min((run.due for run in self._running.values()), default=_TOLD)
                self._changed.wait(None if self._wakes == _TOLD else self._wakes - now)

    def end(self, thread: threading.Thread | None = None) -> bool:
        """End what runs, on one thread or on all, and wait a moment for that; whether it has."""
        only = None if thread is None else thread.ident

        def left() -> list[_Run]:
            with self._changed:
                return [run for run in self._running.values() if only in (None, run.thread)]

        for run in left():
            run.end()
        until = time.monotonic() + _PATIENCE_S
        while (runs := bool(left())) and time.monotonic() < until:
            time.sleep(_LOOK_S)
        return not runs


DEADLINE = Deadline()
"""Of this process."""


def leave(status: int) -> None:
    """Before the program ends: at once, if an inference still runs that cannot be ended.

    Its thread would come back into an interpreter that is being taken down, and abort.
    """
    if DEADLINE.end():
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


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
