"""What `play` says at its end: counters, takes, recordings."""

from __future__ import annotations

from pathlib import Path

from engine.cli import signals
from engine.cli.console import say, say_json, shares, warn
from engine.config.request import DeviceConfig, EngineConfig
from engine.host.status import Status, look
from engine.host.supervisor import Supervisor
from engine.offline.report import draw_two
from engine.takes.recorder import Recorder


def tell_end(
    stage: Supervisor,
    recorder: Recorder | None,
    wanted: DeviceConfig,
    names: list[str],
    as_json: bool,
) -> None:
    """What there is to be said at the end.

    Args:
        stage: that has ended.
        recorder: of its takes, if there is one.
        wanted: what was asked for.
        names: of the presets.
        as_json: whether to print one JSON object and nothing else.
    """
    status = look(stage)
    if as_json:
        said = {"device": stage.device, "engine": stage.engine, "presets": names}
        take = str(recorder.take) if recorder is not None and recorder.take else None
        said |= status.to_json() | {"take": take, "recording": wanted.kept or None}
        say_json(said | {"events": [e.text for e in stage.events]})
        return
    _summary(status)
    if recorder is not None and recorder.take is not None:
        say(f"take: {recorder.take}, {recorder.seconds:.1f} s")
    _tell_recording(stage, wanted, wanted.config, " | ".join(names))


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
