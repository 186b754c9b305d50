"""``doubledrop render``: a file in, a file out; or a performance, or a take, once more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli import options
from engine.cli.console import done_of, say, say_json, shares, warn
from engine.cli.given import RIG_HAS, ignores, takes
from engine.cli.numbers import number
from engine.cli.pipes import input_file, output_file
from engine.cli.tempo import assumed_tempo, find_tempo, tempo_in_words
from engine.dsp.tempo_map import TempoMap
from engine.errors import UsageError
from engine.live import render as rendering
from engine.live.files import SoundReader, check_writable
from engine.live.generator import open_generator
from engine.live.midi_file import read_midi
from engine.live.preset import load_preset
from engine.live.render import pictures_of
from engine.live.rig import Rig, read_rig
from engine.stages.host import Settings
from engine.stages.restyle import LOOKAHEAD_COLUMNS
from engine.writing import check_output

_TAKE = "take", "source", "provider", "as_json", "force"


def render(
    ctx: typer.Context,
    source: Annotated[
        Path | None, typer.Argument(metavar="IN", help="Sound file to restyle; none with --take.")
    ] = None,
    sink: Annotated[
        Path | None, typer.Argument(metavar="OUT", help="File to write: .wav .flac .aiff .ogg")
    ] = None,
    preset: options.Preset = "",
    window: Annotated[
        options.UseOption | None,
        typer.Option(
            help="late: as in the paper. phrase: what the stage hears. edge: no clock. Default: "
            "late, or phrase where the preset has no generator of whole windows; phrase with "
            "--midi."
        ),
    ] = None,
    lookahead: options.Lookahead = 0,
    inference_ms: Annotated[
        float | None,
        number("Simulated time of an inference; measured if not given.", 0.0, 60_000.0, "ms"),
    ] = None,
    renderer: Annotated[
        options.RendererOption,
        typer.Option(
            help="How the image becomes sound. gain: on the live spectrum. paper: inverse mel with "
            "the input's phase. griffin-lim: inverse mel with a phase of its own, slow."
        ),
    ] = options.RendererOption.gain,
    noise: Annotated[
        bool, typer.Option(help="Render energy that the input lacks as shaped noise.")
    ] = True,
    wet: options.Wet = 1.0,
    bpm: options.Bpm = None,
    downbeat: options.Downbeat = None,
    beats_per_bar: options.BeatsPerBar = None,
    provider: options.Provider = options.ProviderOption.auto,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for pictures of the run.")
    ] = None,
    midi: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Play a Standard MIDI File on the controls meanwhile."),
    ] = None,
    rig_path: Annotated[
        Path | None,
        typer.Option("--rig", metavar="RIG", help="Slots and controls of --midi: a rig.toml."),
    ] = None,
    take: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Play a take of `play --record` again, into OUT."),
    ] = None,
    effects: options.Effects = True,
    ceiling: Annotated[
        bool | None,
        typer.Option(
            "--ceiling/--no-ceiling", help="Keep true peaks below -1 dBTP, as the stage does."
        ),
    ] = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Restyle a sound file. The output lies on the input, sample for sample.

    Example: doubledrop render set.wav restyled.wav --preset liquid-to-dancefloor --bpm 174
    --downbeat 0.31 --report pictures. A performance: doubledrop render set.wav out.wav --rig
    rig.toml --midi set.mid --bpm 174. A take: doubledrop render --take takes/20261121-201500
    IN and OUT may be - for stdin and, as WAV, stdout.
    """
    _check_options(ctx, take, midi, rig_path, window, renderer, lookahead)
    if take is not None:
        from engine.cli.perform import REPLAY, replayed  # the stage is compiled when it is loaded

        out = ctx.with_resource(output_file(source or take / REPLAY, as_json))
        replayed(take, out, provider.value, force, as_json)
        return
    if source is None or sink is None:
        raise UsageError(
            "render", "one file", expected="IN and OUT", cure="doubledrop render IN OUT --preset …"
        )
    named, sink = sink, ctx.with_resource(output_file(sink, as_json))
    read = [path for path in (source, midi, rig_path) if path is not None]
    check_writable(sink, read, force)
    source = ctx.with_resource(input_file(source))
    if midi is not None or rig_path is not None:
        from engine.cli.perform import performed

        rig = _rig(rig_path, preset, wet)
        settings = Settings(
            use=(window or options.UseOption.phrase).value,
            lookahead_ms=lookahead,
            noise_branch=noise,
            wet=rig.output.wet,
        )
        fixed = rig.clock.bpm if "fixed" in rig.clock.sources and rig_path is not None else None
        beats = rig.clock.beats_per_bar if beats_per_bar is None else beats_per_bar
        tempi = _tempo(source, fixed if bpm is None else bpm, downbeat, beats, rig.clock.bpm)
        rig = rig.at_tempo(tempi.first.bpm).in_metre(beats)
        rig = rig if effects else rig.bare()
        score = read_midi(midi, warn) if midi is not None else []
        given = settings, provider.value, score, inference_ms
        performed(*(source, sink, rig, tempi, *given, read, force, as_json), alone=rig_path is None)
        return
    if not preset:
        raise UsageError(
            "--preset", "missing", cure="Name one: `doubledrop presets` lists what there is."
        )
    chosen = load_preset(preset)
    with SoundReader(source):
        pass  # a file that cannot be read is named before a model is loaded
    if report is not None and report.is_dir():
        for path in pictures_of(report, sink):
            check_output(path, force=force)
    file = chosen.generator_for(None if window is None else window.value)
    generator = open_generator(file, provider.value)
    streams = generator.kind == "streaming"
    window = window or (options.UseOption.phrase if streams else options.UseOption.late)
    tempi = _tempo(source, bpm, downbeat, beats_per_bar, chosen.file.bpm)
    settings = Settings(
        use=window.value,
        lookahead_ms=lookahead,
        renderer=renderer.value,
        noise_branch=noise,
        wet=wet,
    )
    with done_of(source.name, hidden=as_json) as told:
        done = rendering.render(
            source,
            sink,
            generator,
            tempi,
            settings,
            inference_ms=inference_ms,
            report=report,
            title=f"{source.name} → {chosen.name}, {window.value}, {tempo_in_words(tempi)}",
            progress=told,
            effects=str(chosen.folder) if effects else "",
            ceiling=ceiling is not False,
            force=force,
            note=warn,
        )
    if done.repaired:
        warn(f"{source}: {done.repaired} samples were not finite or above +24 dBFS; repaired")
    if done.clipped:
        warn(f"{named}: {done.clipped} samples clipped (peak {done.peak_dbfs:+.1f} dBFS); use .wav")
    if as_json:
        say_json(done.to_json())
        return
    _tell(done, named, tempi)


def _tell(done: rendering.Rendering, named: object, tempi: TempoMap) -> None:
    """What came of it, in words."""
    say(f"{named}: {done.seconds:.1f} s at {done.realtime_factor:.1f} × real time")
    say(f"  {done.window}, {done.renderer}, {tempo_in_words(tempi)}, {done.inferences} inferences")
    say(f"  on {done.provider}, {done.late} late; gains {shares(done.gain_share)}")
    if done.reduction_db:
        say(f"  ceiling {done.ceiling_dbtp:g} dBTP: {-done.reduction_db:.1f} dB down at most")
    say(f"  latency on stage {done.latency_samples} samples ({done.latency_ms:.1f} ms)")
    for picture in done.pictures:
        say(f"  picture: {picture}")


def _check_options(
    ctx: typer.Context,
    take: Path | None,
    midi: Path | None,
    rig_path: Path | None,
    window: options.UseOption | None,
    renderer: options.RendererOption,
    lookahead: int,
) -> None:
    """Refuse what would be ignored."""
    if take is not None:
        takes(ctx, "render --take", *_TAKE, cures={"sink": "Name one file, the output."})
        return
    performance = midi is not None or rig_path is not None
    if performance:
        named = RIG_HAS if rig_path is not None else {}
        mode = "render --midi" if rig_path is None else "render --rig"
        ignores(ctx, mode, "report", "renderer", *named, cures=named)
        ignores(ctx, mode, "ceiling", cures={"ceiling": "The stage has its ceiling always."})
    if renderer is not options.RendererOption.gain:
        ignores(ctx, f"--renderer {renderer.value}", "noise")
    late = window is options.UseOption.late or (window is None and not performance)
    if late and lookahead in LOOKAHEAD_COLUMNS:  # one that is not there is another mistake
        cure = "Choose --window phrase or edge with it."
        ignores(ctx, "--window late", "lookahead", cures={"lookahead": cure})


def _rig(path: Path | None, preset: str, wet: float) -> Rig:
    """The rig that is played: a file's, or one slot with a preset."""
    if path is not None:
        return read_rig(path, presets=False)
    if not preset:
        raise UsageError("--midi", "no slots", cure="Give a rig with --rig, or a --preset.")
    return Rig.of_preset(preset, load_preset(preset).file.bpm, wet)


def _tempo(
    source: Path,
    bpm: float | None,
    downbeat: float | None,
    beats_per_bar: int | None,
    assumed_bpm: float,
) -> TempoMap:
    """What the user says, else what is heard in the file."""
    begins = assumed_tempo(bpm, downbeat, beats_per_bar, assumed_bpm)
    return TempoMap(begins) if bpm is not None else find_tempo(source, downbeat, begins)
