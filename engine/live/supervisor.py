"""Two processes kept alive: the one that owns the device and the one in which the network runs.

Neither can take the other along, nor this one. What is lost is started again: the device when it is
back, under its name; the engine at once, and the audio is dry meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, replace

from engine.errors import DeviceError, DoubledropError, PresetError
from engine.live import board as b
from engine.live.asked import Asked, Wanted, written
from engine.live.chains import latencies
from engine.live.processes import LOST, Child
from engine.live.rack import Rack

_TICK_S = 0.05
_START_S = 60.0
_DEVICE_POLL_S = 0.3
_STALLED_S = 2.0
_SHORT_LIFE_S = 10.0
_LONGEST_WAIT_S = 5.0


@dataclass(frozen=True)
class Event:
    """Something that the performer may want to know; ``at_s`` since the program began."""

    at_s: float
    text: str


class Supervisor:
    """The stage: device and engine, watched.

    Args:
        wanted: of the device.
        asked: of the engine.

    Attributes:
        board: the shared memory, with all counters.
        wanted: of the device, with what the effects take.
        device, engine: what the two said when they were ready.
        events: what happened; the newest last.
        lost, restarts, stalls: times the device was lost, the engine started again, and of those
            because it had fallen silent.
    """

    def __init__(self, wanted: Wanted, asked: Asked) -> None:
        self.events: deque[Event] = deque(maxlen=1000)
        self._began = time.monotonic()
        self._rack = Rack(asked, self.note)
        asked = self._asked = self._rack.asked
        self.wanted = replace(wanted, chains=latencies(asked))
        self.board = b.create()
        self.board.levels[b.WET_WANTED] = wanted.settings.wet
        self.board.want_tempo(asked.tempo, asked.known)
        self.device: dict[str, object] = {}
        self.engine: dict[str, object] = {}
        self.lost = self.restarts = self.stalls = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._children: dict[str, Child | None] = {"device": None, "engine": None}
        self._due = {"device": 0.0, "engine": 0.0}
        self._born = 0.0
        self._wait = 0.0
        self._progress = (0, 0.0)

    @property
    def engine_pid(self) -> int | None:
        """Of the engine that runs now."""
        child = self._children["engine"]
        return child.pid if child else None

    @property
    def device_pid(self) -> int | None:
        """Of the process that owns the device now."""
        child = self._children["device"]
        return child.pid if child else None

    def start(self) -> None:
        """Open the device and load the network.

        Raises:
            DeviceError: there is no such device, or it refuses.
            PresetError: the network cannot be loaded, or its provider is not there.
        """
        try:
            self._rack.start()
            for name, error in (("device", DeviceError), ("engine", PresetError)):
                self._spawn(name)
                self._await(name, error)
        except DoubledropError:
            self.stop()
            raise
        self._thread.start()

    def end_device(self) -> None:
        """Fade out and end the device; what was played can still be read."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._end("device", b.DEVICE_ENDS)

    def stop(self) -> None:
        """Fade out and end both."""
        self.end_device()
        self._end("engine", b.ALL_END)
        self._rack.stop()
        self.board.path.unlink(missing_ok=True)

    def _end(self, name: str, order: int) -> None:
        self.board.publish(b.STOP, order)
        child = self._children[name]
        if child is not None:
            child.end()

    def _spawn(self, name: str) -> None:
        module, text = (
            ("engine.live.device_process", written(self.wanted))
            if name == "device"
            else ("engine.live.engine_process", written(self._asked))
        )
        self._children[name] = Child(module, str(self.board.path), text)
        if name == "engine":
            self._born = time.monotonic()
            self._progress = (self.board.get(b.MADE), self._born)

    def _await(self, name: str, error: type[DoubledropError]) -> None:
        deadline = time.monotonic() + _START_S
        while not (self.device if name == "device" else self.engine):
            child = self._children[name]
            assert child is not None
            status = child.status
            trouble = self._hear(name)
            if trouble or status is not None or time.monotonic() > deadline:
                raise refused(error, trouble or f"{name} process: ended with status {status}")
            time.sleep(_TICK_S)

    def _hear(self, name: str) -> str:
        """What a child has said; its error, if that was one."""
        child, error = self._children[name], ""
        while child and child.lines:
            line = child.lines.popleft()
            if "error" in line:
                error = str(line["error"])
            elif "warning" in line or "fault" in line:
                self.note(str(line.get("warning") or line.get("fault")))
            elif name == "device":
                again = bool(self.device)
                self.device = line
                if again:
                    self.note(f"audio device back: {line['output']}, {line['rate']} Hz")
            else:
                again = bool(self.engine)
                self.engine = line
                if again:
                    self.note("engine back")
        return error

    def _watch(self) -> None:
        while not self._stop.wait(_TICK_S):
            now = time.monotonic()
            for name in self._children:
                self._tend(name, now)
            self._rack.tend()

    def _tend(self, name: str, now: float) -> None:
        child = self._children[name]
        if child is None:
            if now >= self._due[name]:
                self._spawn(name)
            return
        status = child.status
        trouble = self._hear(name)
        if status is None:
            if name == "engine" and self._stalled(now):
                self.stalls += 1
                self.note("engine silent: started again")
                child.kill()
            return
        self._children[name] = None
        if name == "device":
            # Nobody else can say so now: nothing is heard.
            self.board.levels[b.AVAILABLE] = self.board.levels[b.LEVEL_NOW] = 0.0
            if status == LOST:
                self.lost += 1
                self.note("audio device lost: waiting for it")
            self._due[name] = now + _DEVICE_POLL_S
            return
        self.restarts += 1
        self._wait = 0.0 if now - self._born > _SHORT_LIFE_S else 2 * self._wait + 0.25
        self._due[name] = now + min(self._wait, _LONGEST_WAIT_S)
        self.note(f"engine ended ({trouble or f'status {status}'}): dry until it is back")

    def _stalled(self, now: float) -> bool:
        """Whether the engine has stood still while the device went on; a start takes its time."""
        made, since = self._progress
        latest = self.board.get(b.MADE)
        hearing = self._children["device"] is not None and self.board.levels[b.LEVEL_NOW] > 0.0
        if latest != made or not hearing or now - self._born < _SHORT_LIFE_S:
            self._progress = latest, now
            return False
        return now - since > _STALLED_S

    def note(self, text: str) -> None:
        """Something that the performer may want to know."""
        self.events.append(Event(time.monotonic() - self._began, text))


def refused(kind: type[DoubledropError], text: str) -> DoubledropError:
    """An error of another process, as it was said there."""
    subject, _, rest = text.partition(": ")
    found, _, cure = rest.partition(". ")
    return kind(subject, found, cure=cure)
