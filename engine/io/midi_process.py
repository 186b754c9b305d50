"""A process that holds the MIDI ports of a sound system, which takes it along when it dies.

``engine.io.midi_process SYSTEM LIGHTS PATTERN …``, see :mod:`engine.processes.child`; SYSTEM is
one of :data:`engine.io.midi.SYSTEMS`. It writes lines of JSON to stdout:
``ports`` when those that are open have changed, ``gone`` for one that has vanished, ``outputs``
when those that are there have changed, with ``lit`` for those that are open, ``alive`` every
second, and each message with its port, its bytes and its time of ``time.monotonic``. What comes in
on stdin, a list of messages a line, goes to the outputs whose names hold LIGHTS. When a JACK server
dies it ends at once: nothing that was opened on it can be used again, and what it would list is no
longer there.

Messages are fetched from RtMidi's own queue and not pushed by it: its callback would run Python in
the real-time thread of the audio server.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import rtmidi

from engine.io.jack_watch import JackWatch
from engine.processes.parent import told

_CLIENT = "doubledrop-midi"  # RtMidi makes a client of each port, and JACK numbers them
_LONGEST = 64  # characters of the name of a port
_OURS = ("doubledrop", "rtmidi", "midi through")
_QUEUE = 1 << 16  # messages that may wait: a flood between two looks
_SCAN_S = 1.0
_LOOK_S = 0.001
_IDLE_S = 0.02  # between two looks where there is nothing to be heard
_FORGET_S = 10.0  # how long the shortest delay of a port counts


class Port:
    """An open port, whose messages carry the time at which the driver saw them.

    Args:
        api: the sound system, as RtMidi numbers them.
        index: of the port there.
        name: of the port, after which our end is named.
    """

    def __init__(self, api: int, index: int, name: str) -> None:
        self._midi = rtmidi.MidiIn(api, _CLIENT, _QUEUE)
        self._midi.ignore_types(sysex=True, timing=False, active_sense=True)
        self._midi.open_port(index, _own_name("in", name))
        self._clock = 0.0
        self._delay = self._since = float("inf")

    def messages(self) -> Iterator[tuple[list[int], float]]:
        """What has arrived since the last time."""
        while (found := self._midi.get_message()) is not None:
            data, passed = found
            now = time.monotonic()
            # The driver's clock is known by its steps alone; the message that waited least for us
            # says where it stands.
            self._clock += passed
            if now - self._clock < self._delay or now - self._since > _FORGET_S:
                self._delay, self._since = now - self._clock, now
            yield data, min(now, self._clock + self._delay)

    def close(self) -> None:
        """Let it go."""
        self._midi.close_port()
        self._midi.delete()


class Light:
    """An output that is open.

    Args:
        api: the sound system, as RtMidi numbers them.
        index: of the port there.
        name: of the port, after which our end is named.
    """

    def __init__(self, api: int, index: int, name: str) -> None:
        self._midi = rtmidi.MidiOut(api, _CLIENT)
        self._midi.open_port(index, _own_name("lights out", name))

    def send(self, messages: Sequence[Sequence[int]]) -> None:
        """Bytes of each message, in order."""
        for message in messages:
            self._midi.send_message(message)

    def close(self) -> None:
        """Let it go."""
        self._midi.close_port()
        self._midi.delete()


def _own_name(what: str, name: str) -> str:
    """What our end of a connection is called: what it is for, and with whom."""
    return f"{what} {name.replace(':', ' ')}"[:_LONGEST]


class Directory:
    """Names of the ports of the sound systems, without our own.

    Args:
        kind: ``rtmidi.MidiIn`` or ``rtmidi.MidiOut``.
        apis: the sound systems, as RtMidi numbers them.
    """

    def __init__(self, kind: Any, apis: Sequence[int]) -> None:
        self._kind, self._apis = kind, apis
        self._listeners: dict[int, Any] = {}

    def __call__(self) -> dict[tuple[int, str], int]:
        """Index of each (sound system, name)."""
        found: dict[tuple[int, str], int] = {}
        for api in self._apis:
            try:
                if api not in self._listeners:
                    self._listeners[api] = self._kind(api, f"{_CLIENT}-list")
                names = self._listeners[api].get_ports()
            except rtmidi.RtMidiError:
                self._listeners.pop(api, None)  # a sound system that does not run, or not yet
                continue
            found |= {
                (api, name): index
                for index, name in enumerate(names)
                if not name.lower().startswith(_OURS)
            }
        return found


class InputPorts:
    """All ports whose names hold one of the patterns; an empty one means every port."""

    def __init__(self, patterns: Sequence[str], apis: Sequence[int]) -> None:
        self._patterns = [pattern.lower() for pattern in patterns]
        self._directory = Directory(rtmidi.MidiIn, apis)
        self.open: dict[tuple[int, str], Port] = {}

    def scan(self) -> Iterator[dict[str, Any]]:
        """Open what has appeared, close what has gone, and say so."""
        before = set(self.open)
        there = {
            (api, name): index
            for (api, name), index in self._directory().items()
            if any(pattern in name.lower() for pattern in self._patterns)
        }
        for key in before - set(there):
            self.open.pop(key).close()
            yield {"gone": key[1]}
        for (api, name), index in there.items():
            if (api, name) not in self.open:
                try:
                    self.open[api, name] = Port(api, index, name)
                except (rtmidi.RtMidiError, rtmidi.InvalidPortError):
                    continue  # gone again, or another program's: it is tried at the next look
        if set(self.open) != before:
            yield {"ports": sorted(name for _, name in self.open)}


class OutputPorts:
    """The outputs that are there, and those among them that a pattern names; an empty one none."""

    def __init__(self, pattern: str, apis: Sequence[int]) -> None:
        self._pattern = pattern.lower()
        self._directory = Directory(rtmidi.MidiOut, apis)
        self._names: list[str] | None = None
        self.open: dict[tuple[int, str], Light] = {}

    def scan(self) -> Iterator[dict[str, Any]]:
        """Open what has appeared, close what has gone, and say so."""
        there, before = self._directory(), set(self.open)
        for key in before - set(there):
            self.open.pop(key).close()
        for (api, name), index in there.items():
            wanted = self._pattern and self._pattern in name.lower()
            if wanted and (api, name) not in self.open:
                with suppress(rtmidi.RtMidiError, rtmidi.InvalidPortError):
                    self.open[api, name] = Light(api, index, name)
        names = sorted(name for _, name in there)
        if names != self._names or set(self.open) != before:
            self._names = names
            yield {"outputs": names, "lit": sorted(name for _, name in self.open)}

    def send(self, messages: Sequence[Sequence[int]]) -> None:
        """To all that are open."""
        for light in self.open.values():
            with suppress(rtmidi.RtMidiError):
                light.send(messages)


def main(system: str, lights: str, patterns: Sequence[str]) -> None:
    """Serve until the parent, or the JACK server, is gone.

    Args:
        system: one of :data:`engine.io.midi.SYSTEMS`.
        lights: part of the names of the outputs to open; empty for none.
        patterns: parts of the names of the inputs to open; an empty one means every input.
    """
    jack = system == "jack"
    apis = [api for api in rtmidi.get_compiled_api() if (api == rtmidi.API_UNIX_JACK) == jack]
    watch = JackWatch(f"{_CLIENT}-watch") if jack and apis else None
    ports, outputs, scanned = InputPorts(patterns, apis), OutputPorts(lights, apis), -_SCAN_S
    first = True
    while not (watch is not None and watch.gone):
        now, lines = time.monotonic(), []
        if now - scanned > _SCAN_S:
            scanned = now
            found: list[dict[str, Any]] = []
            if watch is None or watch.there():
                found = [*outputs.scan(), *ports.scan()]
            if watch is not None and watch.gone:
                break  # while it was asked: what it said is not so
            if first and not any("ports" in line for line in found):
                found.append({"ports": []})
            lines += [*found, {"alive": now}]
            first = False
        while told:
            outputs.send(json.loads(told.popleft()))
        for (_, name), port in ports.open.items():
            lines += [{"port": name, "data": data, "at": at} for data, at in port.messages()]
        if lines:
            sys.stdout.write("".join(json.dumps(line) + "\n" for line in lines))
            sys.stdout.flush()
        time.sleep(_LOOK_S if ports.open or outputs.open else _IDLE_S)


if __name__ == "__main__":
    os.environ["JACK_NO_START_SERVER"] = "1"
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # sound systems that are not there say so, often
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
