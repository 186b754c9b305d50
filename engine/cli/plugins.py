"""``doubledrop plugins list``: effects that may stand in a chain."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer
from rich.table import Table

from engine.cli import options
from engine.cli.console import stdout
from engine.live.effects import EFFECTS

app = typer.Typer(help="Effects for the chains of a rig.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Effects for the chains of a rig."""


@app.command("list")
def list_effects(as_json: options.AsJson = False) -> None:
    """List every effect with its parameters, ranges and units.

    Example: doubledrop plugins list
    """
    if as_json:
        named = {
            effect: {name: asdict(one) for name, one in parameters.items()}
            for effect, parameters in EFFECTS.items()
        }
        print(json.dumps(named))
        return
    table = Table("effect", "parameter", "from", "to", "default", "unit", box=None)
    for effect, parameters in EFFECTS.items():
        if not parameters:
            table.add_row(effect)
        for n, (name, one) in enumerate(parameters.items()):
            figures = (f"{x:g}" for x in (one.low, one.high, one.default))
            table.add_row(effect if n == 0 else "", name, *figures, one.unit)
    stdout.print(table)
