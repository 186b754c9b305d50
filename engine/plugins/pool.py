"""The processes of a rig's plugins: watched, and started again, but not after a third fault."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

from engine.config.request import EngineConfig
from engine.effects.specs import BuiltinSpec, EffectSpec, PluginSpec, SlotStrip, changed, each
from engine.plugins.channel import AudioChannel, lay
from engine.processes import messages as said
from engine.processes.children import Child
from engine.processes.leftovers import release

CHANCES = 3
"""Faults of a plugin in a show, after the last of which it stays out."""
_HUNG_S = 0.5
_START_S = 15.0
_TICK_S = 0.02


class PluginPool:
    """The plugins of a rig.

    Args:
        config: what is played with; each plugin gets its channel.
        note: told what happens.
        chances: faults of one plugin, after the last of which it stays out.

    Attributes:
        config: the same, with the channels.
    """

    def __init__(
        self, config: EngineConfig, note: Callable[[str], None], chances: int = CHANCES
    ) -> None:
        self._units: list[_Unit] = []

        def with_channel(spec: BuiltinSpec | PluginSpec) -> BuiltinSpec | PluginSpec:
            if not isinstance(spec, PluginSpec) or not spec.latency or spec.refused:
                return spec
            unit = _Unit(spec, note, chances)
            self._units.append(unit)
            return unit.spec

        self.config = with_effects(config, with_channel)

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
def pooled(
    config: EngineConfig, note: Callable[[str], None], chances: int = 1
) -> Iterator[EngineConfig]:
    """The plugins for a performance that nobody listens to; a thread looks after them.

    Args:
        config: what is played with.
        note: told what happens.
        chances: faults of one plugin, after the last of which it stays out.

    Yields:
        What is played with, with the plugins' channels.
    """
    pool, over = PluginPool(config, note, chances), threading.Event()

    def watch() -> None:
        while not over.wait(_TICK_S):
            pool.tend()

    pool.start()
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield pool.config
    finally:
        over.set()
        thread.join()
        pool.stop()


def effects_in(config: EngineConfig) -> Iterator[EffectSpec]:
    """All effects of a rig, those in branches too."""
    for chain in [*(c for s in config.strips for c in (s.before, s.after)), config.master]:
        yield from each(chain)


def with_effects(
    config: EngineConfig, change: Callable[[BuiltinSpec | PluginSpec], BuiltinSpec | PluginSpec]
) -> EngineConfig:
    """The same with other effects, which are changed in the order of :func:`effects_in`."""
    strips = [SlotStrip(*(changed(c, change) for c in (s.before, s.after))) for s in config.strips]
    return replace(config, strips=strips, master=changed(config.master, change))


class _Unit:
    """One plugin and its process."""

    def __init__(self, spec: PluginSpec, note: Callable[[str], None], chances: int) -> None:
        self._note, self._chances = note, chances
        self._audio: AudioChannel = lay()
        self.spec = replace(spec, channel=str(self._audio.path))
        self._child: Child | None = None
        self._ready = False
        self._since, self._progress = 0.0, (0, 0, 0.0)
        self._gone_s: float | None = None

    @property
    def is_loading(self) -> bool:
        return self._child is not None and not self._ready

    def spawn(self) -> None:
        arguments = str(self._audio.path), json.dumps(asdict(self.spec))
        self._child = Child("engine.plugins.plugin_process", *arguments, note=self._note)
        self._ready, self._since = False, time.monotonic()
        self._progress = (0, 0, self._since)

    def stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None
        release(self._audio.path)

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
                        self._note(f"{self.spec.name} back after {now - self._gone_s:.1f} s")
                    self._gone_s = None
        if status is not None:
            self._failed(now, fault or f"its process ended with status {status}")
        elif now - self._since > _START_S and not self._ready:
            self._failed(now, f"was not loaded within {_START_S:g} s")
        elif self._ready and self._hangs(now):
            self._failed(now, "does not answer")

    def _hangs(self, now: float) -> bool:
        """Whether it has something to do, and does nothing."""
        audio, (before, sent, since) = self._audio, self._progress
        there, done = audio.there.sent, audio.given_back(audio.there.session)
        if audio.back.back != before or done == there or there < sent:
            self._progress = audio.back.back, there, now
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
            self._note(f"{self.spec.name}: {fault}; bypassed until it is back")
            self.spawn()
            return
        self._audio.care.disabled = 1
        self._note(f"{self.spec.name}: {fault}; it stays out")
