"""``doubledrop play``: the effect, live."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from engine.cli import options
from engine.cli.admit import admitted
from engine.cli.given import RIG_HAS, ignores
from engine.cli.numbers import number, one_of
from engine.cli.osc import osc_place
from engine.cli.places import SurfacePlaces
from engine.cli.route import Route, find_route
from engine.cli.tempo import assumed_tempo, find_tempo
from engine.cli.web import page_place
from engine.config.preset import load_preset
from engine.config.request import DeviceConfig
from engine.config.rig import Devices, Rig, read_rig
from engine.config.set_file import is_set, read_set
from engine.dsp.settings import MAX_RATE, MIN_RATE, Settings
from engine.dsp.tempo import Tempo
from engine.errors import UsageError
from engine.io import sources
from engine.io.files import SoundReader
from engine.processes.leftovers import sweep

_PRESET = "liquid-to-dancefloor"


def play(
    ctx: typer.Context,
    rig_path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RIG]", help="rig.toml, see `doubledrop rig init`; or set.toml, songs on one."
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Preset, or folder of one. Default: liquid-to-dancefloor.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--input", help="Device, sound file, or `demo`. Default: line-in."),
    ] = None,
    sink: Annotated[
        str | None,
        typer.Option("--output", help="Device, sound file, or `none`. Default: line-out."),
    ] = None,
    seconds: options.Seconds = None,
    bpm: options.Bpm = None,
    downbeat: options.Downbeat = None,
    beats_per_bar: options.BeatsPerBar = None,
    lookahead: options.Lookahead = 0,
    wet: options.Wet = 1.0,
    provider: options.Provider = options.ProviderOption.auto,
    block: options.Block = None,
    rate: Annotated[
        int | None,
        number("Of the devices; their own if not given.", MIN_RATE, MAX_RATE, "Hz"),
    ] = None,
    synthesis: Annotated[
        int, one_of("512, or 256 for 5 ms less latency and coarser transients.", (256, 512))
    ] = 512,
    interpreted: Annotated[
        bool, typer.Option("--interpreted", help="Do without the compiled audio callback.")
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep a take there: line-in, wet and line-out as WAV."),
    ] = None,
    midi: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Play a Standard MIDI File on the rig's controls."),
    ] = None,
    loop: Annotated[
        bool, typer.Option("--loop", help="A file as the input begins again at its end.")
    ] = False,
    web: Annotated[
        str | None,
        typer.Option(
            metavar="[lan]",
            help="Show the stage page in browsers: of this machine, or with `lan` of its network.",
        ),
    ] = None,
    web_port: Annotated[int, number("Port of the stage page.", 1024, 65535)] = 8174,
    osc: Annotated[
        str | None,
        typer.Option(
            metavar="[lan]",
            help="Speak OSC: with this machine, or with `lan` with --osc-allow too.",
        ),
    ] = None,
    osc_port: Annotated[int, number("Port of OSC.", 1024, 65535)] = 9000,
    osc_allow: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="An address of the network that OSC hears."),
    ] = None,
    effects: options.Effects = True,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Play: line-in to line-out, restyled in time with the music. Ctrl-C ends it.

    Without an audio device the bundled demo feed plays in real time into a WAV, with everything
    else as on the stage: a rig can be rehearsed on it, or on any file (--input FILE --output none).
    A MIDI controller works by the default map: see `doubledrop rig init`.

    Example: doubledrop play --preset dancefloor-to-liquid --bpm 174
    """  # noqa: DOC501
    sweep()  # what an earlier one that was killed has left in shared memory
    if rig_path is not None:
        ignores(ctx, "play RIG", *RIG_HAS, cures=RIG_HAS)
    setlist = read_set(rig_path) if rig_path is not None and is_set(rig_path) else None
    rig = setlist.rig if setlist else None
    if setlist is None and rig_path is not None:
        rig = read_rig(rig_path, presets=False)
    devices = rig.devices if rig else Devices()
    source, sink = source or devices.input or None, sink or devices.output or None
    if web not in (None, "", "lan"):
        raise UsageError("--web", web, expected="lan, or nothing", cure="Say --web, or --web lan.")
    surfaces = SurfacePlaces(page_place(web, web_port), osc_place(osc, osc_port, osc_allow or ()))
    route = find_route(source, sink, force)
    _check_options(ctx, route)
    if route.input_path is not None:
        with SoundReader(route.input_path):
            pass  # a file that cannot be read is named before a model is loaded
    name, settings = (
        preset or _PRESET,
        Settings(lookahead_ms=lookahead, wet=wet, synthesis=synthesis),
    )
    tempo = _tempo(route, rig, bpm, downbeat, beats_per_bar, name)
    if rig is None:
        rig = Rig.of_preset(name, load_preset(name).file.bpm, wet)
        known = bpm is not None or route.input_path is not None
        rig = rig.at_tempo(tempo.bpm) if known else rig
    elif bpm is not None:
        rig = rig.at_tempo(bpm)
    rig = rig.in_metre(tempo.beats_per_bar)
    rig = rig if effects else rig.bare()
    if record is None and rig.recording.enabled:
        record = Path(rig.recording.folder)
    config = admitted(rig.config(provider.value, tempo, settings))
    wanted = DeviceConfig(
        source,
        sink,
        rate or devices.rate,
        block or devices.block,
        not interpreted,
        config,
        seconds=seconds,
        loop=loop,
    )
    from engine.cli.stage import Played, play_stage  # it compiles the callback

    parts, own = (setlist.parts, setlist.rig_path) if setlist else ([], rig_path)
    songs = Played(rig, rig_path, own, parts)
    play_stage(route.wanted(wanted), songs, seconds, as_json, record, midi, surfaces)


def _check_options(ctx: typer.Context, route: Route) -> None:
    """Refuse what would be ignored."""
    if route.input_path is None:
        ignores(ctx, "an input that is a device", "loop")
    if route.input_path is not None or route.output_device is None:
        cures = {"rate": "A file plays at its own rate, or at that of the device that it plays on."}
        ignores(ctx, "a file in the place of a device", "rate", "interpreted", cures=cures)


def _tempo(
    route: Route,
    rig: Rig | None,
    bpm: float | None,
    downbeat: float | None,
    beats_per_bar: int | None,
    name: str,
) -> Tempo:
    """The tempo to begin with: what the user or the rig says, else what is heard in the file."""
    if rig is not None:
        clock = rig.clock
        beats = clock.beats_per_bar if beats_per_bar is None else beats_per_bar
        return assumed_tempo(bpm, downbeat, beats, clock.bpm)
    if route.source == "demo" and bpm is None:
        tempo = sources.demo_feed()[1]
        tempo = tempo if downbeat is None else replace(tempo, downbeat_s=downbeat)
        return tempo if beats_per_bar is None else replace(tempo, beats_per_bar=beats_per_bar)
    assumed = assumed_tempo(bpm, downbeat, beats_per_bar, load_preset(name).file.bpm)
    if bpm is None and route.input_path is not None:
        return find_tempo(route.input_path, downbeat, assumed).first
    return assumed
