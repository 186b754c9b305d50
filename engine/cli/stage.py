"""``play``: two processes, watched, and what is seen of them."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from rich.text import Text

from engine.cli import signals
from engine.cli.console import stderr, tell, waiting, warn
from engine.cli.ending import tell_end
from engine.cli.keyboard import LINKS, TARGETS, Quitting, keyboard, pressed
from engine.cli.pane import pane
from engine.cli.places import SurfacePlaces
from engine.cli.rows import row
from engine.cli.screen import draw, line
from engine.cli.surfaces import PlaySurfaces
from engine.config.request import DeviceConfig, EngineConfig
from engine.config.rig import Rig
from engine.control.songs import Part
from engine.errors import PresetError
from engine.host.compiling import is_compiled
from engine.host.controller import Controller
from engine.host.observer import Observer
from engine.host.status import latency
from engine.host.status_publisher import StatusPublisher
from engine.host.supervisor import Supervisor, refused
from engine.io.midi_file import read_midi
from engine.paths import fitting
from engine.state.events import Events
from engine.takes.asked import written_config
from engine.takes.recorder import Recorder
from engine.takes.take import hash_of

_OPENING = "opening the devices, loading the network"
_COMPILING = "compiling the audio path for this machine (once, about half a minute)"
_PERIOD_S = 0.1
_PLAIN_PERIOD_S = 5.0


class Played(NamedTuple):
    """What is played.

    Attributes:
        rig: its slots, controls and clock.
        path: file of the rig or the set, beside which it is remembered how it stood; None where one
            preset was asked for.
        rig_path: file into which controls are written that are learnt; None for none.
        parts: of the set.
    """

    rig: Rig
    path: Path | None
    rig_path: Path | None
    parts: Sequence[Part] = ()


def play_stage(
    wanted: DeviceConfig,
    played: Played,
    seconds: float | None,
    as_json: bool,
    record: Path | None = None,
    midi: Path | None = None,
    surfaces: SurfacePlaces | None = None,
) -> None:
    """Play until the time or the file is over, or Ctrl-C.

    Args:
        wanted: devices or files, and what is played with.
        played: rig and set.
        seconds: how long; None for no end.
        as_json: whether to print one JSON object and nothing else.
        record: folder that takes are recorded into, or None.
        midi: Standard MIDI File to play on the controls, or None.
        surfaces: the stage page and OSC; None for neither.

    Raises:
        DeviceError: a device is missing or refuses.
        PresetError: the preset cannot be loaded or run as asked.
        OutputError: there is no place for takes, or the disk is full that is recorded on.
        DeviceLost: a device beside a file has gone; beside a device it is waited for.
        InputError: the MIDI file cannot be read.
    """  # noqa: DOC501
    score = read_midi(midi, warn) if midi is not None else []
    config, rig = wanted.config, played.rig
    stage = Supervisor(wanted)
    events = _Events(stage.events)
    state = None if played.path is None else _state_of(played.path)
    controller = Controller(
        stage.shared,
        rig,
        config.downbeat_s,
        state,
        score,
        tell=stage.note,
        feed_is_file=bool(wanted.feed),
        parts=played.parts,
    )
    controller.commands.learner.rig = played.rig_path
    publisher, names = None, [slot.preset for slot in rig.slots]
    shows = PlaySurfaces(stage, controller, surfaces, names, record, played.rig_path)
    recorder = None if record is None else _recorder(stage, controller, record, names)
    try:
        with waiting(_OPENING if is_compiled() else _COMPILING):
            stage.start()
        if played.path is None and stage.broken:  # the one preset that was asked for
            raise refused(PresetError, stage.broken[0])
        _announce(stage, config, " | ".join(names), wanted)
        publisher = StatusPublisher(Observer(stage, controller, recorder, rig).look, stage.note)
        controller.changed = publisher.changed
        controller.commands.delay = lambda: int(str(stage.device["device_samples"]))
        shows.begin(publisher)
        controller.start()
        publisher.start()
        # Files count their samples themselves, so that a recording is as long as was asked for.
        endless = seconds is None or wanted.has_files
        until = float("inf") if endless else time.monotonic() + (seconds or 0.0)
        _watch(publisher, controller, stage.over.is_set, until, events, shows)
    finally:
        with signals.ending():
            if publisher is not None:
                publisher.stop()
            controller.stop()
            shows.stop()
            stage.end_device()
            if recorder is not None:
                recorder.stop()
            stage.stop()
    events.tell()  # what the screen has taken along, and what was said at the end
    tell_end(stage, recorder, wanted, names, as_json)
    if stage.fault is not None:
        raise stage.fault


def _recorder(
    stage: Supervisor, controller: Controller, folder: Path, names: list[str]
) -> Recorder:
    """A take that begins with the session can be played again."""
    config = stage.wanted.config
    facts = {
        "version": version("doubledrop"),
        "presets": names,
        "asked": written_config(config),
        "models_sha256": [hash_of(model) for model in config.models],
    }
    controller.heard = deque()
    recorder = Recorder(stage.shared, folder, facts, stage.events, stage.note, controller.heard)
    recorder.start()
    return recorder


def _state_of(rig: Path) -> Path:
    """Where it is remembered how a rig stood."""
    return rig.with_name(fitting(rig.stem, ".state.json"))


def _announce(stage: Supervisor, config: EngineConfig, name: str, wanted: DeviceConfig) -> None:
    device, engine = stage.device, stage.engine
    rate, parts = int(str(device["rate"])), latency(stage)
    clock = f"{config.bpm:.2f} BPM" if config.known else "listening for the tempo"
    tell(
        f"{device['input']} → {name} on {engine['provider']} → {device['output']},"
        f" {rate} Hz in blocks of {device['block']}, {device['callback']} callback, {clock},"
        f" latency {parts['total']} samples ({1000 * parts['total'] / rate:.1f} ms)"
    )
    if not engine["realtime"] and hasattr(os, "sched_setscheduler"):  # else there is none to give
        warn(
            "no real-time priority for the engine: allow it with `ulimit -r 95`, or a line"
            " `@audio - rtprio 95` in /etc/security/limits.conf"
        )


class _Events:
    """Tells each event once, on lines."""

    def __init__(self, events: Events) -> None:
        self._events, self._told = events, 0

    def tell(self) -> None:
        """Those that are new."""
        new, self._told = self._events.since(self._told)
        for event in new:
            warn(f"{event.at_s:.1f} s: {event.text}")


def _watch(
    publisher: StatusPublisher,
    controller: Controller,
    is_over: Callable[[], bool],
    until: float,
    events: _Events,
    shows: PlaySurfaces,
) -> None:
    """Show the stage until the time or the file is over, q or Ctrl-C."""

    def ends() -> bool:
        return time.monotonic() >= until or is_over()

    with suppress(KeyboardInterrupt):
        if stderr.is_terminal:
            _show(publisher, controller, ends, shows)
        else:
            _tell(publisher, ends, events)
    tell("ending")


def _show(
    publisher: StatusPublisher,
    controller: Controller,
    ends: Callable[[], bool],
    shows: PlaySurfaces,
) -> None:
    """A screen, ten times a second, and the keyboard; with w the links of the page in its place."""
    controller.music.show()
    quitting, linked = Quitting(), False
    with keyboard() as keys, pane(stderr) as shown:
        while not ends():
            asked = quitting.is_asked(time.monotonic())
            if linked and (rows := shows.rows(stderr.encoding)):
                rows += [Text()] * (stderr.size[1] - len(rows))
                shown.show([row(text, stderr.size[0], pad=True) for text in rows])
            else:
                shown.show(draw(publisher.latest, *stderr.size, keys, asked, stderr.encoding))
            due = time.monotonic() + _PERIOD_S
            while (wait := due - time.monotonic()) > 0:
                if not keys:
                    time.sleep(wait)
                    continue
                for key in pressed(wait):
                    if quitting.press(key, time.monotonic()):
                        return
                    linked = key == LINKS and not linked
                    controller.press(TARGETS.get(key, ""))


def _tell(publisher: StatusPublisher, ends: Callable[[], bool], events: _Events) -> None:
    """A line every few seconds, and what happens when it does."""
    last_line = time.monotonic()
    while not ends():
        time.sleep(_PERIOD_S)
        events.tell()
        if time.monotonic() - last_line >= _PLAIN_PERIOD_S:
            last_line = time.monotonic()
            show = publisher.latest
            tell(f"{show.seconds:6.1f} s  {line(show)}")
