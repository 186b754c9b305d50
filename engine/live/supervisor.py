"""Two processes kept alive: the one that owns the device and the one in which the network runs.

Neither can take the other along, nor this one. What is lost is started again: the device when it is
back, under its name; the engine at once, and the audio is dry meanwhile.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import cast

from engine.errors import DeviceError, DeviceLost, DoubledropError, OutputError, PresetError
from engine.live import board as b
from engine.live import said
from engine.live.asked import Asked, Wanted, written
from engine.live.chains import latencies
from engine.live.devices import let_go
from engine.live.events import Event, Events
from engine.live.leftovers import release
from engine.live.processes import LOST, Child
from engine.live.quarantine import dry
from engine.live.rack import Rack

_TICK_S = 0.05
_START_S = 60.0
_DEVICE_POLL_S = 0.3
_STALLED_S = 2.0
_SHORT_LIFE_S = 10.0
_LONGEST_WAIT_S = 5.0


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
        over, fault: whether the files that are played have come to their end, and why if that was
            too early.
        lost, restarts, stalls: times the device was lost, the engine started again, and of those
            because it had fallen silent.
    """

    def __init__(self, wanted: Wanted, asked: Asked) -> None:
        self.events = Events()
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
        self._out: dict[int, str] = {}
        self.over = threading.Event()
        self.fault: DoubledropError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._children: dict[str, Child | None] = {"device": None, "engine": None}
        self._due = {"device": 0.0, "engine": 0.0}
        self._trouble = {"device": "", "engine": ""}
        self._born = self._ready = 0.0
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

    @property
    def broken(self) -> dict[int, str]:
        """Slots that play dry, from 0, and why."""
        return cast(dict[int, str], self.engine.get("why", {})) | self._out

    def start(self) -> None:
        """Open the device and load the network.

        Raises:
            DeviceError: there is no such device, or it refuses.
            PresetError: the provider of the networks is not there.
        """
        let_go()  # the process of the device opens it, under its own name
        try:
            self._rack.start()
            order: list[tuple[str, type[DoubledropError]]]
            order = [("device", DeviceError), ("engine", PresetError)]
            # A file does not begin before there is somebody who restyles it.
            for name, error in reversed(order) if self.wanted.has_files else order:
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
        release(self.board.path)

    def _end(self, name: str, order: int) -> None:
        self.board.publish(b.STOP, order)
        child = self._children[name]
        if child is None:
            return
        if self.device if name == "device" else self.engine:
            child.end()
        else:
            child.kill()  # it is loading, and looks at nothing else

    def _spawn(self, name: str) -> None:
        module, text = (
            ("engine.live.device_process", written(self.wanted))
            if name == "device"
            else ("engine.live.engine_process", written(self._asked))
        )
        self._children[name] = Child(module, str(self.board.path), text, note=self.note)
        if name == "engine":
            self._born = time.monotonic()
            self._ready = self._born + _START_S
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
        meaning = said.DEVICE if name == "device" else said.ENGINE
        for line in child.hear(meaning.validate_python) if child else ():
            match line:
                case said.Trouble():
                    error = line.error
                case said.Warned():
                    self.note(line.warning)
                case said.Fault():
                    self.note(line.fault)
                case said.Quarantined():
                    self._out[line.out] = line.why
                    self.note(dry(line.out, f"{line.why}; until the next start"))
                case said.DeviceReady():
                    if self.device:
                        self.note(f"audio device back: {line.output}, {line.rate} Hz")
                    self.device = line.model_dump()
                case said.EngineReady():
                    if self.engine:
                        self.note("engine back")
                    self.engine, self._ready = line.model_dump(), time.monotonic()
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
        # What goes wrong is said a moment before the end of the process.
        trouble = self._trouble[name] = self._hear(name) or self._trouble[name]
        if status is None:
            if name == "engine" and self._stalled(now):
                self.stalls += 1
                self.note("engine silent: started again")
                child.kill()
            return
        self._children[name], self._trouble[name] = None, ""
        if name == "device":
            # Nobody else can say so now: nothing is heard.
            self.board.levels[b.AVAILABLE] = self.board.levels[b.LEVEL_NOW] = 0.0
            if self.wanted.has_files:  # it has come to its end, or cannot be begun again
                self._finish(status, trouble)
                return
            if status == LOST:
                self.lost += 1
                self.note("audio device lost: waiting for it")
            self._due[name] = now + _DEVICE_POLL_S
            return
        self.restarts += 1
        self._wait = 0.0 if now - self._born > _SHORT_LIFE_S else 2 * self._wait + 0.25
        self._due[name] = now + min(self._wait, _LONGEST_WAIT_S)
        self.note(f"engine ended ({trouble or f'status {status}'}): dry until it is back")

    def _finish(self, status: int, trouble: str) -> None:
        """The process of a file has ended by itself."""
        if status == LOST:
            cure = "Check the cable or the audio server; what was recorded is kept."
            self.fault = DeviceLost("audio device", "has fallen silent", cure=cure)
        elif status:
            text = trouble or f"the process of the files: ended with status {status}. Play again."
            self.fault = refused(OutputError, text)
        self._due["device"] = float("inf")
        self.over.set()

    def _stalled(self, now: float) -> bool:
        """Whether the engine has stood still while the device went on. A start takes its time: on
        a busy machine an engine that was ended for it would never be there."""
        made, since = self._progress
        latest = self.board.get(b.MADE)
        hearing = self._children["device"] is not None and self.board.levels[b.LEVEL_NOW] > 0.0
        if latest != made or not hearing or now - self._ready < _SHORT_LIFE_S:
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
