"""JSON as every program reads it: what we print and the files we leave.

Python's own writes ``NaN`` and ``Infinity``, which are no JSON (RFC 8259): here they are ``null``.
The text is ASCII. A byte of a name that is no UTF-8 (a lone surrogate, PEP 383) is written as the
escape ``\\udcNN``, which Python reads back as that very name; for programs of others see
:func:`legible`.
"""

from __future__ import annotations

import json
import math
from typing import Any


def written(value: Any, *, indent: int | None = None, sort_keys: bool = False) -> str:
    """A value as JSON.

    Args:
        value: plain values, in lists, tuples and dictionaries.
        indent: characters; None for one line.
        sort_keys: of every object.
    """
    try:
        return json.dumps(value, indent=indent, sort_keys=sort_keys, allow_nan=False)
    except ValueError:  # seldom: a value that is no number
        plain = _each(value, _finite)
        return json.dumps(plain, indent=indent, sort_keys=sort_keys, allow_nan=False)


def legible(value: Any) -> Any:
    r"""The value for programs that refuse lone surrogates: each is the text ``\udcNN`` instead, as
    in messages."""
    return _each(value, _whole)


def read(text: str | bytes) -> Any:
    """What JSON holds.

    Raises:
        ValueError: it is none, or has numbers that are none or are beyond what a float holds.
    """
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_float, parse_int=_int)
    except RecursionError as fault:
        raise ValueError("nested too deeply") from fault


def _each(value: Any, change: Any) -> Any:
    if isinstance(value, dict):
        return {change(key): _each(inner, change) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each(inner, change) for inner in value]
    return change(value)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return value


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits} is beyond any number")
    return value


def _int(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"{digits[:_MOST_DIGITS]}… is beyond any number")
    return int(digits)


_MOST_DIGITS = 300  # a float holds more, and every program some
