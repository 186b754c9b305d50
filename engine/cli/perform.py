"""``render --midi`` and ``render --take``: a performance from its controls or its decisions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.cli.admit import admitted
from engine.cli.console import done_of, shares, warn
from engine.dsp.tempo_map import TempoMap
from engine.live.files import SoundReader, check_writable
from engine.live.offline import perform
from engine.live.replay import replay
from engine.live.rig import Rig
from engine.live.take import read_take
from engine.stages.host import Settings

_REPLAY = "replay.wav"


def performed(
    source: Path,
    sink: Path,
    rig: Rig,
    tempi: TempoMap,
    settings: Settings,
    provider: str,
    score: Sequence[tuple[float, Any]],
    inference_ms: float | None,
    as_json: bool,
) -> None:
    """Play a rig on a file and say what came of it."""
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
        )
    for fault in done.broken:
        warn(fault)
    if as_json:
        print(json.dumps(done.to_json()))
        return
    print(f"{sink}: {done.seconds:.1f} s at {done.realtime_factor:.1f} × real time")
    print(f"  {done.messages} messages, {done.switches} switches, {done.inferences} inferences")
    gains = shares(done.gain_share)
    print(f"  on {done.provider}, {done.late} late; gains {gains}; {done.bpm:.2f} BPM")


def replayed(folder: Path, sink: Path | None, provider: str, as_json: bool) -> None:
    """Play a take again and say how near it is to what went out."""
    take = read_take(folder)
    sink = sink or folder / _REPLAY
    check_writable(sink)
    with done_of(folder.name, hidden=as_json) as told:
        done = replay(take, sink, provider, told)
    for model in done.changed:
        warn(f"{model}: not the network that the take was played with")
    for fault in done.faults:
        warn(fault)
    if as_json:
        print(json.dumps(done.to_json()))
        return
    print(f"{sink}: {done.seconds:.1f} s")
    print(f"  {done.same_share:.2%} of it as it was recorded; difference {done.error_db:.0f} dB")
