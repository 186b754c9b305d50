"""How the processes of the stage speak: a line of JSON on stdout, and an exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from engine.errors import DoubledropError
from engine.live import board as b
from engine.live.asked import Request, read
from engine.live.speech import say

LOST = 3
"""Exit status of the device's process when the device has fallen silent."""
_PATIENCE_S = 2.0
_AGAIN_S = 2.0
_PRIORITY = 20


def serve(main: Callable[[b.Board, Request], int], kind: type[Request]) -> NoReturn:
    """Be a process of the stage: ``BOARD REQUEST`` are its arguments; Ctrl-C is the owner's.

    Args:
        main: does what is asked, and returns the exit status.
        kind: of the request.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    board, code = b.Board(Path(sys.argv[1])), 0
    if os.getppid() == board.get(b.OWNER):  # else it has ended already
        try:
            code = main(board, read(kind, sys.argv[2]))
        except DoubledropError as trouble:
            say(error=str(trouble))
            code = trouble.exit_status
        except Exception:
            traceback.print_exc()
            code = 1
    sys.stdout.flush()
    os._exit(code)  # PortAudio would wait for a dead server


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
    """A process of ours, and what it says.

    Args:
        module: what it runs.
        arguments: of it.
        told: whether it is told things later, by :meth:`tell`.

    Attributes:
        lines: what it has said and nobody has read yet.
    """

    def __init__(self, module: str, *arguments: str, told: bool = False) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE if told else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._process.stdin is not None:
            os.set_blocking(self._process.stdin.fileno(), False)
        self.pid = self._process.pid
        self.lines: deque[dict[str, Any]] = deque()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def status(self) -> int | None:
        """Exit status; None while it runs. All it said has been read by then."""
        status = self._process.poll()
        if status is not None:
            self._reader.join(_PATIENCE_S)
        return status

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
            self._process.kill()
            self._process.wait()

    def kill(self) -> None:
        """End it now."""
        self._process.kill()
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                self.lines.append(json.loads(line))
            except ValueError:  # a library that prints
                sys.stderr.write(line)


class Helper:
    """A process that tells us something, started when it is first asked and again when it ends.

    Args:
        module: what it runs.
        arguments: of it.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        self._what = module, *arguments
        self._child: Child | None = None
        self._due = 0.0

    def lines(self) -> Iterator[dict[str, Any]]:
        """What it has said since the last time."""
        child, now = self._child, time.monotonic()
        if child is None:
            if now >= self._due:
                self._child = Child(*self._what)
            return
        while child.lines:
            yield child.lines.popleft()
        if child.status is not None:
            self._child, self._due = None, now + _AGAIN_S

    def stop(self) -> None:
        """End it."""
        if self._child is not None:
            self._child.kill()
            self._child = None
