"""What the commands have in common: help in colours, and nothing else that steers a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from engine.cli.streams import steered


class _Command(TyperCommand):
    """An option whose metavar is a word in brackets may stand alone, and is empty then."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        alone: dict[str, str] = {}
        for param in self.params:
            word = getattr(param, "metavar", None) or ""
            if param.param_type_name == "option" and word.startswith("["):
                alone |= dict.fromkeys(param.opts, word[1:-1])
        given, rest = list[str](), list(args)
        while rest:
            arg = rest.pop(0)
            if arg in alone:
                arg += f"={rest.pop(0)}" if rest[:1] == [alone[arg]] else "="
            given.append(arg)
        return super().parse_args(ctx, given)

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
