"""``play`` from a device to a device: two processes, watched, and a line about them."""

from __future__ import annotations

import json
import time
from collections import deque
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import cast

from rich.progress import TimeElapsedColumn

from engine.cli.console import progress, stderr, warn
from engine.live.asked import Asked, Wanted
from engine.live.midi_file import read_midi
from engine.live.performer import Performer
from engine.live.recorder import Recorder
from engine.live.rig import Rig
from engine.live.status import Status, latency, look
from engine.live.supervisor import Supervisor
from engine.live.take import hash_of

_PERIOD_S = 0.1
_PLAIN_PERIOD_S = 5.0


def play_devices(
    wanted: Wanted,
    asked: Asked,
    rig: Rig,
    rig_path: Path | None,
    seconds: float | None,
    as_json: bool,
    record: Path | None = None,
    midi: Path | None = None,
) -> None:
    """Play until the time is over or Ctrl-C.

    Raises:
        DeviceError: a device is missing or refuses.
        PresetError: the preset cannot be loaded or run as asked.
        OutputError: there is no place for takes.
        InputError: the MIDI file cannot be read.
    """
    score = read_midi(midi) if midi is not None else []
    stage = Supervisor(wanted, asked)
    state = None if rig_path is None else rig_path.with_suffix(".state.json")
    performer = Performer(stage.board, rig, asked.downbeat_s, state, score)
    recorder, names = None, [slot.preset for slot in rig.slots]
    if record is not None:
        facts = {
            "version": version("doubledrop"),
            "presets": names,
            "asked": asdict(asked),
            "models_sha256": [hash_of(model) for model in asked.models],
        }
        performer.heard = deque()
        recorder = Recorder(stage.board, record, facts, stage.events, stage.note, performer.heard)
        recorder.start()  # a take that begins with the session can be played again
    with stderr.status("opening the devices, loading the network"):
        stage.start()
    try:
        _announce(stage, asked, " | ".join(names), wanted)
        performer.start()
        broken = cast(list[int], stage.engine["broken"])
        _watch(stage, wanted, seconds, Beside(performer, recorder, names, broken))
    finally:
        performer.stop()
        stage.end_device()
        if recorder is not None:
            recorder.stop()
        stage.stop()
    status = look(stage, wanted.settings)
    if as_json:
        said = {"device": stage.device, "engine": stage.engine, "presets": names}
        take = str(recorder.take) if recorder is not None and recorder.take else None
        said |= status.to_json() | {"take": take, "events": [e.text for e in stage.events]}
        print(json.dumps(said))
        return
    _summary(status)
    if recorder is not None and recorder.take is not None:
        print(f"take: {recorder.take}, {recorder.seconds:.1f} s")


def _announce(stage: Supervisor, asked: Asked, name: str, wanted: Wanted) -> None:
    device, engine = stage.device, stage.engine
    rate, parts = int(str(device["rate"])), latency(stage, wanted.settings)
    clock = f"{asked.bpm:.2f} BPM" if asked.known else "listening for the tempo"
    stderr.print(
        f"{device['input']} → [bold]{name}[/] on {engine['provider']} → {device['output']},"
        f" {rate} Hz in blocks of {device['block']}, {device['callback']} callback, {clock},"
        f" latency {parts['total']} samples ({1000 * parts['total'] / rate:.1f} ms)",
        soft_wrap=True,
    )
    if not engine["realtime"]:
        warn(
            "no real-time priority for the engine: allow it with `ulimit -r 95`, or a line"
            " `@audio - rtprio 95` in /etc/security/limits.conf"
        )


@dataclass(frozen=True)
class Beside:
    """What is to be seen beside the stage's own figures."""

    performer: Performer
    recorder: Recorder | None
    names: list[str]
    broken: list[int]


def _watch(stage: Supervisor, wanted: Wanted, seconds: float | None, beside: Beside) -> None:
    live, began, told = stderr.is_terminal, time.monotonic(), 0
    last_line = began
    with progress(TimeElapsedColumn()) as bar:
        task = bar.add_task("", total=seconds)
        try:
            while seconds is None or time.monotonic() - began < seconds:
                time.sleep(_PERIOD_S)
                now = time.monotonic()
                for event in list(stage.events)[told:]:
                    warn(f"{event.at_s:.1f} s: {event.text}")
                    told += 1
                if live:
                    line = _line(look(stage, wanted.settings), beside)
                    bar.update(task, completed=now - began, description=line)
                elif now - last_line >= _PLAIN_PERIOD_S:
                    last_line = now
                    line = _line(look(stage, wanted.settings), beside)
                    stderr.print(f"{now - began:6.1f} s  {line}", soft_wrap=True)
        except KeyboardInterrupt:
            stderr.print("ending")


def _line(status: Status, beside: Beside) -> str:
    recording, recorder = "", beside.recorder
    if recorder is not None:
        recording = (
            "  [red]NOT recording[/]" if recorder.error else f"  rec {recorder.seconds:.0f} s"
        )
    return (
        f"in {status.peak_in_db:6.1f} dBFS  out {status.peak_out_db:6.1f} dBFS"
        f"  limit {status.limited_db:5.1f} dB  wet {status.wet:4.0%}"
        f"  {status.inferences} inferences  {status.gaps} gaps{recording}"
        f"  {_played(beside)}"
    )


def _played(beside: Beside) -> str:
    """Slot, what comes next and when, tempo and who gives it, place in the bar."""
    performer, now_s = beside.performer, time.monotonic()
    conductor, switching = performer.conductor, performer.switching
    tempo, lead = conductor.tempo, conductor.lead
    text = beside.names[switching.active]
    if switching.active in beside.broken:
        text = f"[red]{text}: cannot be loaded[/]"
    if switching.pending is not None:
        beats = switching.countdown(now_s, tempo)
        text += f" → {beside.names[switching.pending.slot]} in {beats:.1f} beats"
    beat = tempo.beats_at(now_s)
    bar = int(beat // tempo.beats_per_bar) % tempo.bars + 1
    held = " held" if lead.held else ""
    place = f"{bar}.{int(beat % tempo.beats_per_bar) + 1}"
    off = [name for name in ("bypass", "kill", "mute") if getattr(performer.desk.wishes, name)]
    return f"{text}  {tempo.bpm:.2f} BPM {lead.source}{held}  {place}  {' '.join(off)}".rstrip()


def _summary(status: Status) -> None:
    share = ", ".join(f"{name} {part:.1%}" for name, part in status.gain_share.items() if part)
    print(
        f"gains {share or 'none'}, {status.age_ms['p50']:.0f} ms old"
        f" (p99 {status.age_ms['p99']:.0f}); {status.inferences} inferences,"
        f" {status.late_inferences} late\n"
        f"{status.gaps} gaps, {status.late_hops} of {status.hops} hops late, {status.flags}"
        f" callbacks flagged by the device; hop p50 {status.hop_ms['p50']:.2f},"
        f" p99.9 {status.hop_ms['p999']:.2f} ms\n"
        f"device lost {status.lost} ×, engine started again {status.restarts} ×"
    )
    if status.faults:
        warn(f"{status.faults} inferences failed")
