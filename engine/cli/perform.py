"""``render --midi`` and ``render --take``: a performance from its controls or its decisions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from engine.cli.admit import admitted
from engine.cli.console import done_of, say, say_json, shares, warn
from engine.cli.options import UseOption
from engine.cli.render_arguments import RenderArguments
from engine.config.preset import load_preset
from engine.config.rig import Rig, read_rig
from engine.errors import UsageError
from engine.io.files import SoundReader, check_writable
from engine.io.midi_file import read_midi
from engine.offline.replay import replay
from engine.offline.unpaced import perform
from engine.takes.take import read_take
from engine.text import counted

REPLAY = "replay.wav"


def performed(given: RenderArguments) -> None:
    """Play a rig, or a preset alone, on a file and say what came of it.

    Args:
        given: on the command line.

    Raises:
        UsageError: neither a rig nor a preset is named.
    """
    rig = _rig(given)
    clock = rig.clock
    fixed = clock.bpm if "fixed" in clock.sources and given.rig is not None else None
    beats = clock.beats_per_bar if given.beats_per_bar is None else given.beats_per_bar
    tempi = given.tempi(fixed if given.bpm is None else given.bpm, beats, clock.bpm)
    rig = rig.at_tempo(tempi.first.bpm).in_metre(beats)
    rig = rig if given.effects else rig.bare()
    score = read_midi(given.midi, warn) if given.midi is not None else []
    settings = given.settings(given.window or UseOption.phrase, rig.output.wet)
    with SoundReader(given.source) as reader:
        config = admitted(rig.config(given.provider, tempi.first, settings), reader.rate)
    with done_of(given.source.name, hidden=given.as_json) as told:
        done = perform(
            given.source,
            given.sink,
            config,
            rig,
            score,
            changes=tempi.changes,
            inference_ms=given.inference_ms,
            progress=told,
            inputs=given.read,
            force=given.force,
            alone=given.rig is None,
        )
    for fault in done.broken:
        warn(fault)
    if given.as_json:
        say_json(done.to_json())
        return
    say(f"{given.sink}: {done.seconds:.1f} s at {done.realtime_factor:.1f} × real time")
    numbers = {"message": done.messages, "switch": done.switches, "inference": done.inferences}
    say("  " + ", ".join(counted(n, name) for name, n in numbers.items()))
    gains = shares(done.gain_share)
    say(f"  on {done.provider}, {done.late} late; gains {gains}; {done.bpm:.2f} BPM")


def _rig(given: RenderArguments) -> Rig:
    """The rig that is played: a file's, or one slot with a preset.

    Raises:
        UsageError: neither is named.
    """
    if given.rig is not None:
        return read_rig(given.rig, presets=False)
    if not given.preset:
        raise UsageError("--midi", "no slots", cure="Give a rig with --rig, or a --preset.")
    return Rig.of_preset(given.preset, load_preset(given.preset).file.bpm, given.wet)


def replayed(folder: Path, sink: Path, provider: str, force: bool, as_json: bool) -> None:
    """Play a take again and say how near it is to what went out.

    Args:
        folder: of the take.
        sink: sound file to write.
        provider: where inference runs.
        force: whether the sink may be a file that is not ours.
        as_json: whether to print one JSON object and nothing else.
    """
    take = read_take(folder)
    take = replace(take, config=admitted(take.config, take.rate))
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
