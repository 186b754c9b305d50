"""The processes of a rig's plugins: watched, and started again, but not after a third fault."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from engine.live import said
from engine.live.asked import Asked
from engine.live.leftovers import release
from engine.live.processes import Child
from engine.live.wire import Wire, lay

CHANCES = 3
"""Faults of a plugin in a show, after the last of which it stays out."""
OURS = frozenset({"wire", "latency", "latencies", "refused"})
"""Keys of an effect that no rig says: what is found out of it."""
_HUNG_S = 0.5
_START_S = 15.0
_TICK_S = 0.02

Spec = dict[str, Any]


class Rack:
    """The plugins of a rig.

    Args:
        asked: what is played with; each plugin gets its wire.
        note: told what happens.
        chances: faults of one plugin, after the last of which it stays out.

    Attributes:
        asked: the same, with the wires.
    """

    def __init__(self, asked: Asked, note: Callable[[str], None], chances: int = CHANCES) -> None:
        asked = replace(
            asked, **{key: copy.deepcopy(getattr(asked, key)) for key in ("lanes", "master")}
        )
        self.asked = asked
        self._units = [_Unit(spec, note, chances) for spec in plugins_of(asked)]

    def start(self) -> None:
        """Load all plugins, at once; one that does not come in time is a fault of its."""
        for unit in self._units:
            unit.spawn()
        deadline = time.monotonic() + _START_S
        while any(unit.is_loading for unit in self._units) and time.monotonic() < deadline:
            self.tend()
            time.sleep(_TICK_S)

    def tend(self) -> None:
        """Look after them, a few times a second."""
        for unit in self._units:
            unit.tend(time.monotonic())

    def stop(self) -> None:
        """End them all."""
        for unit in self._units:
            unit.stop()


@contextmanager
def racked(asked: Asked, note: Callable[[str], None], chances: int = 1) -> Iterator[Asked]:
    """The plugins for a performance that nobody listens to; a thread looks after them."""
    rack, over = Rack(asked, note, chances), threading.Event()

    def watch() -> None:
        while not over.wait(_TICK_S):
            rack.tend()

    rack.start()
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield rack.asked
    finally:
        over.set()
        thread.join()
        rack.stop()


def plugins_of(asked: Asked) -> Iterator[Spec]:
    """The plugins among all effects, those in branches too."""
    yield from (spec for spec in effects_in(asked) if spec.get("plugin") and "latency" in spec)


def effects_in(asked: Asked) -> Iterator[Spec]:
    """All effects of a rig, those in branches too."""
    lanes = [chain for lane in asked.lanes for chain in (lane["before"], lane["after"])]
    for chain in [*lanes, asked.master]:
        yield from flat(chain)


def flat(chain: list[Spec]) -> Iterator[Spec]:
    """All effects of a chain, those in branches too."""
    for spec in chain:
        yield spec
        for branch in spec.get("branches") or ():
            yield from flat(branch["chain"])


class _Unit:
    """One plugin and its process."""

    def __init__(self, spec: Spec, note: Callable[[str], None], chances: int) -> None:
        self._spec, self._note, self._chances = spec, note, chances
        self._wire: Wire = lay()
        spec["wire"] = str(self._wire.path)
        self._child: Child | None = None
        self._ready = False
        self._since, self._progress = 0.0, (0, 0, 0.0)
        self._gone_s: float | None = None

    @property
    def is_loading(self) -> bool:
        return self._child is not None and not self._ready

    def spawn(self) -> None:
        spec = {key: value for key, value in self._spec.items() if key not in OURS}
        arguments = str(self._wire.path), json.dumps(spec)
        self._child = Child("engine.live.plugin_process", *arguments, note=self._note)
        self._ready, self._since = False, time.monotonic()
        self._progress = (0, 0, self._since)

    def stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None
        release(self._wire.path)

    def tend(self, now: float) -> None:
        child, fault = self._child, ""
        if child is None:
            return
        status = child.status
        for line in child.hear(said.PLUGIN.validate_python):
            match line:
                case said.Trouble():
                    fault = line.error
                case said.Fault():
                    fault = line.fault
                case said.Ready():
                    self._ready = True
                    if self._gone_s is not None:
                        self._note(f"{self._spec['name']} back after {now - self._gone_s:.1f} s")
                    self._gone_s = None
        if status is not None:
            self._failed(now, fault or f"its process ended with status {status}")
        elif now - self._since > _START_S and not self._ready:
            self._failed(now, f"was not loaded within {_START_S:g} s")
        elif self._ready and self._hangs(now):
            self._failed(now, "does not answer")

    def _hangs(self, now: float) -> bool:
        """Whether it has something to do, and does nothing."""
        wire, (before, sent, since) = self._wire, self._progress
        there, done = wire.there.sent, wire.given_back(wire.there.session)
        if wire.back.back != before or done == there or there < sent:
            self._progress = wire.back.back, there, now
            return False
        return now - since > _HUNG_S and there > sent  # with an engine that goes on

    def _failed(self, now: float, fault: str) -> None:
        assert self._child is not None
        self._child.kill()
        self._child = None
        self._chances -= 1
        if self._gone_s is None:
            self._gone_s = now
        if self._chances > 0:
            self._note(f"{self._spec['name']}: {fault}; bypassed until it is back")
            self.spawn()
            return
        self._wire.care.disabled = 1
        self._note(f"{self._spec['name']}: {fault}; it stays out")
