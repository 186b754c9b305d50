"""A MIDI controller or clock in a process of its own, as a real client of the JACK server.

``python -m tests.live.midi_device NAME SCHEDULE SENT SHOWN``: SCHEDULE is JSON, [[seconds,
[bytes]], …], counted from when the port has a listener; at the end SENT is written, the times of
``time.monotonic``, and SHOWN, JSON, the messages that came back with theirs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rtmidi

from tests.program import with_tests

_READY_S = 3.0  # until the program has found the port: it looks every second


class MidiDevice:
    """Starts one, and waits for it."""

    def __init__(
        self, folder: Path, name: str, schedule: Sequence[tuple[float, list[int]]]
    ) -> None:
        self._sent = folder / f"{name}.npy"
        path = folder / f"{name}.json"
        path.write_text(json.dumps(list(schedule)))
        self._shown = folder / f"{name}.shown.json"
        files = [str(file) for file in (path, self._sent, self._shown)]
        command = [sys.executable, "-m", "tests.live.midi_device", name, *files]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=with_tests()
        )

    def ready(self) -> float:
        """When its ports were there, once they are."""
        assert self.process.stdout is not None
        return float(self.process.stdout.readline())

    def sent(self) -> np.ndarray:
        """When each message was sent, once all are."""
        assert self.process.wait(200) == 0
        return np.load(self._sent)

    def shown(self) -> list[tuple[float, list[int]]]:
        """What its lights were told."""
        self.sent()
        return [(at, data) for at, data in json.loads(self._shown.read_text())]


def main(name: str, schedule: Path, sent: Path, shown: Path) -> None:
    out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name)
    out.open_virtual_port(name)
    lights = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, f"{name}-lights", 1 << 14)
    lights.open_virtual_port(f"{name}-lights")
    heard: list[tuple[float, list[int]]] = []
    lights.set_callback(lambda found, _: heard.append((time.monotonic(), found[0])))
    print(time.monotonic(), flush=True)
    time.sleep(_READY_S)
    began, times = time.monotonic() + 0.1, []
    for at, data in json.loads(schedule.read_text()):
        while (wait := began + at - time.monotonic()) > 0:
            time.sleep(wait if wait > 0.002 else 0.0001)
        out.send_message(data)
        times.append(time.monotonic())
    time.sleep(0.5)
    shown.write_text(json.dumps(heard))
    np.save(sent, np.array(times))
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
