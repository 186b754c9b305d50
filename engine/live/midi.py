"""MIDI by name: any number of ports, found when they appear and let go when they vanish."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import mido

from engine.errors import DeviceError
from engine.live import said
from engine.live.processes import Child

_SILENT_S = 5.0  # a sound system that hangs holds its process: it is replaced
_AGAIN_S = 1.0
_FIRST_S = 10.0
_AT_ONCE = 64  # messages that fit into what is passed on at once
_OLDEST_S = 10.0  # that a message may be

Heard = Callable[[str, Any, float], None]
"""Port, ``mido.Message``, time of ``time.monotonic``."""


class Midi:
    """Messages of all ports whose names hold one of the patterns, in any case.

    Args:
        patterns: parts of names; an empty one means every port.
        lights: part of the names of outputs that :meth:`send` reaches; empty for none.
        note: told what is odd about the process that holds the ports.

    Attributes:
        names: of the ports that are open now; None until they have been looked for.
        outputs: names of all outputs that are there.
        lit: of those that are open.
    """

    def __init__(
        self,
        patterns: Iterable[str],
        lights: str = "",
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._patterns, self._lights, self._note = sorted(set(patterns)), lights, note
        self._child: Child | None = None
        self._said = self._due = 0.0
        self.names: list[str] | None = None
        self.outputs: list[str] = []
        self.lit: list[str] = []

    def send(self, messages: Sequence[Sequence[int]]) -> None:
        """Bytes of each message, to the outputs that are open."""
        for first in range(0, len(messages) if self.lit else 0, _AT_ONCE):
            if self._child is not None:
                self._child.tell(messages[first : first + _AT_ONCE])

    def fetch(self, heard: Heard, gone: Callable[[str], None]) -> None:
        """Hand over what has arrived since the last time.

        Args:
            heard: told of every message.
            gone: told the name of a port that has vanished.
        """
        child = self._tend(gone)
        for line in child.hear(said.MIDI.validate_python) if child is not None else ():
            now = time.monotonic()
            self._said = max(self._said, now)
            match line:
                case said.Received():
                    try:
                        message = mido.Message.from_bytes(line.data)
                    except ValueError:  # broken, or none that has a name
                        continue
                    heard(line.port, message, min(max(line.at, now - _OLDEST_S), now))
                case said.Ports():
                    self.names = line.ports
                case said.Outputs():
                    self.outputs, self.lit = line.outputs, line.lit
                case said.Gone():
                    gone(line.gone)

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
                arguments = self._lights, *self._patterns
                self._child = Child("engine.live.midi_process", *arguments, note=self._note)
                self._said = now + _FIRST_S
        elif child.status is not None or (not child.has_said and now - self._said > _SILENT_S):
            self.stop()
            self._due = now + _AGAIN_S
            for name in self.names or []:
                gone(name)
            self.names, self.outputs, self.lit = [], [], []
        return self._child


def port_names() -> tuple[list[str], list[str]]:
    """Every input and every output that there is now, without our own.

    Raises:
        DeviceError: no sound system answers.
    """
    midi, until = Midi([""]), time.monotonic() + _FIRST_S
    try:
        while midi.names is None:
            midi.fetch(lambda *_: None, lambda _: None)
            if time.monotonic() > until:
                raise DeviceError(
                    "MIDI", "no answer", cure="Try again, or restart the sound system."
                )
            time.sleep(0.01)
        return midi.names, midi.outputs
    finally:
        midi.stop()


def check(patterns: Iterable[str], lights: str = "") -> None:
    """Whether every pattern names an input that is there, and ``lights`` an output.

    Raises:
        DeviceError: one does not.
    """
    wanted = [("port", pattern) for pattern in patterns if pattern]
    wanted += [("output", lights)] if lights else []
    inputs, outputs = port_names() if wanted else ([], [])
    for kind, pattern in wanted:
        names = inputs if kind == "port" else outputs
        if not any(pattern.lower() in name.lower() for name in names):
            raise DeviceError(
                f"MIDI {kind} {pattern!r}",
                "not there",
                expected="part of " + (", ".join(map(repr, names)) or "a name; there are no ports"),
                cure="Plug it in, or list the ports with `doubledrop midi list`.",
            )
