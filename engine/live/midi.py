"""MIDI in, by name: any number of ports, found when they appear and let go when they vanish."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

import mido

from engine.errors import DeviceError
from engine.live.processes import Child

_SILENT_S = 5.0  # a sound system that hangs holds its process: it is replaced
_AGAIN_S = 1.0
_FIRST_S = 10.0

Heard = Callable[[str, Any, float], None]
"""Port, ``mido.Message``, time of ``time.monotonic``."""


class MidiIn:
    """Messages of all ports whose names hold one of the patterns, in any case.

    Args:
        patterns: parts of names; an empty one means every port.

    Attributes:
        names: of the ports that are open now; None until they have been looked for.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = sorted(set(patterns))
        self._child: Child | None = None
        self._said = self._due = 0.0
        self.names: list[str] | None = None

    def fetch(self, heard: Heard, gone: Callable[[str], None]) -> None:
        """Hand over what has arrived since the last time.

        Args:
            heard: told of every message.
            gone: told the name of a port that has vanished.
        """
        child = self._tend(gone)
        while child is not None and child.lines:
            line = child.lines.popleft()
            self._said = max(self._said, time.monotonic())
            if "data" in line:
                try:
                    message = mido.Message.from_bytes(line["data"])
                except ValueError:  # broken, or none that has a name
                    continue
                heard(line["port"], message, line["at"])
            elif "ports" in line:
                self.names = line["ports"]
            elif "gone" in line:
                gone(line["gone"])

    def stop(self) -> None:
        """Let all ports go."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _tend(self, gone: Callable[[str], None]) -> Child | None:
        """Keep the process alive that holds the ports."""
        now, child = time.monotonic(), self._child
        if child is None:
            if now >= self._due:
                self._child = Child("engine.live.midi_process", str(os.getpid()), *self._patterns)
                self._said = now + _FIRST_S
        elif child.status is not None or (not child.lines and now - self._said > _SILENT_S):
            self.stop()
            self._due = now + _AGAIN_S
            for name in self.names or []:
                gone(name)
            self.names = []
        return self._child


def port_names() -> list[str]:
    """Every input port that there is now, without our own.

    Raises:
        DeviceError: no sound system answers.
    """
    midi, until = MidiIn([""]), time.monotonic() + _FIRST_S
    try:
        while midi.names is None:
            midi.fetch(lambda *_: None, lambda _: None)
            if time.monotonic() > until:
                raise DeviceError(
                    "MIDI", "no answer", cure="Try again, or restart the sound system."
                )
            time.sleep(0.01)
        return midi.names
    finally:
        midi.stop()


def check(patterns: Iterable[str]) -> None:
    """Whether every pattern names a port that is there.

    Raises:
        DeviceError: one does not.
    """
    wanted = [pattern for pattern in patterns if pattern]
    names = port_names() if wanted else []
    for pattern in wanted:
        if not any(pattern.lower() in name.lower() for name in names):
            raise DeviceError(
                f"MIDI port {pattern!r}",
                "not there",
                expected="part of " + (", ".join(map(repr, names)) or "a name; there are no ports"),
                cure="Plug it in, or list the ports with `doubledrop midi list`.",
            )
