"""What the user gave on the command line, held against what the mode at hand takes: an option that
would be ignored is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import typer

from engine.errors import UsageError
from engine.text import printable

_GIVEN = ("COMMANDLINE", "ENVIRONMENT")
RIG_HAS = {
    "preset": "A rig names its own presets.",
    "wet": "Say it in the rig: `wet` under [output].",
}
"""Parameters that a rig says itself, and what to do about them."""


def is_given(context: typer.Context, name: str) -> bool:
    """Whether the user gave a parameter, rather than that it has its default.

    Args:
        context: of the command.
        name: of the function's parameter, as in ``rig_path``.
    """
    source = context.get_parameter_source(name)
    return source is not None and source.name in _GIVEN


def takes(
    context: typer.Context,
    mode: str,
    *names: str,
    cures: Mapping[str, str] | None = None,
) -> None:
    """Refuse what a mode does not take. It names all that it takes, so that an option which is
    added later is refused until somebody has thought of it.

    Args:
        context: of the command.
        mode: as a user calls it, as in "play RIG".
        names: of the parameters that it takes.
        cures: of some that it does not take; by default to leave it out.

    Raises:
        UsageError: something else was given.
    """
    _refuse(context, mode, [p for p in context.command.params if p.name not in names], cures)


def ignores(
    context: typer.Context, mode: str, *names: str, cures: Mapping[str, str] | None = None
) -> None:
    """Refuse what has no effect in a mode, which takes everything else.

    Args:
        context: of the command.
        mode: as a user calls it, as in "play RIG".
        names: of the parameters that have no effect in it.
        cures: of some of these; by default to leave it out.

    Raises:
        UsageError: one of them was given.
    """
    _refuse(context, mode, [p for p in context.command.params if p.name in names], cures)


def _refuse(
    context: typer.Context,
    mode: str,
    parameters: Collection[Any],
    cures: Mapping[str, str] | None,
) -> None:
    for parameter in parameters:
        if parameter.name and is_given(context, parameter.name):
            cure = (cures or {}).get(parameter.name, "Leave it out.")
            raise UsageError(_called(context, parameter), f"does not apply to {mode}", cure=cure)


def _called(context: typer.Context, parameter: Any) -> str:
    """As it was typed: the option's name, or what stands in the argument's place."""
    value = context.params.get(parameter.name)
    if parameter.param_type_name == "argument":
        return printable(value)
    names = parameter.secondary_opts if value is False else parameter.opts
    return str(max(names or parameter.opts, key=len))
