"""The command line: ``doubledrop COMMAND``. One file a command."""

from __future__ import annotations

from engine.cli import signals  # isort: skip  (from here on they end the program without a word)
import engine.cli.environment  # isort: skip  # noqa: F401  (before anything imports numpy)
import errno
import os
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from engine import __version__
from engine.cli.app import App
from engine.cli.commands import register
from engine.cli.console import fail, say
from engine.cli.streams import guarded
from engine.errors import DoubledropError
from engine.models.deadline import leave

_OF_THE_NAME = (errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP, errno.ENOTDIR, errno.EISDIR)
_TRAINING = {"torch", "onnx", "sklearn", "joblib", "mir_eval"}


def _version(asked: bool) -> None:
    if asked:
        say(f"doubledrop {__version__}")
        raise typer.Exit


def doubledrop(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_version, help="Say which this is."),
    ] = False,
) -> None:
    """A live effect that restyles music into another genre, in time with it."""


def program(asked: str) -> App:
    """The commands, of which one is loaded."""
    app = App(name="doubledrop", add_completion=False, rich_markup_mode="rich")
    app.callback()(doubledrop)
    register(app, asked)
    return app


def main() -> None:
    """Entry point: an error is one line on stderr and an exit status, 2 for bad input."""
    signals.run(_guarded)


def _guarded() -> None:
    with guarded():
        status = _run()
    leave(status)
    sys.exit(status)


def _run() -> int:
    try:
        words = [word for word in sys.argv[1:] if not word.startswith("-")]
        app = program(words[0] if words else "")
        status = app(prog_name="doubledrop", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except DoubledropError as fault:
        fail(str(fault))
        return fault.exit_status
    except TyperException as fault:  # an option or argument that there is not, or of another kind
        _misused(fault)
        return 2
    except ModuleNotFoundError as fault:
        if fault.name not in _TRAINING:
            raise
        cure = "Install what training needs: pip install 'doubledrop[train]'"
        fail(f"{fault.name} is not installed. {cure}")
        return 1
    except typer.Abort:
        return 130
    except OSError as fault:  # a name that is too long, a folder that may not be entered
        if fault.filename is None:
            raise
        fail(f"{_shown(fault.filename)}: {fault.strerror}. Choose another file or folder.")
        return 2 if fault.errno in _OF_THE_NAME else 1


def _shown(name: object) -> str:
    return os.fsdecode(name) if isinstance(name, (str, bytes)) else str(name)


def _misused(fault: TyperException) -> None:
    """One line, and where help is; nothing where help was shown already."""
    message = str(getattr(fault, "format_message", fault.__str__)())
    if not message.strip():
        return
    context = getattr(fault, "ctx", None)
    path = context.command_path if context is not None else "doubledrop"
    fail(f"{message}{'' if message.endswith(('.', '?')) else '.'} See `{path} --help`.")


signals.begun()
