"""Ableton Link, kept alive: its library runs in a process of its own, as MIDI does."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from engine.dsp.tempo import MAX_BPM, MIN_BPM
from engine.errors import RigError
from engine.processes import messages as said
from engine.processes.children import Helper


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
        note: told what is odd about its process.
    """

    def __init__(self, beats_per_bar: int, note: Callable[[str], None] = lambda text: None) -> None:
        self._helper = Helper("engine.io.link_process", str(beats_per_bar), note=note)

    def fetch(self, heard: Callable[[int, float, float, float], None]) -> None:
        """Hand over what was said since the last time: peers, tempo, beat and their time."""
        for line in self._helper.hear(said.LINK.validate_python):
            if isinstance(line, said.Linked) and MIN_BPM <= line.bpm <= MAX_BPM:
                heard(line.peers, line.bpm, line.beat, line.at)

    def stop(self) -> None:
        """Leave the session."""
        self._helper.stop()
