"""Processes kept alive: the one that owns the device and makes the sound, the one in which the
network runs and, for rigs that have some, the one of the effects.

None can take another along, nor this one. What is lost is started again: the device when it is
back, under its name; the others at once.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import cast

from engine.config.request import DeviceConfig, written
from engine.errors import DeviceError, DeviceLost, DoubledropError, OutputError, PresetError
from engine.host.compiling import is_compiled
from engine.host.live_path import shape_of
from engine.io.devices import let_go
from engine.models.quarantine import dry
from engine.plugins.pool import PluginPool
from engine.processes import messages as said
from engine.processes.children import LOST, Child
from engine.processes.leftovers import release
from engine.state import shared_state as b
from engine.state.events import Event, Events

_TICK_S = 0.05
_START_S = 180.0  # the first time the audio path is compiled
_DEVICE_POLL_S = 0.3
_STALLED_S = 2.0
_SHORT_LIFE_S = 10.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.01, 5.0
_MODULES = {"device": "device", "engine": "network", "effects": "effects"}


class Supervisor:
    """The stage: device, network and effects, watched.

    Args:
        wanted: of the device, and what is played with.

    Attributes:
        shared: the shared memory, with all counters.
        wanted: of the device, and what is played with.
        device, engine: what device and network said when they were ready.
        events: what happened; the newest last.
        over, fault: whether the files that are played have come to their end, and why if that was
            too early.
        lost, restarts, stalls: times the device was lost, the network started again, and of those
            because it had fallen silent.
    """

    def __init__(self, wanted: DeviceConfig) -> None:
        self.events = Events()
        self._began = time.monotonic()
        self._pool = PluginPool(wanted.config, self.note)
        config = self._config = self._pool.config
        self.wanted = replace(wanted, config=config)
        shape = shape_of(config)
        self.shared = b.create(shape)
        self.shared.controls.wet = config.settings.wet
        self.shared.want_tempo(config.tempo, config.known)
        self.device: dict[str, object] = {}
        self.engine: dict[str, object] = {}
        self.lost = self.restarts = self.stalls = 0
        self._out: dict[int, str] = {}
        self.over = threading.Event()
        self.fault: DoubledropError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        names = ["device", "engine"]
        names += ["effects"] if shape.effects or shape.sources > 1 else []
        self._children: dict[str, Child | None] = dict.fromkeys(names)
        self._due = dict.fromkeys(names, 0.0)
        self._trouble = dict.fromkeys(names, "")
        self._born, self._wait = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
        self._ready = dict.fromkeys(names, 0.0)
        self._progress = dict.fromkeys(names, (0, 0.0))

    @property
    def effects_pid(self) -> int | None:
        """Of the effects' process, if there is one."""
        child = self._children.get("effects")
        return child.pid if child else None

    @property
    def engine_pid(self) -> int | None:
        """Of the network's process that runs now."""
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
            DoubledropError: anything else; in each case what had begun is ended.
        """
        let_go()  # the process of the device opens it, under its own name
        try:
            self._pool.start()
            self._compile()
            for name in self._children:  # at once: each takes a second to load what it needs
                self._spawn(name)
            order: list[tuple[str, type[DoubledropError]]]
            order = [("device", DeviceError), ("engine", PresetError)]
            # A file begins when the networks are there.
            for name, error in reversed(order) if self.wanted.has_files else order:
                self._await(name, error)
        except DoubledropError:
            self.stop()
            raise
        self._thread.start()

    def _compile(self) -> None:
        """The audio path, the first time; if that fails here, whoever needs it tries again."""
        if is_compiled():
            return
        deadline = time.monotonic() + _START_S
        child = Child("engine.host.compiling", note=self.note)
        while child.status is None and time.monotonic() < deadline:
            time.sleep(_TICK_S)
        child.kill()

    def end_device(self) -> None:
        """Fade out and end the device; what was played can still be read."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._end("device", b.DEVICE_ENDS)

    def stop(self) -> None:
        """Fade out and end all."""
        self.end_device()
        for name in [name for name in self._children if name != "device"]:
            self._end(name, b.ALL_END)
        self._pool.stop()
        release(self.shared.path)

    def _end(self, name: str, order: int) -> None:
        self.shared.controls.stop = order
        child = self._children[name]
        if child is None:
            return
        if self.device if name == "device" else self.engine if name == "engine" else True:
            child.end()
        else:
            child.kill()  # it is loading, and looks at nothing else

    def _spawn(self, name: str) -> None:
        text = written(self.wanted if name == "device" else self._config)
        module = f"engine.host.{_MODULES[name]}_process"
        self._children[name] = Child(module, str(self.shared.path), text, note=self.note)
        self._born[name] = now = time.monotonic()
        self._ready[name], self._progress[name] = now + _START_S, (0, now)

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
        for line in child.hear(said.STAGE[name].validate_python) if child else ():
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
                case said.Ready():
                    self._ready[name] = time.monotonic()
                    if self._wait[name]:
                        self.note("effects back")
                case said.EngineReady():
                    if self.engine:
                        self.note("engine back")
                    self.engine, self._ready[name] = line.model_dump(), time.monotonic()
        return error

    def _watch(self) -> None:
        now = time.monotonic()  # a device may take long to begin, the first time
        self._progress = {name: (at, now) for name, (at, _) in self._progress.items()}
        while not self._stop.wait(_TICK_S):
            now = time.monotonic()
            for name in self._children:
                self._tend(name, now)
            self._pool.tend()

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
            if name != "device" and self._stalled(name, now):
                self.stalls += name == "engine"
                self.note(f"{name} silent: started again")
                child.kill()
            return
        self._children[name], self._trouble[name] = None, ""
        if name == "device":
            # Nobody else can say so now: nothing is heard.
            self.shared.device.available = self.shared.device.level_now = 0.0
            if self.wanted.has_files:  # it has come to its end, or cannot be begun again
                self._finish(status, trouble)
                return
            if status == LOST:
                self.lost += 1
                self.note("audio device lost: waiting for it")
            self._due[name] = now + _DEVICE_POLL_S
            return
        short = now - self._born[name] <= _SHORT_LIFE_S
        self._wait[name] = 2 * self._wait[name] + 0.25 if short else _FIRST_WAIT_S
        self._due[name] = now + min(self._wait[name], _LONGEST_WAIT_S)
        why = trouble or f"status {status}"
        if name == "effects":
            self.note(f"effects ended ({why}): left out until they are back")
            return
        self.restarts += 1
        self.note(f"engine ended ({why}): old gains until it is back")

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

    def _stalled(self, name: str, now: float) -> bool:
        """Whether a process has stood still while the device went on. A start takes its time: on a
        busy machine one that was ended for it would never be there."""
        before, since = self._progress[name]
        shared = self.shared
        latest = shared.network.at if name == "engine" else shared.effects.made + shared.effects.fed
        hearing = self._children["device"] is not None and shared.device.level_now > 0.0
        if latest != before or not hearing or now - self._ready[name] < _SHORT_LIFE_S:
            self._progress[name] = latest, now
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
