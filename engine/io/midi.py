"""MIDI by name: any number of ports, found when they appear and let go when they vanish."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import mido

from engine.errors import DeviceError, DoubledropError
from engine.processes import messages as said
from engine.processes.children import Child

SYSTEMS = ("own", "jack")
"""What the system itself offers (ALSA, CoreMIDI, Windows), and JACK, whose server may die: its
ports are held by a process of their own, so that the others stay open meanwhile."""
_SILENT_S = 5.0  # a sound system that hangs holds its process: it is replaced
_AGAIN_S = 0.5
_FIRST_S = 10.0
_AT_ONCE = 64  # messages that fit into what is passed on at once
_OLDEST_S = 10.0  # that a message may be

Heard = Callable[[str, Any, float], None]
"""Port, ``mido.Message``, time of ``time.monotonic``."""


class System:
    """The ports of one sound system, held by a process that is replaced when it ends or hangs.

    Args:
        name: one of :data:`SYSTEMS`.
        patterns: parts of the names of the inputs to open; an empty one means every input.
        lights: part of the names of the outputs to open; empty for none.
        note: see :class:`Midi`.
        came: see :class:`Midi`.

    Attributes:
        names, outputs, lit: see :class:`Midi`.
        changes: how often the outputs have come or gone.
    """

    def __init__(
        self,
        name: str,
        patterns: Sequence[str],
        lights: str,
        note: Callable[[str], None],
        came: threading.Event | None,
    ) -> None:
        self._what, self._note, self._came = (name, lights, *patterns), note, came
        self._child: Child | None = None
        self._said = self._due = 0.0
        self.names: list[str] | None = None
        self.outputs: list[str] = []
        self.lit: list[str] = []
        self.changes = 0

    def tell(self, messages: Sequence[Sequence[int]]) -> None:
        """Bytes of each message, to the outputs that are open."""
        if self._child is not None and self.lit:
            self._child.tell(messages)

    def fetch(self, heard: Heard, gone: Callable[[str], None]) -> None:
        """Hand over what has arrived since the last time; see :meth:`Midi.fetch`."""
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
                case said.MidiInputs():
                    self.names = line.ports
                case said.MidiOutputs():
                    self.outputs, self.lit = line.outputs, line.lit
                    self.changes += 1
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
                self._child = Child(
                    "engine.io.midi_process", *self._what, note=self._note, said=self._came
                )
                self._said = now + _FIRST_S
        elif child.status is not None or (not child.has_said and now - self._said > _SILENT_S):
            self.stop()
            self._due = now + _AGAIN_S
            for name in self.names or []:
                gone(name)
            self.names, self.outputs, self.lit = [], [], []
            self.changes += 1
        return self._child


class Midi:
    """Messages of all ports whose names hold one of the patterns, in any case.

    Args:
        patterns: parts of names; an empty one means every port.
        lights: part of the names of outputs that :meth:`send` reaches; empty for none.
        note: told what is odd about the processes that hold the ports.
        came: set whenever a message has come, or a port has.
    """

    def __init__(
        self,
        patterns: Iterable[str],
        lights: str = "",
        note: Callable[[str], None] = lambda text: None,
        came: threading.Event | None = None,
    ) -> None:
        wanted = sorted(set(patterns))
        self._systems = [System(name, wanted, lights, note, came) for name in SYSTEMS]

    @property
    def names(self) -> list[str] | None:
        """Of the ports that are open now; None until they have been looked for."""
        found = [system.names for system in self._systems]
        return None if None in found else sorted(name for names in found for name in names or [])

    @property
    def outputs(self) -> list[str]:
        """Names of all outputs that are there."""
        return sorted(name for system in self._systems for name in system.outputs)

    @property
    def lit(self) -> list[str]:
        """Names of those that are open."""
        return sorted(name for system in self._systems for name in system.lit)

    @property
    def changes(self) -> int:
        """How often outputs have come or gone."""
        return sum(system.changes for system in self._systems)

    def send(self, messages: Sequence[Sequence[int]]) -> None:
        """Bytes of each message, to the outputs that are open."""
        for first in range(0, len(messages), _AT_ONCE):
            for system in self._systems:
                system.tell(messages[first : first + _AT_ONCE])

    def fetch(self, heard: Heard, gone: Callable[[str], None]) -> None:
        """Hand over what has arrived since the last time.

        Args:
            heard: told of every message.
            gone: told the name of a port that has vanished.
        """
        for system in self._systems:
            system.fetch(heard, gone)

    def stop(self) -> None:
        """Let all ports go."""
        for system in self._systems:
            system.stop()


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


def missing(patterns: Iterable[str], lights: str = "") -> list[DoubledropError]:
    """Patterns that name no input that is there, and ``lights`` if it names no output."""
    wanted = [("port", pattern) for pattern in sorted(patterns) if pattern]
    wanted += [("output", lights)] if lights else []
    try:
        inputs, outputs = port_names() if wanted else ([], [])
    except DeviceError as fault:
        return [fault]
    found: list[DoubledropError] = []
    for kind, pattern in wanted:
        names = inputs if kind == "port" else outputs
        if not any(pattern.lower() in name.lower() for name in names):
            one = DeviceError(
                f"MIDI {kind} {pattern!r}",
                "not there",
                expected="part of " + (", ".join(map(repr, names)) or "a name; there are no ports"),
                cure="Plug it in, or list the ports with `doubledrop midi list`.",
            )
            found.append(one)
    return found
