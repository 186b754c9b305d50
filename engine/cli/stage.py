"""``play``: two processes, watched, and what is seen of them."""

from __future__ import annotations

import os
import time
from collections import deque
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from engine.cli import signals
from engine.cli.console import say, say_json, shares, stderr, tell, waiting, warn
from engine.cli.keyboard import TARGETS, Quitting, keyboard, pressed
from engine.cli.pane import pane
from engine.cli.screen import draw, line
from engine.config.request import DeviceConfig, EngineConfig
from engine.config.rig import Rig
from engine.errors import PresetError
from engine.host.compiling import is_compiled
from engine.host.controller import Controller
from engine.host.observer import Observer
from engine.host.status import Status, latency, look
from engine.host.supervisor import Supervisor, refused
from engine.io.midi_file import read_midi
from engine.offline.report import draw_two
from engine.paths import fitting
from engine.state.events import Events
from engine.takes.asked import written_config
from engine.takes.recorder import Recorder
from engine.takes.take import hash_of

_OPENING = "opening the devices, loading the network"
_COMPILING = "compiling the audio path for this machine (once, about half a minute)"
_PERIOD_S = 0.1
_PLAIN_PERIOD_S = 5.0


def play_stage(
    wanted: DeviceConfig,
    rig: Rig,
    rig_path: Path | None,
    seconds: float | None,
    as_json: bool,
    record: Path | None = None,
    midi: Path | None = None,
) -> None:
    """Play until the time or the file is over, or Ctrl-C.

    Args:
        wanted: devices or files, and what is played with.
        rig: its slots, controls and clock.
        rig_path: file of the rig; None where one preset was asked for.
        seconds: how long; None for no end.
        as_json: whether to print one JSON object and nothing else.
        record: folder that takes are recorded into, or None.
        midi: Standard MIDI File to play on the controls, or None.

    Raises:
        DeviceError: a device is missing or refuses.
        PresetError: the preset cannot be loaded or run as asked.
        OutputError: there is no place for takes, or the disk is full that is recorded on.
        DeviceLost: a device beside a file has gone; beside a device it is waited for.
        InputError: the MIDI file cannot be read.
    """  # noqa: DOC501
    score = read_midi(midi, warn) if midi is not None else []
    config = wanted.config
    stage = Supervisor(wanted)
    events = _Events(stage.events)
    state = None if rig_path is None else _state_of(rig_path)
    controller = Controller(
        stage.shared,
        rig,
        config.downbeat_s,
        state,
        score,
        tell=stage.note,
        feed_is_file=bool(wanted.feed),
    )
    recorder, names = None, [slot.preset for slot in rig.slots]
    if record is not None:
        facts = {
            "version": version("doubledrop"),
            "presets": names,
            "asked": written_config(config),
            "models_sha256": [hash_of(model) for model in config.models],
        }
        controller.heard = deque()
        recorder = Recorder(stage.shared, record, facts, stage.events, stage.note, controller.heard)
        recorder.start()  # a take that begins with the session can be played again
    try:
        with waiting(_OPENING if is_compiled() else _COMPILING):
            stage.start()
        if rig_path is None and stage.broken:  # the one preset that was asked for
            raise refused(PresetError, stage.broken[0])
        _announce(stage, config, " | ".join(names), wanted)
        controller.start()
        observer = Observer(stage, controller, recorder, rig)
        # Files count their samples themselves, so that a recording is as long as was asked for.
        endless = seconds is None or wanted.has_files
        until = float("inf") if endless else time.monotonic() + (seconds or 0.0)
        _watch(observer, until, events)
    finally:
        with signals.ending():
            controller.stop()
            stage.end_device()
            if recorder is not None:
                recorder.stop()
            stage.stop()
    events.tell()  # what the screen has taken along, and what was said at the end
    status = look(stage)
    if as_json:
        said = {"device": stage.device, "engine": stage.engine, "presets": names}
        take = str(recorder.take) if recorder is not None and recorder.take else None
        said |= status.to_json() | {"take": take, "recording": wanted.kept or None}
        say_json(said | {"events": [e.text for e in stage.events]})
    else:
        _summary(status)
        if recorder is not None and recorder.take is not None:
            say(f"take: {recorder.take}, {recorder.seconds:.1f} s")
        _tell_recording(stage, wanted, config, " | ".join(names))
    if stage.fault is not None:
        raise stage.fault


def _tell_recording(
    stage: Supervisor, wanted: DeviceConfig, config: EngineConfig, name: str
) -> None:
    """Where a recording is; of a file beside a picture of both."""
    if not wanted.kept or not Path(wanted.kept).exists():
        return
    say(f"recording: {wanted.kept}")
    if wanted.feed and not (wanted.loop or stage.fault or signals.is_terminated()):
        title = f"{wanted.input} → {name}, live, {config.bpm:.2f} BPM"
        files = Path(wanted.feed), Path(wanted.kept)
        say(f"picture:   {draw_two(*files, config.tempo, title, wanted.force)}")


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


def _watch(observer: Observer, until: float, events: _Events) -> None:
    """Show the stage until the time is over, q or Ctrl-C."""
    with suppress(KeyboardInterrupt):
        if stderr.is_terminal:
            _show(observer, until)
        else:
            _tell(observer, until, events)
    tell("ending")


def _show(observer: Observer, until: float) -> None:
    """A screen, ten times a second, and the keyboard."""
    quitting = Quitting()
    with keyboard() as keys, pane(stderr) as shown:
        while time.monotonic() < until and not observer.is_over:
            asked = quitting.is_asked(time.monotonic())
            shown.show(draw(observer.look(), *stderr.size, keys, asked, stderr.encoding))
            due = time.monotonic() + _PERIOD_S
            while (wait := due - time.monotonic()) > 0:
                if not keys:
                    time.sleep(wait)
                    continue
                for key in pressed(wait):
                    if quitting.press(key, time.monotonic()):
                        return
                    observer.controller.press(TARGETS.get(key, ""))


def _tell(observer: Observer, until: float, events: _Events) -> None:
    """A line every few seconds, and what happens when it does."""
    last_line = time.monotonic()
    while time.monotonic() < until and not observer.is_over:
        time.sleep(_PERIOD_S)
        events.tell()
        if time.monotonic() - last_line >= _PLAIN_PERIOD_S:
            last_line = time.monotonic()
            show = observer.look()
            tell(f"{show.seconds:6.1f} s  {line(show)}")


def _summary(status: Status) -> None:
    say(
        f"gains {shares(status.gain_share)}, {status.age_ms['p50']:.0f} ms old"
        f" (p99 {status.age_ms['p99']:.0f}); {status.inferences} inferences,"
        f" {status.late_gains} gains late"
    )
    say(
        f"{status.gaps} gaps of the effects, {status.flags} callbacks flagged by the device;"
        f" callback p50 {status.callback_ms['p50']:.2f}, p99.9 {status.callback_ms['p999']:.2f} ms"
    )
    say(f"device lost {status.lost} ×, engine started again {status.restarts} ×")
    if status.faults:
        warn(f"{status.faults} inferences failed")
