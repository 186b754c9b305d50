"""``doubledrop reproduce``: everything between nothing and a preset's card, as its recipe says."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.console import say
from engine.errors import InputError


def reproduce(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="TOML, see train/recipes.")],
    work: Annotated[
        Path, typer.Option(metavar="DIR", help="For music, dataset, run and presets.")
    ] = Path("work"),
    device: Annotated[str, typer.Option(help="To train on: auto, cpu or cuda.")] = "auto",
    show: Annotated[bool, typer.Option("--show", help="Say what would be run, no more.")] = False,
) -> None:
    """Run the commands of a recipe: fetch, prepare, train, export, evaluate.

    Each leaves alone what it finds done, so the same command goes on where it was stopped.

    Example: doubledrop reproduce train/recipes/drum-and-bass.toml --work work --device cuda
    """
    from train.recipe import read_recipe

    commands = read_recipe(recipe).commands
    if not commands:
        raise InputError(
            f"{recipe}: commands",
            "none",
            expected="the commands that make its data, run and presets",
            cure="Train it alone: doubledrop train " + str(recipe),
        )
    places = {"recipe": recipe, "folder": recipe.parent, "name": recipe.stem}
    places |= {"work": work, "device": device}
    for command in commands:
        try:
            words = [word.format(**places) for word in shlex.split(command)]
        except (KeyError, ValueError, IndexError) as fault:
            raise InputError(
                f"{recipe}: commands",
                f"{command!r} ({type(fault).__name__}: {fault})",
                expected="words with " + ", ".join(f"{{{name}}}" for name in places),
                cure="Mend the command.",
            ) from fault
        say(f"$ doubledrop {shlex.join(words)}")
        if show:
            continue
        done = subprocess.run([sys.executable, "-m", "engine.cli", *words], check=False)
        if done.returncode:
            raise typer.Exit(done.returncode)
