"""``doubledrop plugins list|scan|check|save``: effects that may stand in a chain."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import approve, options
from engine.cli.app import App
from engine.cli.console import Table, say, say_json, stdout, tell, waiting
from engine.effects.catalogue import EFFECTS
from engine.effects.specs import PluginSpec
from engine.errors import EffectError, UsageError
from engine.plugins import approval
from engine.plugins.admission import find_plugin, judge, known_plugins
from engine.plugins.approval import granted_now, installed, is_installed
from engine.plugins.bundle import is_plugin
from engine.plugins.plugin import Plugin
from engine.processes.messages import Verdict
from engine.writing import check_output

app = App(help="Effects for the chains of presets and rigs.")
for command in (approve.approve, approve.approved, approve.forget):
    app.command()(command)


@app.callback()
def main() -> None:
    """Effects for the chains of presets and rigs."""


@app.command("list")
def list_effects(as_json: options.AsJson = False) -> None:
    """List every effect with its parameters, ranges and units: pedalboard's own, and the plugins
    that `plugins scan` has tried.

    Example: doubledrop plugins list
    """
    named: dict[str, dict[str, Any]] = {
        effect: {name: vars(one) for name, one in parameters.items()}
        for effect, parameters in EFFECTS.items()
    }
    named |= {path: verdict.parameters for path, verdict in known_plugins().items()}
    if as_json:
        say_json(named)
        return
    table = Table("effect", "parameter", "from", "to", "default", "unit", box=None)
    for effect, parameters in named.items():
        if not parameters:
            table.add_row(effect)
        for n, (name, one) in enumerate(parameters.items()):
            figures = (f"{one[x]:g}" for x in ("low", "high", "default"))
            table.add_row(effect if n == 0 else "", name, *figures, one["unit"])
    stdout.print(table)


@app.command()
def scan(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FOLDER]...", help="Where to look. Default: where they are kept."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Try every VST3 and Audio Unit that is installed, each in another process.

    In folders that are named, those that are neither installed nor approved are listed and not
    loaded.

    Example: doubledrop plugins scan
    """
    files = _files_in(folders) if folders else installed()
    if not files and not as_json:
        say("no plugins found; name their folder: doubledrop plugins scan FOLDER")
        return
    with waiting("trying plugins") as told:
        specs = [PluginSpec(str(file)) for file in files]
        verdicts = judge(specs, told=lambda name: told(f"trying {name}"), again=True)
    if as_json:
        found = {str(f): v.to_json() for f, v in zip(files, verdicts, strict=True)}
        say_json(found)
        return
    table = Table("plugin", "may play", "latency", "tail", "128 frames", "", box=None)
    held = [file for file in files if not approval.is_cleared(file)]
    for file, verdict in zip(files, verdicts, strict=True):
        if file not in held:
            table.add_row(file.stem, *_figures(verdict))
    if table.row_count:
        stdout.print(table)
    for file in held:
        say(f"{file.stem} is not approved; {approval.how_to_approve(file)}")


@app.command()
def check(
    plugin: Annotated[str, typer.Argument(help="Its name, or the path of a VST3 or Audio Unit.")],
    as_json: options.AsJson = False,
) -> None:
    """Try one plugin and say what it does; exit status 2 if it may not play.

    Example: doubledrop plugins check ~/.vst3/Room.vst3
    """  # noqa: DOC501
    file = find_plugin(plugin)
    with waiting(f"trying {file.stem}"):
        (verdict,) = judge([PluginSpec(str(file))], again=True, granted=_granted(file))
    if as_json:
        say_json(verdict.to_json())
    if verdict.fault:
        raise EffectError(str(file), verdict.fault, cure="It is left out of every chain.")
    if as_json:
        return
    rows = {
        "latency": ", ".join(f"{n} at {rate} Hz" for rate, n in verdict.latency.items()),
        "tail": _tail(verdict),
        "cost of a block": ", ".join(
            f"{frames} frames p50 {p50:.3f}, p99 {p99:.3f} ms"
            for frames, (p50, p99) in verdict.cost_ms.items()
        ),
        "parameters": ", ".join(
            f"{name} {one['low']:g} to {one['high']:g} {one['unit']}".strip()
            for name, one in verdict.parameters.items()
        ),
        "notes": "; ".join(verdict.notes),
    }
    say(f"{file}: {verdict.name} may play")
    if not approval.is_cleared(file):
        say(f"  in rigs and presets once approved: {approval.how_to_approve(file)}")
    for what, said in rows.items():
        if said:
            say(f"  {what}: {said}")


@app.command()
def save(
    plugin: Annotated[str, typer.Argument(help="Its name, or the path of a VST3 or Audio Unit.")],
    state: Annotated[Path, typer.Argument(help="File to write; a rig names it as `state`.")],
    given: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter.")
    ] = None,
    inside: Annotated[str, typer.Option(help="Which plugin, of a file that holds several.")] = "",
    window: Annotated[bool, typer.Option(help="Open the plugin's own window first.")] = True,
    force: options.Force = False,
) -> None:
    """Set a plugin up, in its own window or by its parameters, and keep that for a rig. A state
    that is there already is where it begins.

    Example: doubledrop plugins save Room room.state --set size=0.4 --no-window
    """  # noqa: DOC501
    file = find_plugin(plugin)
    values: dict[str, float | str] = {}
    check_output(state, force=force)
    for one in given or ():
        name, _, value = one.partition("=")
        try:
            values[name] = float(value)
        except ValueError:
            values[name] = value
        read = values[name]
        if read == "" or (isinstance(read, float) and not isfinite(read)):
            raise UsageError("--set", one, expected="NAME=VALUE", cure="Give a finite value.")
    begun = str(state) if state.exists() else ""
    spec = PluginSpec(str(file), inside, begun, values)
    loaded = Plugin(spec, _granted(file))
    if window:
        tell(f"close the window of {loaded.name} to keep its state")
        loaded.show()
    loaded.save(state, force)
    say(f"{state}: state of {loaded.name}")


def _granted(file: Path) -> list[str]:
    """A plugin that is named on the command line may be loaded, as it is now."""
    return [] if is_installed(file) else [granted_now(file)]


def _files_in(folders: list[Path]) -> list[Path]:
    for folder in folders:
        if not folder.is_dir():
            raise EffectError(str(folder), "is no folder", cure="Name the folder of plugins.")
    found = [path for folder in folders for path in folder.rglob("*") if is_plugin(path)]
    return sorted(path for path in found if not any(map(is_plugin, path.parents)))


def _figures(verdict: Verdict) -> tuple[str, str, str, str, str]:
    if verdict.fault:
        return "no", "", "", "", verdict.fault
    latency = verdict.latency["48000"]
    cost = verdict.cost_ms["128"][1]
    return "yes", f"{latency} samples", _tail(verdict), f"{cost:.3f} ms", "; ".join(verdict.notes)


def _tail(verdict: Verdict) -> str:
    return f"{verdict.tail_s:.1f} s"
