"""A classifier's ONNX file: what is in it, and what a stranger's may be.

The graph is one chain: the features minus a mean, divided by a scale, through layers (``Gemm``)
with ``Relu`` between them, to ``Softmax``. All else is refused before ONNX Runtime sees the file,
and sizes have to fit; so a file can cost no more time and memory than its own bytes say, and needs
no trial in another process as a generator does. Metadata hold the genres, the names of the features
that it was made for, facts of its making, and an example that is run at every load.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.dsp.arrays import Array
from engine.errors import PresetError
from engine.genres.features import N_FEATURES, NAMES
from engine.models.onnx_check import checked_model
from engine.models.onnx_contract import refused
from engine.models.onnx_schema import FLOAT
from engine.models.protobuf import Message
from engine.strict_json import read as read_json
from engine.text import printable

FORMAT = 1
FEATURES, SHARES = "features", "shares"
"""Names of the input, (rows, 44), and of the output, (rows, genres)."""
FILE = "classifier.onnx"
MOST_GENRES, MOST_NAME = 64, 60
_MOST_BYTES = 8 << 20
_MOST_WIDTH = 4096
_MOST_TEXT = 1 << 16  # characters of an entry of the metadata
_PREFIX = "doubledrop.genres."
_AGAIN = "Train it again: doubledrop classify --train FOLDER…"


@dataclass(frozen=True)
class ClassifierInfo:
    """The metadata of a classifier.

    Attributes:
        genres: by the columns of its output.
        example: (44,) features.
        said: (genres,) shares of the example.
        facts: of its making, plain values.
    """

    genres: tuple[str, ...]
    example: Array
    said: Array
    facts: dict[str, Any] = field(default_factory=dict)

    def to_metadata(self) -> dict[str, str]:
        """As the strings that ONNX metadata hold."""
        return {
            _PREFIX + "format": str(FORMAT),
            _PREFIX + "genres": json.dumps(list(self.genres)),
            _PREFIX + "features": json.dumps(list(NAMES)),
            _PREFIX + "example": json.dumps([float(x) for x in self.example]),
            _PREFIX + "said": json.dumps([float(x) for x in self.said]),
            _PREFIX + "facts": json.dumps(self.facts, sort_keys=True),
        }


def read_classifier(path: Path) -> tuple[bytes, ClassifierInfo]:
    """Bytes and metadata of a classifier's file that is what it has to be.

    Args:
        path: the file.

    Raises:
        PresetError: it is missing, damaged, no classifier, or has what it must not have.
    """  # noqa: DOC501
    name = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as fault:
        raise PresetError(name, f"cannot be read ({fault.strerror})", cure=_AGAIN) from fault
    if len(data) > _MOST_BYTES:
        raise refused(name, f"more than {_MOST_BYTES >> 20} MiB")
    model = checked_model(data, name)
    metadata = {entry.get("key", ""): entry.get("value", "") for entry in model["metadata_props"]}
    info = _info(metadata, name)
    _check_chain(model["graph"], len(info.genres), name)
    return data, info


def _info(metadata: dict[str, str], name: str) -> ClassifierInfo:
    """Read the metadata.

    Raises:
        PresetError: they are of no classifier, or of another format.
    """  # noqa: DOC501
    found = metadata.get(_PREFIX + "format")
    if found != str(FORMAT):
        raise PresetError(
            name,
            f"format {found}" if found else "an ONNX file that is no classifier of genres",
            expected=f"format {FORMAT}",
            cure=_AGAIN,
        )
    try:
        names = _list(metadata, "genres", str)
        if not 2 <= len(names) <= MOST_GENRES or len(set(names)) < len(names):
            raise ValueError(f"{len(names)} genres, 2 to {MOST_GENRES} different ones are possible")
        if any(not 0 < len(genre) <= MOST_NAME or printable(genre) != genre for genre in names):
            raise ValueError("a genre's name that cannot be shown")
        if _list(metadata, "features", str) != list(NAMES):
            raise ValueError("other features than this version's")
        example, said = (_list(metadata, key, float) for key in ("example", "said"))
        if len(example) != N_FEATURES or len(said) != len(names):
            raise ValueError("an example of another size")
        facts = read_json(_text(metadata, "facts"))
        if not isinstance(facts, dict):
            raise ValueError("facts that are no table")
    except (KeyError, ValueError) as fault:
        reason = f"{fault} is missing" if isinstance(fault, KeyError) else str(fault)
        raise PresetError(name, f"metadata that cannot be read ({reason})", cure=_AGAIN) from fault
    return ClassifierInfo(tuple(names), np.array(example), np.array(said), facts)


def _text(metadata: dict[str, str], key: str) -> str:
    text = metadata[_PREFIX + key]
    if len(text) > _MOST_TEXT:
        raise ValueError(f"{key} of {len(text)} characters")
    return text


def _list(metadata: dict[str, str], key: str, kind: type) -> list[Any]:
    """A list of texts, or of numbers.

    Raises:
        ValueError: it is none.
    """
    values = read_json(_text(metadata, key))
    wanted = (int, float) if kind is float else kind
    if not isinstance(values, list) or not all(isinstance(v, wanted) for v in values):
        raise ValueError(f"{key} that are no list")
    return values


def _check_chain(graph: Message, genres: int, name: str) -> None:
    """Whether a graph is the chain of this module, of sizes that fit.

    Raises:
        PresetError: it is not.
    """  # noqa: DOC501
    chain = "Sub, Div, then Gemm with Relu between, then Softmax"
    kinds = [node.get("op_type", "") for node in graph["node"]]
    layers = kinds[2:-1]
    if (
        kinds[:2] != ["Sub", "Div"]
        or kinds[-1:] != ["Softmax"]
        or len(layers) % 2 == 0
        or layers != (["Gemm", "Relu"] * len(layers))[: len(layers)]
    ):
        raise refused(name, f"a graph of {', '.join(map(printable, kinds[:12]))}", chain)
    ends = [[value.get("name", "") for value in graph[side]] for side in ("input", "output")]
    if ends != [[FEATURES], [SHARES]]:
        raise refused(name, "other inputs and outputs", f"{FEATURES} and {SHARES}")
    shapes = {
        t.get("name", ""): tuple(t.get("dims", ()))
        for t in graph["initializer"]
        if t.get("data_type") == FLOAT
    }
    flows, width = FEATURES, N_FEATURES
    for node in graph["node"]:
        inputs, outputs = node["input"], node["output"]
        weights = [shapes.get(one) for one in inputs[1:]]
        says = {a.get("name", ""): a.get("i") for a in node["attribute"]}
        if (
            inputs[:1] != [flows]
            or len(outputs) != 1
            or flows in inputs[1:]
            or outputs[0] in shapes
        ):
            raise refused(name, "nodes that are not in a row", chain)
        kind = node["op_type"]
        wide = _width(kind, weights, width)
        if wide is None or says != {"Gemm": {"transB": 1}, "Softmax": {"axis": 1}}.get(kind, {}):
            raise refused(name, f"a {kind} whose sizes or attributes do not fit", chain)
        flows, width = outputs[0], wide
    if flows != SHARES or width != genres:
        raise refused(name, f"{width} shares", f"one of each of {genres} genres")


def _width(kind: str, weights: list[tuple[int, ...] | None], width: int) -> int | None:
    """Numbers that come out of a node of which so many go in; None if its weights do not fit."""
    if kind in ("Relu", "Softmax"):
        return width if not weights else None
    if kind in ("Sub", "Div"):
        return width if weights == [(width,)] else None
    match weights:
        case [(wide, into), (bias,)] if into == width and 0 < bias == wide <= _MOST_WIDTH:
            return int(wide)
    return None
