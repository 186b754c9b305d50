"""Processes that show the stage and ask for something, kept alive: started again when they end or
fall silent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from engine.processes import messages as said
from engine.processes.children import Helper

_AGAIN_S = 0.5
_SILENT_S = 5.0
_FIRST_S = 20.0  # until it says something for the first time


class SurfaceProcess:
    """The process of the page, or of OSC.

    Args:
        module: that it runs.
        name: that the performer knows it by.
        status: file of the shared status that it shows, whose facts say where it listens.
        note: told what the performer should know of it.
        came: set whenever a browser has asked for something.
        edit: told of a rig that is to be written; may not take its time.

    Attributes:
        looking: how many browsers show images.
        is_serving: whether the page can be opened.
    """

    def __init__(
        self,
        module: str,
        name: str,
        status: Path,
        note: Callable[[str], None],
        came: threading.Event | None = None,
        edit: Callable[[said.RigText], None] = lambda text: None,
    ) -> None:
        self._name, self._note, self._edit = name, note, edit
        self._helper = Helper(module, str(status), note=note, said=came, again_s=_AGAIN_S)
        self.looking, self.is_serving = 0, False
        self._pid: int | None = None
        self._said_s = 0.0

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return self._helper.pid

    def commands(self) -> Iterator[said.Command]:
        """What browsers have asked for since the last time."""
        for line in self._helper.hear(said.SURFACE.validate_python):
            self._said_s = time.monotonic()
            match line:
                case said.Command():
                    yield line
                case said.RigText():
                    self._edit(line)
                case said.Looking():
                    self.looking = line.looking
                case said.Serving():
                    self.is_serving = True
                case said.Trouble():
                    self._note(line.error)
        self._tend()

    def answer(self, what: dict[str, Any]) -> None:
        """What became of a command."""
        self._helper.tell(what)

    def stop(self) -> None:
        """End it."""
        self._helper.stop()

    def _tend(self) -> None:
        """Notice another process, and end one that says nothing any more."""
        now_s, pid = time.monotonic(), self._helper.pid
        if pid != self._pid:
            if self._pid is not None and pid is None:
                self._note(f"{self._name} ended: started again")
            self._pid, self._said_s = pid, now_s + _FIRST_S - _SILENT_S
            self.looking, self.is_serving = 0, False
        elif pid is not None and now_s - self._said_s > _SILENT_S:
            self._note(f"{self._name} silent: started again")
            self._helper.stop()
            self._pid = None
