"""``doubledrop render``: a file in, a file out; or a performance, or a take, once more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli import options
from engine.cli.given import RIG_HAS, ignores, takes
from engine.cli.numbers import number
from engine.cli.pipes import input_file, output_file
from engine.cli.render_arguments import RenderArguments
from engine.cli.restyle import restyled
from engine.dsp.latency import LOOKAHEAD_COLUMNS
from engine.errors import UsageError
from engine.io.files import check_writable

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
    """  # noqa: DOC501
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
    out = ctx.with_resource(output_file(sink, as_json))
    check_writable(out, [path for path in (source, midi, rig_path) if path is not None], force)
    given = RenderArguments(
        source=ctx.with_resource(input_file(source)),
        sink=out,
        named=sink,
        preset=preset,
        window=window,
        lookahead=lookahead,
        inference_ms=inference_ms,
        renderer=renderer,
        noise=noise,
        wet=wet,
        bpm=bpm,
        downbeat=downbeat,
        beats_per_bar=beats_per_bar,
        provider=provider.value,
        report=report,
        midi=midi,
        rig=rig_path,
        effects=effects,
        ceiling=ceiling is not False,
        force=force,
        as_json=as_json,
    )
    if midi is None and rig_path is None:
        restyled(given)
        return
    from engine.cli.perform import performed

    performed(given)


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
