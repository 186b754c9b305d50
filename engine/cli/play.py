"""``doubledrop play``: the effect, live."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import TimeElapsedColumn

from engine.cli import options, signals
from engine.cli.admit import admitted
from engine.cli.console import fail, progress, say, say_json, shares, stderr, tell, warn
from engine.cli.numbers import number, one_of
from engine.cli.route import Route, find_route
from engine.cli.tempo import assumed_tempo, find_tempo
from engine.dsp.meters import peak_db
from engine.dsp.tempo_map import TempoMap
from engine.errors import DeviceLost, OutputError, UsageError
from engine.live import sources
from engine.live.asked import Wanted
from engine.live.leftovers import sweep
from engine.live.preset import Preset, load_preset
from engine.live.report import Report
from engine.live.rig import Devices, Rig, read_rig
from engine.stages.chain import Chain
from engine.stages.host import MAX_RATE, MIN_RATE, Settings

_PRESET = "liquid-to-dancefloor"
_PERIOD_S = 0.1
_PLAIN_PERIOD_S = 5.0

if TYPE_CHECKING:
    from engine.live.play import Player


def play(
    rig_path: Annotated[
        Path | None,
        typer.Argument(metavar="[RIG]", help="rig.toml; see `doubledrop rig init`."),
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
    effects: options.Effects = True,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Play: line-in to line-out, restyled in time with the music. Ctrl-C ends it.

    Without an audio device the bundled demo feed plays through the same engine, in real time,
    into a WAV. A MIDI controller works by the default map: see `doubledrop rig init`.

    Example: doubledrop play --preset dancefloor-to-liquid --bpm 174
    """
    sweep()  # what an earlier one that was killed has left in shared memory
    rig = read_rig(rig_path, presets=False) if rig_path is not None else None
    if rig is not None and preset is not None:
        raise UsageError("--preset", preset, expected="no preset beside a rig", cure="Leave it.")
    if rig is not None:
        source, sink = source or rig.devices.input or None, sink or rig.devices.output or None
        rate = rate or rig.devices.rate
    block = block or (rig.devices if rig else Devices()).block
    route = find_route(source, sink, force)
    name = preset or _PRESET
    chosen = load_preset(name)
    settings = Settings(lookahead_ms=lookahead, wet=wet, synthesis=synthesis)
    if route.is_stage:
        from engine.cli.stage import play_devices

        if rig is None:
            rig = Rig.of_preset(name, chosen.file.bpm, wet)
        if bpm is not None:
            rig = rig.at_tempo(bpm)
        if beats_per_bar is not None:
            rig = rig.in_metre(beats_per_bar)
        tempo = rig.clock.tempo(downbeat or 0.0)
        rig = rig if effects else rig.bare()
        if record is None and rig.recording.enabled:
            record = Path(rig.recording.folder)
        asked = admitted(rig.asked(provider.value, tempo, settings))
        play_devices(
            Wanted(source, sink, rate, block, not interpreted, settings),
            asked,
            rig,
            rig_path,
            seconds,
            as_json,
            record,
            midi,
        )
        return
    for option, value in (("--record", record), ("--midi", midi), ("a rig", rig_path)):
        if value is not None:
            raise UsageError(
                option,
                f"from {route.source} to {route.sink}",
                expected="a device at both ends",
                cure="Leave it out, or choose devices with --input and --output.",
            )
    known = _tempo(route, bpm, downbeat, beats_per_bar, chosen.file.bpm)
    _play_file(route, chosen, settings, known, block, provider.value, seconds, effects, as_json)


def _play_file(
    route: Route,
    chosen: Preset,
    settings: Settings,
    clock_known: tuple[TempoMap, bool],
    block: int,
    provider: str,
    seconds: float | None,
    effects: bool,
    as_json: bool,
) -> None:
    """Play where one end at least is no device."""
    from engine.live.generator import OnnxGenerator
    from engine.live.play import Player
    from engine.live.standalone import effects_of

    tempi, known = clock_known
    tempo = tempi.first
    settings = replace(settings, use="phrase" if known else "edge")
    generator = OnnxGenerator(chosen.model, provider)
    feed, out = route.open(block)
    report = None
    if route.picture is not None and feed.frames is not None:
        analyser = generator.front_end.at(feed.rate)
        length = feed.frames / feed.rate
        title = f"{route.source} → {chosen.name}, live, {tempo.bpm:.2f} BPM"
        length = min(length, seconds) if seconds else length
        report = Report(analyser, feed.channels, length, tempi, title)
    clock = f"{tempo.bpm:.2f} BPM" if known else "no clock (give --bpm and --downbeat)"
    with ExitStack() as stack:
        chains: tuple[Chain | None, Chain | None] = None, None
        if effects:
            form = settings, feed.rate, feed.channels
            chains = stack.enter_context(effects_of(str(chosen.folder), *form, warn))
        player = Player(
            *(feed, out, route.has_device, generator, tempi, settings, seconds, report, *chains)
        )
        tell(
            f"{route.source} → {chosen.name} on {generator.provider} → {route.sink},"
            f" {clock}, latency {player.meters.latency / feed.rate * 1000:.1f} ms"
        )
        _watch(player, feed.rate)
        if isinstance(feed, sources.FileSource) and feed.warning:
            warn(feed.warning)
    _summary(player, route, report, as_json)
    if isinstance(player.error, DeviceLost):
        # PortAudio would wait for the dead server at exit; everything is written by now.
        fail(str(player.error))
        sys.stdout.flush()
        os._exit(player.error.exit_status)
    if player.error is not None:
        raise player.error


def _tempo(
    route: Route,
    bpm: float | None,
    downbeat: float | None,
    beats_per_bar: int | None,
    assumed: float,
) -> tuple[TempoMap, bool]:
    """The tempo, and whether it is known: line-in without --bpm has no clock."""
    if bpm is None and route.source == "demo":
        tempo = sources.demo_feed()[1]
        beats = tempo.beats_per_bar if beats_per_bar is None else beats_per_bar
        return TempoMap(replace(tempo, beats_per_bar=beats)), True
    begins = assumed_tempo(bpm, downbeat, beats_per_bar, assumed)
    if bpm is None and route.input_path is not None:
        return find_tempo(route.input_path, downbeat, begins), True
    return TempoMap(begins), bpm is not None


def _watch(player: Player, rate: int) -> None:
    """Show levels and progress until the end or Ctrl-C."""
    live = stderr.is_terminal
    meters, total = player.meters, player.frames
    with progress(TimeElapsedColumn()) as bar:
        task = bar.add_task("", total=total)
        player.start()
        last_line = time.monotonic()
        try:
            while not player.join(_PERIOD_S):
                player.digest()
                now = time.monotonic()
                if live:
                    bar.update(task, completed=meters.samples, description=_line(player))
                elif now - last_line >= _PLAIN_PERIOD_S:
                    last_line = now
                    tell(f"{meters.samples / rate:6.1f} s  {_line(player)}")
        except KeyboardInterrupt:
            tell("ending")
        finally:
            with signals.ending():
                player.stop()
                player.join()
                player.digest()


def _line(player: Player) -> str:
    meters = player.meters
    peak_in, peak_out = (peak_db(peak) for peak in meters.take_peaks())
    return (
        f"in {peak_in:6.1f} dBFS  out {peak_out:6.1f} dBFS  {meters.gain:9} wet {meters.wet:4.0%}"
        f"  {meters.inferences} inferences  {meters.late_hops} late hops"
    )


def _summary(player: Player, route: Route, report: Report | None, as_json: bool) -> None:
    meters = player.meters
    if as_json:
        say_json({"source": route.source, "sink": route.sink} | vars(meters))
        return
    say(
        f"gains {shares(meters.share)}; {meters.inferences} inferences,"
        f" {meters.late_inferences} late, {meters.late_hops} late hops"
    )
    if meters.faults:
        warn(f"{meters.faults} inferences failed: {meters.fault}")
    # The fault of a device or a disk does not take away what was recorded until then.
    ended = player.error is None or isinstance(player.error, DeviceLost | OutputError)
    if route.path is not None and ended and route.path.exists():
        say(f"recording: {route.path}")
        drawn = not isinstance(player.error, OutputError) and not signals.is_terminated()
        if report and route.picture and drawn:
            say(f"picture:   {report.draw(route.picture, route.force)}")
