"""``doubledrop reproduce``: everything between nothing and a preset's card, as its recipe says."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.cli import signals
from engine.cli.console import say
from engine.errors import InputError
from engine.processes.start import command

_COMMANDS = (
    *("compose", "compose-notes", "fetch", "prepare", "train", "train-vgg", "imprint", "export"),
    *("evaluate", "evaluate-notes", "listen"),
)


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
    """  # noqa: DOC501
    from train.training.recipe import read_recipe

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
    for line in commands:
        try:
            words = [word.format(**places) for word in shlex.split(line)]
        except (KeyError, ValueError, IndexError) as fault:
            raise InputError(
                f"{recipe}: commands",
                f"{line!r} ({type(fault).__name__}: {fault})",
                expected="words with " + ", ".join(f"{{{name}}}" for name in places),
                cure="Mend the command.",
            ) from fault
        if not words or words[0] not in _COMMANDS:
            raise InputError(
                f"{recipe}: commands",
                repr(line),
                expected=f"one of {', '.join(_COMMANDS)}",
                cure="A recipe makes data, runs and presets, and does nothing else.",
            )
        say(f"$ doubledrop {shlex.join(words)}")
        if show:
            continue
        status = _run(words)
        if status:
            raise typer.Exit(status)


def _run(words: list[str]) -> int:
    """A command in a process that ends with this one, and hears of a signal once; its status.

    Raises:
        Interrupted: a signal has come; the command has ended then.
    """
    started = command("engine.processes.child", "engine.cli", *words)
    group = 0 if sys.platform != "win32" else None
    process = subprocess.Popen(started, stdin=subprocess.PIPE, process_group=group)
    try:
        return process.wait()
    except signals.Interrupted as interrupted:
        with signals.ending():
            if group is not None:  # else it has heard of it by itself
                process.send_signal(interrupted.args[0])
            process.wait()
        raise
