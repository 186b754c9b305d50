"""Inputs and outputs of a generator's ONNX file, by its kind."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.dsp.streaming import LEADS, input_size
from engine.errors import PresetError
from engine.models.model_format import (
    ANSWERS,
    COLUMN,
    GENERATED,
    IMAGE,
    NEXT_STATE,
    PERIOD,
    STATE,
    Kind,
    ModelInfo,
    kind_of,
)
from engine.models.onnx_schema import FLOAT
from engine.models.protobuf import Message
from engine.text import printable

_MOST_STATE = 1 << 20  # numbers
_CALLED = 60  # characters of a stranger's name in a message
_CURE = "Export it again, or do not use it: the file is not what a generator has to be."

Shape = tuple[int | None, ...]
"""Of a tensor; None for a dimension that is free."""


@dataclass(frozen=True)
class Declared:
    """What a file says of itself.

    Attributes:
        metadata: its strings.
        shapes: of its inputs and outputs, by name.
    """

    metadata: dict[str, str]
    shapes: dict[str, Shape]

    @property
    def wants_period(self) -> bool:
        """Whether it takes the length of the phrase."""
        return PERIOD in self.shapes


@dataclass(frozen=True)
class _Contract:
    """Names and dimensions of what goes in and comes out, and which are of one shape."""

    inputs: dict[str, int]
    outputs: dict[str, int]
    alike: tuple[tuple[str, str], ...]


_CONTRACTS: dict[Kind, _Contract] = {
    "window": _Contract({IMAGE: 4, PERIOD: 1}, {GENERATED: 4}, ((IMAGE, GENERATED),)),
    "streaming": _Contract(
        {COLUMN: 3, STATE: 3}, {ANSWERS: 5, NEXT_STATE: 3}, ((STATE, NEXT_STATE),)
    ),
}
_RANKS = {3: "three", 4: "four", 5: "five"}


def read_contract(model: Message, name: str) -> Declared:
    """Inputs and outputs, as a generator of its kind has them.

    Args:
        model: the file, parsed.
        name: of it, for messages.

    Raises:
        PresetError: it has others.
    """  # noqa: DOC501
    graph = model["graph"]
    metadata = {entry.get("key", ""): entry.get("value", "") for entry in model["metadata_props"]}
    if len(metadata) != len(model["metadata_props"]):
        raise refused(name, "metadata that say a thing twice")
    try:
        wanted = _CONTRACTS[kind_of(metadata)]
    except ValueError as fault:
        raise refused(name, str(fault)) from fault
    given = {tensor.get("name", "") for tensor in graph["initializer"]}
    shapes: dict[str, Shape] = {}
    for what, has, ranks in (
        ("inputs", graph["input"], wanted.inputs),
        ("outputs", graph["output"], wanted.outputs),
    ):
        names = [value.get("name", "") for value in has]
        asked = set(ranks) - {PERIOD}
        if (
            len(set(names)) < len(names)
            or not asked <= set(names) <= set(ranks)
            or given & set(names)
        ):
            expected = ", ".join(sorted(asked)) + (
                f", and {PERIOD} at most" if PERIOD in ranks else ""
            )
            raise refused(name, f"{what} {_listed(names)}", expected)
        for value in has:
            shapes[value["name"]] = _declared_shape(value, ranks[value["name"]], name)
    for one, other in wanted.alike:
        if any(
            None not in (a, b) and a != b for a, b in zip(shapes[one], shapes[other], strict=True)
        ):
            sizes = f"{_shape(shapes[one])}, and gives {_shape(shapes[other])}"
            raise refused(name, f"takes {one}s of shape {sizes}", "the same shape")
        pairs = zip(shapes[one], shapes[other], strict=True)
        shapes[one] = tuple(a if b is None else b for a, b in pairs)
    return Declared(metadata, shapes)


def _declared_shape(value: Message, rank: int, name: str) -> Shape:
    """The shape of an input or output that has as many dimensions as it is to have.

    Raises:
        PresetError: it has others, or is not of 32-bit float.
    """  # noqa: DOC501
    tensor = value.get("type", {}).get("tensor_type", {})
    shape = tuple(_dimension(dim) for dim in tensor.get("shape", {}).get("dim", ()))
    wanted = f"32-bit float, {'one number' if rank == 1 else f'{_RANKS[rank]} dimensions'}"
    if tensor.get("elem_type") != FLOAT or len(shape) != rank:
        kind = f"type {tensor.get('elem_type', 'none')}, {len(shape)} dimensions"
        raise refused(name, f"{value['name']}: {kind}", wanted)
    if rank == 1 and shape[0] not in (None, 1):
        raise refused(name, f"{value['name']}: {shape[0]} numbers", wanted)
    return shape


def _dimension(dim: Message) -> int | None:
    return None if "dim_value" not in dim else int(dim["dim_value"])


def _shape(shape: Shape) -> str:
    return " × ".join("any" if size is None else str(size) for size in shape)


def check_shape(declared: Declared, info: ModelInfo, name: str) -> None:
    """Whether inputs and outputs are of the sizes that the front end makes.

    Args:
        declared: what the file says of them.
        info: its metadata, with the front end and the kind of generator.
        name: of the file, for messages.

    Raises:
        PresetError: one is of another.
    """  # noqa: DOC501
    bands = info.front_end.n_mels
    wanted: dict[str, Shape]
    if info.kind == "streaming":
        state = declared.shapes[STATE]
        wanted = {
            COLUMN: (1, input_size(bands), 1),
            ANSWERS: (1, 2, len(LEADS), bands, 1),
            STATE: (1, *state[1:]),
        }
        if not all(size and size > 0 for size in state) or math.prod(_sizes(state)) > _MOST_STATE:
            raise refused(name, f"a state of shape {_shape(state)}", f"{_MOST_STATE} numbers")
    else:
        wanted = {IMAGE: (1, 1, bands, info.view or None)}
    for called, wants in wanted.items():
        has = declared.shapes[called]
        if any(a not in (None, b) for a, b in zip(has, wants, strict=True)):
            raise refused(name, f"{called}s of shape {_shape(has)}", _shape(wants))


def _sizes(shape: Shape) -> list[int]:
    return [size or 1 for size in shape]


def called(name: str) -> str:
    """A stranger's name as a message shows it."""
    shown = printable(name[: _CALLED + 1]) or "without a name"
    return shown if len(name) <= _CALLED else shown[:_CALLED] + "…"


def _listed(names: list[str]) -> str:
    return ", ".join(called(one) for one in names[:5]) or "none"


def refused(name: str, found: str, expected: str = "") -> PresetError:
    """The error of a file that breaks a rule.

    Args:
        name: of the file.
        found: what breaks the rule.
        expected: what the rule asks for; empty where ``found`` says it.
    """
    return PresetError(name, found, expected=expected, cure=_CURE)
