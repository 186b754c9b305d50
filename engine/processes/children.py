"""How the processes of the stage speak: a line of JSON on stdout, and an exit status."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from engine.processes.lines import Line, LineReader
from engine.processes.nursery import started
from engine.text import printable

LOST = 3
"""Exit status of the device's process when the device has fallen silent."""
_PATIENCE_S = 2.0
_AGAIN_S = 2.0
_PRIORITY = 20
_CHUNK = 1 << 16
_MOST_ODD = 1000  # lines that are not understood, after which a process is ended
_MOST_UNREAD = 1 << 23  # bytes, after which a process has to wait for whoever reads it
_LOOK_S = 0.01

Meant = TypeVar("Meant")


def may_hurry() -> bool:
    """Whether a thread of this process may ask for real-time priority."""
    with ThreadPoolExecutor(1) as pool:  # the priority ends with the thread
        return pool.submit(hurry).result()


def hurry() -> bool:
    """Ask for real-time priority for this thread; whether it was given."""
    try:
        own = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK  # threads begun later are ordinary ones
        os.sched_setscheduler(0, own, os.sched_param(_PRIORITY))
    except (AttributeError, OSError):
        return False
    return True


class Child:
    """A process of ours, and what it says. It ends when this process does.

    Whatever it says, nothing here raises: what is no JSON object, or not what it should be, is left
    out and noted once; one that says nothing else is ended.

    Args:
        module: what it runs.
        arguments: of it.
        note: told what is odd about it.
        said: set whenever it has said something.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        note: Callable[[str], None] = lambda text: None,
        said: threading.Event | None = None,
    ) -> None:
        self._name, self._note = module.rpartition(".")[2].replace("_", " "), note
        self._process = started(module, *arguments)
        assert self._process.stdin is not None
        if hasattr(os, "set_blocking"):  # Windows has it for sockets only, or not at all
            with suppress(OSError):
                os.set_blocking(self._process.stdin.fileno(), False)
        self.pid = self._process.pid
        self._lines: deque[tuple[int, Line]] = deque()
        self._said = said or threading.Event()
        self._came = self._heard = self._odd = 0  # bytes, bytes, lines
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def status(self) -> int | None:
        """Exit status; None while it runs. All it said has been read by then."""
        status = self._process.poll()
        if status is not None:
            self._reader.join(_PATIENCE_S)
        return status

    @property
    def has_said(self) -> bool:
        """Whether it has said something that nobody has heard yet."""
        return bool(self._lines)

    def hear(self, meaning: Callable[[Line], Meant]) -> Iterator[Meant]:
        """What it has said since the last time.

        Args:
            meaning: of a line; raises ValueError (as pydantic does) where it has none.
        """
        while self._lines:
            size, line = self._lines.popleft()
            self._heard += size
            try:
                meant = meaning(line)
            except ValueError:
                self._doubt(json.dumps(line)[:80])
                continue
            yield meant

    def tell(self, what: Any) -> None:
        """A line of JSON to its stdin, at most 4096 bytes; lost where nobody reads."""
        assert self._process.stdin is not None
        with suppress(OSError):
            os.write(self._process.stdin.fileno(), (json.dumps(what) + "\n").encode())

    def end(self) -> None:
        """Wait for it a moment, then end it."""
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it now."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # a driver may hold it for longer
            self._process.wait(_PATIENCE_S)

    def _read(self) -> None:
        assert self._process.stdout is not None
        lines = LineReader()
        with self._process.stdout as pipe:
            while data := os.read(pipe.fileno(), _CHUNK):
                for size, line in lines.feed(data):
                    if isinstance(line, str):
                        self._doubt(line)
                    else:
                        self._came += size
                        self._lines.append((size, line))
                self._said.set()
                while self._is_behind():
                    time.sleep(_LOOK_S)

    def _is_behind(self) -> bool:
        """Whether nobody hears what it says, and it lives: then it has to wait."""
        return self._came - self._heard > _MOST_UNREAD and self._process.returncode is None

    def _doubt(self, what: str) -> None:
        """Something that it should not have said."""
        self._odd += 1
        if self._odd == 1:
            self._note(f"{self._name} said what is not understood: {printable(what)}")
        elif self._odd == _MOST_ODD:
            self._note(f"{self._name} says nothing else: ended")
            self._process.kill()


class Helper:
    """A process that tells us something, started when it is first asked and again when it ends.

    Args:
        module: what it runs.
        arguments: of it.
        note: told what is odd about it.
        said: set whenever it has said something.
        again_s: after which it is started again.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        note: Callable[[str], None],
        said: threading.Event | None = None,
        again_s: float = _AGAIN_S,
    ) -> None:
        self._what, self._note, self._said = (module, *arguments), note, said
        self._again_s = again_s
        self._child: Child | None = None
        self._due = 0.0

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return None if self._child is None else self._child.pid

    def tell(self, what: Any) -> None:
        """See :meth:`Child.tell`; lost where no process runs."""
        if self._child is not None:
            self._child.tell(what)

    def hear(self, meaning: Callable[[Line], Meant]) -> Iterator[Meant]:
        """What it has said since the last time; see :meth:`Child.hear`."""
        child, now = self._child, time.monotonic()
        if child is None:
            if now >= self._due:
                self._child = Child(*self._what, note=self._note, said=self._said)
            return
        yield from child.hear(meaning)
        if child.status is not None:
            self._child, self._due = None, now + self._again_s

    def stop(self) -> None:
        """End it."""
        if self._child is not None:
            self._child.kill()
            self._child = None
