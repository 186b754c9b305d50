"""The command line: ``doubledrop COMMAND``. One file a command."""

from __future__ import annotations

import sys

import typer

import engine.cli.environment  # noqa: F401  (first: before anything imports numpy)
from engine.cli import bench, listing, play, render
from engine.errors import DoubledropError

app = typer.Typer(
    name="doubledrop",
    help="A live effect that restyles music into another genre, in time with it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
)
app.command()(play.play)
app.command()(render.render)
app.command()(listing.presets)
app.command()(listing.devices)
app.command()(bench.bench)


def main() -> None:
    """Entry point: an error is one line on stderr and an exit status, 2 for bad input."""
    try:
        app()
    except DoubledropError as fault:
        print(f"doubledrop: {fault}", file=sys.stderr)
        sys.exit(fault.exit_status)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
