"""What was written, brought to the disk itself, so that it survives the power's going.

A disk may take seconds over it where others write too. So it is asked for by a thread of its own:
what is written meanwhile goes on into the system's memory, which a crash of the program leaves.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from engine.paths import native

_PERIOD_S = 1.0


class Disk:
    """Has the disk take files once a second, from :meth:`follow` until :meth:`stop`."""

    def __init__(self) -> None:
        self._files: tuple[Path, ...] = ()
        self._left: tuple[Path, ...] = ()  # to be taken once more
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="disk", daemon=True)
        self._thread.start()

    def follow(self, files: Iterable[Path]) -> None:
        """These from now on; those before, which are complete, once more."""
        self._left, self._files = self._files, tuple(files)

    def stop(self) -> None:
        """End after a last time."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_PERIOD_S):
            self._take()
        self._take()

    def _take(self) -> None:
        left, self._left = self._left, ()
        for path in (*left, *self._files):
            with suppress(OSError):  # a disk that fails says so to who writes
                there = os.open(native(path), os.O_RDWR)
                try:
                    os.fsync(there)
                finally:
                    os.close(there)
