"""The command line: ``doubledrop COMMAND``. One file a command.

Commands of training and export are entry points of the group ``doubledrop.commands``: the engine
knows their names only, and loads the one that is called.
"""

from __future__ import annotations

from engine.cli import signals  # isort: skip  (from here on they end the program without a word)
import engine.cli.environment  # isort: skip  # noqa: F401  (before anything imports numpy)
import sys
from importlib.metadata import entry_points

import typer

from engine.cli import approve, bench, doctor, listing, midi, play, plugins, render, rig, soak
from engine.errors import DoubledropError

app = typer.Typer(
    name="doubledrop",
    help="A live effect that restyles music into another genre, in time with it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
)
_TRAINING = {"torch", "onnx", "sklearn", "joblib", "mir_eval"}

app.command()(play.play)
app.command()(render.render)
app.command()(listing.presets)
app.command()(listing.devices)
app.command()(doctor.doctor)
app.command()(soak.soak)
app.command()(bench.bench)
app.add_typer(midi.app, name="midi")
app.add_typer(rig.app, name="rig")
plugins.app.command()(approve.approve)
plugins.app.command()(approve.approved)
plugins.app.command()(approve.forget)
app.add_typer(plugins.app, name="plugins")


def main() -> None:
    """Entry point: an error is one line on stderr and an exit status, 2 for bad input."""
    signals.run(_run)


def _run() -> None:
    try:
        _register(sys.argv[1] if len(sys.argv) > 1 else "--help")
        app()
    except DoubledropError as fault:
        print(f"doubledrop: {fault}", file=sys.stderr)
        sys.exit(fault.exit_status)
    except ModuleNotFoundError as fault:
        if fault.name not in _TRAINING:
            raise
        cure = "Install what training needs: pip install 'doubledrop[train]'"
        print(f"doubledrop: {fault.name} is not installed. {cure}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)


def _register(asked: str) -> None:
    """Add the command that is asked for, or all when help is."""
    for command in entry_points(group="doubledrop.commands"):
        if asked in (command.name, "--help"):
            app.command(command.name)(command.load())


signals.begun()
