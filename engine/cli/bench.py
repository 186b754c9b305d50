"""``doubledrop bench``: figures of this machine."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from engine.cli import options
from engine.cli.console import say, say_json, waiting
from engine.cli.numbers import number
from engine.config.preset import bundled_names, load_preset
from engine.strict_json import written
from engine.writing import append_line, check_log

_CALLBACKS = {
    "one": "one slot, 128 frames",
    "one_64": "one slot, 64 frames",
    "one_32": "one slot, 32 frames",
    "crossed": "two slots that are crossed",
    "one_of_sixteen": "one of sixteen slots that are loaded",
}


def bench(
    preset: Annotated[
        list[str] | None, typer.Option(help="Preset to measure; again for more. Default: all.")
    ] = None,
    provider: options.Provider = options.ProviderOption.auto,
    hops: Annotated[int, number("Hops to time.", 100, 10_000_000)] = 30_000,
    log: Annotated[Path | None, typer.Option(help="Append the figures to this JSONL file.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Measure hop, inference, render speed, latency and memory of this machine.

    Example: doubledrop bench --log bench.jsonl
    """
    from engine.diagnostics.bench import bench as measure

    if log is not None:
        check_log(log)
    presets = [load_preset(name) for name in preset or bundled_names()]
    with waiting("measuring; keep the machine otherwise idle"):
        figures = measure(presets, provider.value, hops)
    if log is not None:
        append_line(log, written({"time": time.strftime("%Y-%m-%dT%H:%M:%S"), **figures}))
    if as_json:
        say_json(figures)
        return
    say(f"{figures['machine']}, commit {figures['commit']}")
    for name, times in figures["callback_ms"].items():
        say(
            f"callback   p50 {times['p50']:.3f}  p99 {times['p99']:.3f}  p99.9"
            f" {times['p999']:.3f} ms of {times['budget']:.3f} ms"
            f" ({times['p999'] / times['budget']:.0%}), one that spins p99.9"
            f" {times['spin_p999']:.3f} ms  {_CALLBACKS[name]}"
        )
    chain = figures["chain_ms"]
    say(
        f"chain      p50 {chain['p50']:.3f}  p99 {chain['p99']:.3f}  p99.9 {chain['p999']:.3f} ms"
        f" of {chain['budget']:.3f} ms ({chain['p999'] / chain['budget']:.0%}), six effects;"
        f" pedalboard's own chain p50 {chain['bare_p50']:.3f}, p99 {chain['bare_p99']:.3f} ms"
    )
    for name, times in figures["inference_ms"].items():
        say(
            f"inference  p50 {times['p50']:.1f}  p99 {times['p99']:.1f} ms, network alone"
            f" {times['bare_p50']:.1f} ms, render {figures['render_realtime_factors'][name]:.1f} ×"
            f" real time  {name}"
        )
    latency = figures["latency_samples"]
    say(f"latency    {latency['declared']} samples declared, {latency['measured']} by impulse")
    say(f"bypass     null {figures['bypass_null_db']:.1f} dB")
    say(f"memory     {figures['peak_rss_mib']:.0f} MiB at most")
