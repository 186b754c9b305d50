"""Ableton Link, kept alive: its library runs in a process of its own, as MIDI does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from importlib.util import find_spec

from engine.errors import RigError
from engine.live.processes import Child

_AGAIN_S = 2.0


def check_link() -> None:
    """Whether Link can be used.

    Raises:
        RigError: its library is not installed.
    """
    if find_spec("aalink") is None:
        raise RigError(
            "clock.sources",
            "link, and aalink is not installed",
            cure="pip install 'doubledrop[link]', or leave link out.",
        )


class Link:
    """A session that others lead."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._due = 0.0

    def fetch(self, heard: Callable[[int, float, float, float], None]) -> None:
        """Hand over what was said since the last time: peers, tempo, beat and their time."""
        child, now = self._child, time.monotonic()
        if child is None:
            if now >= self._due:
                self._child = Child("engine.live.link_process", str(os.getpid()))
            return
        while child.lines:
            line = child.lines.popleft()
            if "at" in line:
                heard(line["peers"], line["bpm"], line["beat"], line["at"])
        if child.status is not None:
            self._child, self._due = None, now + _AGAIN_S

    def stop(self) -> None:
        """Leave the session."""
        if self._child is not None:
            self._child.kill()
            self._child = None
