"""Ableton Link, kept alive: its library runs in a process of its own, as MIDI does."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec

from engine.errors import RigError
from engine.live.processes import Helper


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
    """A session that others lead.

    Args:
        beats_per_bar: the quantum, after which the places of all peers repeat.
    """

    def __init__(self, beats_per_bar: int) -> None:
        arguments = str(os.getpid()), str(beats_per_bar)
        self._helper = Helper("engine.live.link_process", *arguments)

    def fetch(self, heard: Callable[[int, float, float, float], None]) -> None:
        """Hand over what was said since the last time: peers, tempo, beat and their time."""
        for line in self._helper.lines():
            if "at" in line:
                heard(line["peers"], line["bpm"], line["beat"], line["at"])

    def stop(self) -> None:
        """Leave the session."""
        self._helper.stop()
