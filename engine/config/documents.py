"""Files that users write: TOML, checked against a model, unknown keys refused.

Presets, recipes and rigs are read here, so that every error names file, place, value and cure
alike; all mistakes of a file are found at once, and told one a line.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from engine.errors import DoubledropError, did_you_mean
from engine.reading import read_text
from engine.text import printable, shortened

Model = TypeVar("Model", bound=BaseModel)
Values = dict[str, Any]
Place = tuple[str | int, ...]
WITHOUT_RULES = {"rules": False}
"""Context of a validation in which rules about several keys are not asked: they were broken, and
what the file holds is wanted all the same."""
_ROUNDS = 20
_MOST = 1e15  # in whatever unit, nobody means more; NaN is not within it
_LONGEST = 60  # characters of a value that is quoted
_WORDS = {
    "greater_than_equal": "at least {ge:g}",
    "greater_than": "above {gt:g}",
    "less_than_equal": "at most {le:g}",
    "less_than": "below {lt:g}",
    "too_short": "at least {min_length}",
    "too_long": "at most {max_length}",
    "finite_number": "a finite number",
    "literal_error": "{expected}",
    "string_type": "words in quotes",
    "list_type": "a list, [ … ]",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
} | dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number")
_WORDS |= dict.fromkeys(("float_type", "float_parsing"), "a number")
_WORDS |= dict.fromkeys(("bool_type", "bool_parsing"), "true or false")
"""What was expected, by the kind of pydantic's error."""


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
        DoubledropError: of the type ``error``, with all further mistakes beside the first.
    """
    read, mistakes = inspect_document(path, model, error, missing=missing)
    if mistakes:
        raise mistakes[0].beside(mistakes[1:])
    assert read is not None
    return read


def inspect_document(
    path: Path, model: type[Model], error: type[DoubledropError], *, missing: str
) -> tuple[Model | None, list[DoubledropError]]:
    """What a TOML file holds apart from its mistakes, and those; arguments as of
    :func:`read_document`.

    Returns:
        The model, without what is wrong where it can do without that, else None; the mistakes.

    Raises:
        DoubledropError: of the type ``error``: it cannot be read at all.
    """
    values = load_values(path, error, missing=missing)
    found: dict[Place, list[DoubledropError]] = {}
    for _ in range(_ROUNDS):  # rules about several keys are asked once each key is right
        try:
            return model.model_validate(values), _flat(found)
        except ValidationError as fault:
            details, before = fault.errors(), copy.deepcopy(values)
        for one in details:
            where = _where(before, one)
            if not any(_is_same(where, wrong) for wrong in found):
                found[where] = _told(path, model, error, where, one)
        if not all(_dropped(values, _where(before, one), one["type"]) for one in details):
            break
    try:
        return model.model_validate(values, context=WITHOUT_RULES), _flat(found)
    except ValidationError:
        return None, _flat(found)


def refuse_unknown(word: str, known: Collection[str], said: str = "") -> NoReturn:
    """Within a validator: a word is none of those that are known.

    Args:
        word: what was given.
        known: what could have been meant.
        said: these in short, where there are many.

    Raises:
        PydanticCustomError: always; the message asks whether another was meant.
    """
    context = {"said": said or ", ".join(known), "known": list(known), "word": word}
    raise PydanticCustomError("unknown_word", "one of {said}", context)


def load_values(path: Path, error: type[DoubledropError], *, missing: str) -> Values:
    """What a TOML file says, unchecked; arguments as of :func:`read_document`.

    Raises:
        DoubledropError: of the type ``error``: it cannot be read.
    """
    try:
        values = tomllib.loads(read_text(path))
    except FileNotFoundError as fault:
        raise error(str(path), "no such file", cure=missing) from fault
    except (OSError, ValueError, RecursionError) as fault:
        raise error(
            str(path), f"cannot be read ({fault})", cure="Correct it; it is TOML, in UTF-8."
        ) from fault
    for where, value in _numbers((), values):
        if not -_MOST <= value <= _MOST:
            raise error(
                ", ".join([str(path), *_place(where)]),
                # Python spells no integer of more than 4300 digits, but in hexadecimal.
                shortened(hex(value) if isinstance(value, int) else str(value), _LONGEST),
                expected=f"a number within ±{_MOST:.0e}",
                cure="Correct it.",
            )
    return values


def _numbers(where: Place, value: Any) -> Iterator[tuple[Place, float]]:
    """Every number of a document, with its place: effects have keys that no model knows."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _numbers((*where, name), inner)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _numbers((*where, place), inner)
    elif isinstance(value, (int, float)):
        yield where, value


def _flat(found: dict[Place, list[DoubledropError]]) -> list[DoubledropError]:
    return [mistake for mistakes in found.values() for mistake in mistakes]


def _where(values: Values, one: ErrorDetails) -> Place:
    """The place of an error as far as it is one in the file: pydantic goes on with the kinds that
    it has tried there."""
    if one["type"] == "missing":
        return one["loc"]
    here: Any = values
    for depth, part in enumerate(one["loc"]):
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            return one["loc"][:depth]
    return one["loc"]


def _is_same(where: Place, told: Place) -> bool:
    """Whether a mistake lies within one that was told, or comes of its having been dropped."""
    if not where or not told:
        return where == told
    return where[: len(told)] == told or told[: len(where)] == where


def _dropped(values: Values, where: Place, kind: str) -> bool:
    """Take what is wrong out of the file's values; whether that could be done."""
    if kind == "missing":  # nothing is there to be taken out but what lacks it
        where = where[:-1]
    named = [depth for depth, part in enumerate(where) if isinstance(part, str)]
    if not named:
        return False
    here: Any = values
    for part in where[: named[-1]]:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            return True  # gone with another mistake
    here.pop(where[named[-1]], None)
    return True


def _told(
    path: Path,
    model: type[BaseModel],
    error: type[DoubledropError],
    where: Place,
    one: ErrorDetails,
) -> list[DoubledropError]:
    """A mistake in plain words; a rule about several keys may have found several."""
    subject = ", ".join([str(path), *_place(where)])
    context, value = one.get("ctx", {}), one["input"]
    kind, said = one["type"], one["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        known = _fields(model, where[:-1])
        cure = did_you_mean(str(where[-1]), known) or "Remove or rename it."
        return [error(subject, "unknown", expected=f"one of {', '.join(known)}", cure=cure)]
    if kind == "missing":
        return [error(subject, "missing", cure=f"Add `{where[-1]} = …`.")]
    if kind in _WORDS:
        said = _WORDS[kind].format(**context)
    said = said.removeprefix("Input should be ")
    if isinstance(value, dict | list | BaseModel) and kind not in _WORDS:
        cure = "Correct it." if where else "Correct the keys it names."
        return [error(subject, printable(text), cure=cure) for text in said.splitlines()]
    known = context.get("known") or re.findall(r"'([^']*)'", str(context.get("expected", "")))
    cure = did_you_mean(str(context.get("word", value)), known) or "Correct it."
    return [error(subject, _quoted(value), expected=said, cure=cure)]


def _quoted(value: object) -> str:
    """A value as a message shows it."""
    if isinstance(value, dict):
        return "a table"
    return shortened(printable(value if isinstance(value, float) else repr(value)), _LONGEST)


def _place(where: Place) -> list[str]:
    """A place in words, counted from 1: ("slots", 1, "program") is "slot 2", "key program"."""
    words: list[str] = []
    for part in where:
        if isinstance(part, int):
            last = words.pop() if words else "entry"
            words.append(f"{_singular(last)} {part + 1}")
        elif words and not words[-1][-1:].isdigit():
            words[-1] += f".{printable(part)}"
        else:
            words.append(printable(part))
    if words and isinstance(where[-1], str):
        words[-1] = f"key {words[-1]}"
    return words


def _singular(name: str) -> str:
    for many, one in (("ches", "ch"), ("s", "")):
        if name.endswith(many):
            return name.removesuffix(many) + one
    return f"{name}, entry"


def _fields(model: type[BaseModel], where: Sequence[str | int]) -> list[str]:
    """Names of the keys that there are at a place."""
    here: Any = model
    for part in where:
        if isinstance(part, str):
            here = _model_in(here.model_fields[part].annotation) if part in _known(here) else None
    return _known(here)


def _known(model: Any) -> list[str]:
    return [] if model is None else list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a key holds, alone or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(one) for one in get_args(annotation))
    return next((one for one in found if one is not None), None)
