"""Files that users write: TOML, checked against a model, unknown keys refused.

Presets, recipes and rigs are read here, so that every error names file, key, value and cure alike.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from engine.errors import DoubledropError
from engine.text import shortened

_MOST = 1e15  # in whatever unit, nobody means more; NaN is not within it
_SHOWN = 120  # characters of a value in a message
Model = TypeVar("Model", bound=BaseModel)


def read_document(
    path: Path, model: type[Model], error: type[DoubledropError], *, missing: str
) -> Model:
    """Read and check a TOML file.

    Args:
        path: the file.
        model: what it may hold.
        error: raised for whatever is wrong with it.
        missing: cure when there is no such file.

    Raises:
        DoubledropError: of the type ``error``.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as fault:
        raise error(str(path), "no such file", cure=missing) from fault
    except (OSError, ValueError, RecursionError) as fault:
        raise error(
            str(path), f"cannot be read ({fault})", cure="Correct it; it is TOML, in UTF-8."
        ) from fault
    for key, value in _numbers("", values):
        if not -_MOST <= value <= _MOST:
            raise error(
                f"{path}, key {key}",
                _digits(value),
                expected=f"a number within ±{_MOST:.0e}",
                cure="Correct it.",
            )
    try:
        return model.model_validate(values)
    except ValidationError as fault:
        raise _invalid(path, fault, model, error) from fault


def _numbers(key: str, value: Any) -> Iterator[tuple[str, float]]:
    """Every number of a document, with its key: effects have keys that no model knows."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _numbers(f"{key}.{name}" if key else name, inner)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _numbers(f"{key}.{place}", inner)
    elif isinstance(value, (int, float)):
        yield key, value


def _digits(value: float) -> str:
    # Python spells no integer of more than 4300 digits, but in hexadecimal.
    return shortened(hex(value) if isinstance(value, int) else str(value), _SHOWN)


def _invalid(
    path: Path, fault: ValidationError, model: type[BaseModel], error: type[DoubledropError]
) -> DoubledropError:
    first = fault.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if not key:  # a rule about several keys
        return error(str(path), first["msg"], cure="Correct the keys it names.")
    subject = f"{path}, key {key}"
    if first["type"] == "extra_forbidden":
        known = ", ".join(model.model_fields)
        return error(subject, "unknown", expected=f"one of {known}", cure="Remove or rename it.")
    if first["type"] == "missing":
        return error(subject, "missing", cure=f"Add `{key} = …`.")
    return error(
        subject, shortened(repr(first["input"]), _SHOWN), expected=first["msg"], cure="Correct it."
    )
