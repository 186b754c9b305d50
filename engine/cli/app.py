"""What the commands have in common: help in colours, and nothing else that steers a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from engine.cli.streams import steered


class _Command(TyperCommand):
    def format_help(self, ctx: Any, formatter: Any) -> None:
        with steered():
            super().format_help(ctx, formatter)


class _Group(TyperGroup):
    def format_help(self, ctx: Any, formatter: Any) -> None:
        with steered():
            super().format_help(ctx, formatter)


class App(typer.Typer):
    """A group of commands."""

    def __init__(self, **how: Any) -> None:
        super().__init__(cls=_Group, no_args_is_help=True, pretty_exceptions_enable=False, **how)

    def command(self, name: str | None = None, **how: Any) -> Callable[..., Any]:
        """A command of the group, as :meth:`typer.Typer.command`."""
        return super().command(name, cls=_Command, **how)
