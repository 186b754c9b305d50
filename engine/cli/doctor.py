"""``doubledrop doctor``: what holds on this machine, before the show."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.progress import MofNCompleteColumn

from engine.cli import options
from engine.cli.console import Table, progress, say, say_json, stdout
from engine.cli.numbers import number
from engine.cli.tempo import assumed_tempo
from engine.config.preset import bundled_names, load_preset
from engine.errors import DeviceError
from engine.io.devices import Device, devices, find


def doctor(
    preset: Annotated[
        list[str] | None, typer.Option(help="Preset to examine; again for more. Default: all.")
    ] = None,
    provider: options.Provider = options.ProviderOption.auto,
    seconds: Annotated[float, number("Of each rehearsal.", 1.0, 3600.0, "s")] = 6.0,
    beats_per_bar: options.BeatsPerBar = None,
    cable: Annotated[
        bool,
        typer.Option(
            "--loopback",
            help="A cable leads from line-out to line-in: measure the device with quiet noise.",
        ),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Examine devices, providers and presets: does it hold at 120, 140 and 175 BPM?

    Example: doubledrop doctor --preset liquid-to-dancefloor
    """
    from engine.diagnostics import doctor as examination
    from engine.processes.children import may_hurry

    tempo = assumed_tempo(None, None, beats_per_bar, examination.TEMPOS[0])
    listed, trouble = _devices()
    measured, sink = None, None
    if any(device.outputs for device in listed):
        sink = find(None, "output")
        if cable:
            measured = examination.loopback(find(None, "input"), sink)
    chosen = [load_preset(name) for name in preset or bundled_names()]
    with progress(MofNCompleteColumn(), hidden=as_json) as bar:
        task = bar.add_task("rehearsing")
        presets = examination.examine(
            chosen,
            provider.value,
            lambda what, done, of: bar.update(task, description=what, completed=done, total=of),
            seconds,
            tempo.beats_per_bar,
            sink,
            measured,
        )
    found: dict[str, Any] = {
        "devices": [asdict(device) for device in listed],
        "providers": examination.providers(load_preset("downbeat-filter").model),
        "callback": examination.callback_kind(),
        "realtime": may_hurry(),
        "presets": presets,
        "loopback": measured,
        "round_trip": examination.round_trip(sink, measured),
    }
    if as_json:
        say_json(found)
        return
    _show(found, listed, trouble)


def _devices() -> tuple[list[Device], str]:
    try:
        return devices(), "none found"
    except DeviceError as fault:
        return [], str(fault)


def _show(found: dict[str, Any], listed: list[Device], trouble: str) -> None:
    names = "; ".join(f"{d.name} ({d.inputs} in, {d.outputs} out, {d.rate:g} Hz)" for d in listed)
    say(f"devices    {names or trouble}")
    for name, state in found["providers"].items():
        say(f"provider   {name}: {state}")
    say(f"callback   {found['callback']}")
    say(
        "priority   real-time is permitted"
        if found["realtime"]
        else "priority   no real-time: allow it with `ulimit -r 95`, or a line `@audio - rtprio 95`"
        " in /etc/security/limits.conf"
    )
    say(f"latency    {_latency(found['round_trip'])}")
    for name, preset in found["presets"].items():
        if preset["latency"] and preset["latency"] != found["round_trip"]:
            say(f"           {name}: {_latency(preset['latency'])}")
    table = Table(
        "preset", "BPM", "callback p50 / p99 / p99.9", "inference p50 / p99", "cores", box=None
    )
    for name, preset in found["presets"].items():
        for bpm, callback in preset["callback_ms"].items():
            inference, load = preset["inference_ms"][bpm], preset["load"][bpm]
            table.add_row(
                name,
                bpm,
                f"{callback['p50']:.2f} / {callback['p99']:.2f} / {callback['p999']:.2f} ms",
                f"{inference['p50']:.0f} / {inference['p99']:.0f} ms",
                f"{load:.2f}",
            )
    stdout.print(table)
    for name, preset in found["presets"].items():
        say(f"{name}: {preset['verdict']}")


def _latency(parts: dict[str, int]) -> str:
    """Samples in all and by part, of those that take any."""
    some = (f"{name} {samples}" for name, samples in parts.items() if samples and name != "total")
    ms = 1000 * parts["total"] / 48000
    return f"{parts['total']} samples ({ms:.1f} ms) at 48 kHz: {', '.join(some)}"
