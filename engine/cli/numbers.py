"""Options that are numbers: each has a range, and what lies outside is refused by name.

NaN, infinity and the absurd pass for numbers everywhere, and end in a hang or a traceback much
later; typer's own ``min`` and ``max`` let NaN through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from engine.errors import UsageError
from engine.text import shortened

LONGEST_S = 7 * 86400.0
"""Of anything that runs for a time: a week."""
DAY_S = 86400.0
SEEDS = 2**32 - 1
MOST_JOBS = 1024
_SHOWN = 40  # characters of a number in a message


def number(text: str, low: float, high: float, unit: str = "", *names: str, **how: Any) -> Any:
    """An option that is a number.

    Args:
        text: what it is, for the help; the range is added.
        low: the least it may be.
        high: the greatest it may be.
        unit: of it, for the help and the message.
        names: of the option, where it is not called as its parameter.
        how: as of :func:`typer.Option`.
    """
    wanted = f"{low:.10g} to {high:.10g} {unit}".rstrip()

    def check(param: typer.CallbackParam, value: Any) -> Any:
        if value is not None and not low <= value <= high:
            raise _refused(param, value, unit, wanted)
        return value

    return typer.Option(*names, help=f"{text} {wanted}.", callback=check, **how)


def one_of(text: str, values: Sequence[int], unit: str = "") -> Any:
    """An option that is one of few numbers.

    Args:
        text: what it is, for the help.
        values: what it may be.
        unit: of it, for the message.
    """
    wanted = f"one of {', '.join(map(str, values))} {unit}".rstrip()

    def check(param: typer.CallbackParam, value: Any) -> Any:
        if value not in values:
            raise _refused(param, value, unit, wanted)
        return value

    return typer.Option(help=text, callback=check)


def _refused(param: typer.CallbackParam, value: float, unit: str, wanted: str) -> UsageError:
    name = param.opts[0]
    digits = f"{value:.10g}" if isinstance(value, float) else shortened(str(value), _SHOWN)
    found = f"{digits} {unit}".rstrip()
    return UsageError(name, found, expected=wanted, cure=f"Give {name} a number in that range.")
