"""``doubledrop play``: the effect, live."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.progress import TimeElapsedColumn

from engine.cli import options
from engine.cli.console import progress, stderr, warn
from engine.cli.render import find_tempo
from engine.dsp.tempo import Tempo
from engine.errors import DeviceError, DeviceLost, OutputError
from engine.live import devices as audio
from engine.live import sources
from engine.live.files import check_writable
from engine.live.generator import OnnxGenerator
from engine.live.play import Player
from engine.live.preset import load_preset
from engine.live.render import make_folder
from engine.live.report import Report
from engine.stages.host import Settings

TAKES = Path("takes")
_BLOCK = 128
_PERIOD_S = 0.1
_PLAIN_PERIOD_S = 5.0


def play(
    preset: options.Preset = "liquid-to-dancefloor",
    source: Annotated[
        str | None,
        typer.Option("--input", help="Device, sound file, or `demo`. Default: line-in."),
    ] = None,
    sink: Annotated[
        str | None,
        typer.Option("--output", help="Device, sound file, or `none`. Default: line-out."),
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Stop after so long.")] = None,
    bpm: options.Bpm = None,
    downbeat: options.Downbeat = None,
    lookahead: options.Lookahead = 0,
    wet: options.Wet = 1.0,
    provider: options.Provider = options.ProviderOption.auto,
) -> None:
    """Play: line-in to line-out, restyled in time with the music. Ctrl-C ends it.

    Without an audio device the bundled demo feed plays through the same engine, in real time,
    into a WAV.

    Example: doubledrop play --preset dancefloor-to-liquid --bpm 174
    """
    chosen = load_preset(preset)
    route = _route(source, sink)
    generator = OnnxGenerator(chosen.model, provider.value)
    tempo, use = _tempo(route, bpm, downbeat, chosen.file.bpm)
    feed, out = route.open()
    settings = Settings(use="phrase" if use else "edge", lookahead_ms=lookahead, wet=wet)
    report = None
    if route.path is not None and feed.frames is not None:
        analyser = generator.front_end.at(feed.rate)
        length = feed.frames / feed.rate
        title = f"{route.source} → {chosen.name}, live, {tempo.bpm:.2f} BPM"
        length = min(length, seconds) if seconds else length
        report = Report(analyser, feed.channels, length, tempo, title)
    player = Player(
        feed, out, route.has_device, generator, tempo, settings, seconds=seconds, report=report
    )
    clock = f"{tempo.bpm:.2f} BPM" if use else "no clock (give --bpm and --downbeat)"
    stderr.print(
        f"{route.source} → [bold]{chosen.name}[/] on {generator.provider} → {route.sink}, {clock},"
        f" latency {player.meters.latency / feed.rate * 1000:.1f} ms",
        soft_wrap=True,
    )
    _watch(player, feed.rate)
    _summary(player, route, report)
    if isinstance(player.error, DeviceLost):
        # PortAudio would wait for the dead server at exit; everything is written by now.
        print(f"doubledrop: {player.error}", file=sys.stderr)
        sys.stdout.flush()
        os._exit(player.error.exit_status)
    if player.error is not None:
        raise player.error


@dataclass
class _Route:
    """From where to where, before anything is opened."""

    source: str
    sink: str
    input_device: audio.Device | None
    output_device: audio.Device | None
    input_path: Path | None
    path: Path | None

    @property
    def has_device(self) -> bool:
        """Whether a device keeps the time."""
        return self.input_device is not None or self.output_device is not None

    def open(self) -> tuple[sources.Source, sources.Sink]:
        """Open both ends."""
        if self.input_path is not None:
            rate = int(self.output_device.rate) if self.output_device else None
            feed: sources.Source = sources.FileSource(self.input_path, rate)
        else:
            assert self.input_device is not None
            feed = sources.DeviceSource(self.input_device, int(self.input_device.rate), _BLOCK)
        if self.output_device is not None:
            out: sources.Sink = sources.DeviceSink(
                self.output_device, feed.rate, feed.channels, _BLOCK
            )
        elif self.path is not None:
            out = sources.FileSink(self.path, feed.rate, feed.channels)
        else:
            out = sources.NoSink()
        return feed, out


def _route(source: str | None, sink: str | None) -> _Route:
    listed: list[audio.Device] = []
    trouble = "no audio device found"
    try:
        listed = audio.devices()
    except DeviceError as fault:
        trouble = str(fault)
    has_input = any(device.inputs for device in listed)
    has_output = any(device.outputs for device in listed)
    if source is None and not has_input:
        stderr.print(f"{trouble}: playing the demo feed in real time", soft_wrap=True)
        source = "demo"
    if sink is None and not has_output:
        make_folder(TAKES)
        sink = str(TAKES / time.strftime("play-%Y%m%d-%H%M%S.wav"))
    input_path = None
    if source == "demo":
        input_path = sources.demo_feed()[0]
    elif source is not None and _is_file(source):
        input_path = Path(source)
    path = Path(sink) if sink is not None and sink != "none" and _is_file(sink) else None
    if path is not None:
        check_writable(path)
    input_device = audio.find(source, "input") if input_path is None else None
    to_device = path is None and sink != "none"
    output_device = audio.find(sink, "output") if to_device else None
    return _Route(
        source=source or (input_device.name if input_device else ""),
        sink=str(path) if path else (output_device.name if output_device else "nowhere"),
        input_device=input_device,
        output_device=output_device,
        input_path=input_path,
        path=path,
    )


def _is_file(name: str) -> bool:
    """A name with an extension or a folder in it is a file; devices are named in words."""
    return Path(name).exists() or "/" in name or bool(Path(name).suffix.strip(". "))


def _tempo(
    route: _Route, bpm: float | None, downbeat: float | None, assumed: float
) -> tuple[Tempo, bool]:
    """The tempo, and whether it is known: line-in without --bpm has no clock."""
    if bpm is not None:
        return Tempo(bpm, downbeat or 0.0), True
    if route.source == "demo":
        return sources.demo_feed()[1], True
    if route.input_path is not None:
        return find_tempo(route.input_path, None, downbeat, assumed), True
    return Tempo(assumed, downbeat or 0.0), False


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
                    stderr.print(f"{meters.samples / rate:6.1f} s  {_line(player)}", soft_wrap=True)
        except KeyboardInterrupt:
            stderr.print("ending")
        finally:
            player.stop()
            player.join()
            player.digest()


def _line(player: Player) -> str:
    meters = player.meters
    peak_in, peak_out = (_db(peak) for peak in meters.take_peaks())
    return (
        f"in {peak_in:6.1f} dBFS  out {peak_out:6.1f} dBFS  {meters.gain:9} wet {meters.wet:4.0%}"
        f"  {meters.inferences} inferences  {meters.late_hops} late hops"
    )


def _db(peak: float) -> float:
    return float(20 * np.log10(max(peak, 1e-6)))


def _summary(player: Player, route: _Route, report: Report | None) -> None:
    meters = player.meters
    share = ", ".join(f"{name} {part:.1%}" for name, part in meters.share.items() if part)
    print(
        f"gains {share or 'none'}; {meters.inferences} inferences, {meters.late_inferences} late,"
        f" {meters.late_hops} late hops"
    )
    if meters.faults:
        warn(f"{meters.faults} inferences failed: {meters.fault}")
    # The fault of a device or a disk does not take away what was recorded until then.
    ended = player.error is None or isinstance(player.error, DeviceLost | OutputError)
    if route.path is not None and ended and route.path.exists():
        print(f"recording: {route.path}")
        if report is not None and not isinstance(player.error, OutputError):
            print(f"picture:   {report.draw(route.path.with_suffix('.png'))}")
