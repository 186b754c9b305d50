"""``render --midi`` and ``render --take``: a performance from its controls or its decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.cli.admit import admitted
from engine.cli.console import done_of, say, say_json, shares, warn
from engine.dsp.tempo_map import TempoMap
from engine.live.files import SoundReader, check_writable
from engine.live.offline import perform
from engine.live.replay import replay
from engine.live.rig import Rig
from engine.live.take import read_take
from engine.stages.host import Settings
from engine.text import counted

REPLAY = "replay.wav"


def performed(
    source: Path,
    sink: Path,
    rig: Rig,
    tempi: TempoMap,
    settings: Settings,
    provider: str,
    score: Sequence[tuple[float, Any]],
    inference_ms: float | None,
    read: Sequence[Path],
    force: bool,
    as_json: bool,
    alone: bool = False,
) -> None:
    """Play a rig, or a preset ``alone``, on a file and say what came of it."""
    with SoundReader(source) as reader:
        asked = admitted(rig.asked(provider, tempi.first, settings), reader.rate)
    with done_of(source.name, hidden=as_json) as told:
        done = perform(
            source,
            sink,
            asked,
            rig,
            score,
            changes=tempi.changes,
            inference_ms=inference_ms,
            progress=told,
            inputs=read,
            force=force,
            alone=alone,
        )
    for fault in done.broken:
        warn(fault)
    if as_json:
        say_json(done.to_json())
        return
    say(f"{sink}: {done.seconds:.1f} s at {done.realtime_factor:.1f} × real time")
    numbers = {"message": done.messages, "switch": done.switches, "inference": done.inferences}
    say("  " + ", ".join(counted(n, name) for name, n in numbers.items()))
    gains = shares(done.gain_share)
    say(f"  on {done.provider}, {done.late} late; gains {gains}; {done.bpm:.2f} BPM")


def replayed(folder: Path, sink: Path, provider: str, force: bool, as_json: bool) -> None:
    """Play a take again and say how near it is to what went out."""
    take = read_take(folder)
    take = replace(take, asked=admitted(take.asked, take.rate))
    check_writable(sink, take.files, force)
    with done_of(folder.name, hidden=as_json) as told:
        done = replay(take, sink, provider, told, force)
    for model in done.changed:
        warn(f"{model}: not the network that the take was played with")
    for fault in done.faults:
        warn(fault)
    if as_json:
        say_json(done.to_json())
        return
    say(f"{sink}: {done.seconds:.1f} s")
    say(f"  {done.same_share:.2%} of it as it was recorded; difference {done.error_db:.0f} dB")
