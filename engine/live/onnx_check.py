"""What an ONNX file of a stranger may be, decided before ONNX Runtime sees it.

A generator is a plain graph: images in, images out, all numbers inside the file. Whatever could run
without end (control flow), open other files (external data), bring code (operators of other
domains), or ask for memory by a few bytes (dimensions without data) is refused, by its name.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.dsp.model_format import GENERATED, IMAGE, PERIOD, ModelInfo
from engine.errors import PresetError
from engine.live.onnx_schema import ELEMENT_BITS, FLOAT, INT64, MODEL
from engine.live.protobuf import Budget, Malformed, Message, parse
from engine.text import printable

MOST_BYTES = 64 << 20
"""Of a file: the paper's network has 46 MB of weights."""
_MOST_NODES = 10_000
_MOST_ELEMENTS = 1 << 24  # of one constant: 64 MiB of float32
_DOMAINS = ("", "ai.onnx")
_CONTROL_FLOW = ("Loop", "Scan", "If", "SequenceMap")
_CALLED = 60  # characters of a stranger's name in a message
# Operators that make as much as they are told to, and which of their inputs say how much.
_MAKERS = {"ConstantOfShape": (0,), "Expand": (1,), "Tile": (1,), "Resize": (3,), "Range": (1,)}
_SHAPED = "shape"  # the attribute of those that draw random numbers
_CURE = "Export it again, or do not use it: the file is not what a generator has to be."


@dataclass(frozen=True)
class Declared:
    """What a file says of itself.

    Attributes:
        metadata: its strings.
        wants_period: whether it takes the length of the phrase.
        shape: of its image; None for a dimension that is free.
    """

    metadata: dict[str, str]
    wants_period: bool
    shape: tuple[int | None, ...]


def check(data: bytes, name: str) -> Declared:
    """Read a file and hold it to the rules.

    Args:
        data: of the file.
        name: of it, for messages.

    Raises:
        PresetError: it breaks one.
    """
    if len(data) > MOST_BYTES:
        raise _refused(
            name, f"{len(data) / 2**20:.0f} MiB", f"at most {MOST_BYTES / 2**20:.0f} MiB"
        )
    try:
        model = parse(memoryview(data), MODEL, Budget())
    except Malformed as fault:
        raise PresetError(
            name,
            f"cannot be loaded (no ONNX model: {fault})",
            cure="The file is damaged or no ONNX model: export it again.",
        ) from fault
    if "graph" not in model:
        raise PresetError(
            name, "cannot be loaded (no ONNX model)", cure="The file is no ONNX model."
        )
    for reason in _wrong(model):
        raise _refused(name, reason)
    return _contract(model, name)


def check_shape(declared: Declared, info: ModelInfo, name: str) -> None:
    """Whether the image is the one that the front end makes.

    Raises:
        PresetError: it is another.
    """
    wanted = (1, 1, info.front_end.n_mels, info.view or None)
    for has, wants in zip(declared.shape, wanted, strict=True):
        if has not in (None, wants):
            shape, width = (_shape(x) for x in (declared.shape, wanted))
            raise _refused(name, f"images of shape {shape}", width)


def _wrong(model: Message) -> Iterator[str]:
    """What it must not have, first things first."""
    graph = model["graph"]
    if model["functions"]:
        yield "functions of its own"
    if model["training_info"]:
        yield "training information"
    if graph["sparse_initializer"]:
        yield "sparse initialisers"
    if len(graph["node"]) > _MOST_NODES:
        yield f"{len(graph['node'])} nodes, at most {_MOST_NODES}"
    constants: dict[str, list[int]] = {}
    for tensor in graph["initializer"]:
        yield from _tensor_faults(tensor, f"initialiser {_called(tensor.get('name', ''))}")
        constants[tensor.get("name", "")] = _numbers(tensor)
    for node in graph["node"]:
        yield from _node_faults(node)
        if node.get("op_type") == "Constant" and node["output"]:
            constants[node["output"][0]] = _constant(node)
    for node in graph["node"]:  # a constant may stand behind who uses it
        yield from _making_faults(node, constants)


def _node_faults(node: Message) -> Iterator[str]:
    kind, domain = node.get("op_type", ""), node.get("domain", "")
    what = f"node {_called(node.get('name', ''))} ({_called(kind)})"
    if domain not in _DOMAINS:
        yield f"operator {_called(kind)} of domain {_called(domain)}, only ONNX's own may be there"
    if kind in _CONTROL_FLOW:
        yield f"control flow ({kind})"
    for attribute in node["attribute"]:
        called = f"{what}, attribute {_called(attribute.get('name', ''))}"
        if "g" in attribute or attribute["graphs"]:
            yield f"control flow: {what} has a graph inside"
        if "sparse_tensor" in attribute or attribute["sparse_tensors"]:
            yield f"{called}: a sparse constant"
        for tensor in (*attribute["tensors"], *([attribute["t"]] if "t" in attribute else [])):
            yield from _tensor_faults(tensor, called)


def _tensor_faults(tensor: Message, what: str) -> Iterator[str]:
    """Whether its numbers are all in the file."""
    if tensor["external_data"] or tensor.get("data_location", 0):
        yield f"{what}: external data"
    bits = ELEMENT_BITS.get(tensor.get("data_type", 0))
    if bits is None:
        yield f"{what}: elements of type {tensor.get('data_type', 0)}"
        return
    dims = tensor.get("dims", [])
    if any(size < 0 for size in dims):
        yield f"{what}: a negative dimension"
    elements = math.prod(dims)
    if elements > _MOST_ELEMENTS:
        yield f"{what}: {elements} numbers, at most {_MOST_ELEMENTS}"
    most = _present(tensor, bits)
    if elements > most:
        yield f"{what}: {elements} numbers by its dimensions, and {most} in the file"


def _present(tensor: Message, bits: int) -> int:
    """Numbers that can be in the file, at most."""
    if "raw_data" in tensor:
        return int(len(tensor["raw_data"]) * 8 // bits)
    small = tensor.get("int32_data", 0) * (8 if bits < 8 else 1)  # a byte at least, or packed
    whole = small + len(tensor.get("int64_data", ())) + tensor.get("uint64_data", 0)
    return int(whole + tensor.get("float_data", 0) // 4 + tensor.get("double_data", 0) // 8)


def _making_faults(node: Message, constants: dict[str, list[int]]) -> Iterator[str]:
    kind, inputs = node.get("op_type", ""), node["input"]
    asked = [constants.get(inputs[at], []) for at in _MAKERS.get(kind, ()) if at < len(inputs)]
    asked += [a.get("ints", []) for a in node["attribute"] if a.get("name") == _SHAPED]
    for sizes in asked:
        elements = math.prod(max(1, abs(size)) for size in sizes)
        if elements > _MOST_ELEMENTS:
            yield f"{_called(kind)} makes {elements} numbers, at most {_MOST_ELEMENTS}"


def _constant(node: Message) -> list[int]:
    """The numbers of a Constant node, if they are whole."""
    for attribute in node["attribute"]:
        if "t" in attribute:
            return _numbers(attribute["t"])
        if attribute.get("ints"):
            return list(attribute["ints"])
        if "i" in attribute:
            return [attribute["i"]]
    return []


def _numbers(tensor: Message) -> list[int]:
    """Those of a tensor of a few int64, as shapes are; none of any other."""
    if tensor.get("data_type") != INT64:
        return []
    raw = tensor.get("raw_data")
    if raw is None:
        return list(tensor.get("int64_data", []))
    whole = bytes(raw[: min(len(raw), 512) // 8 * 8])
    return [int(number) for number in np.frombuffer(whole, "<i8")]


def _contract(model: Message, name: str) -> Declared:
    """Inputs and outputs, as a generator has them."""
    graph = model["graph"]
    given = {tensor.get("name", "") for tensor in graph["initializer"]}
    inputs = {value.get("name", ""): value for value in graph["input"]}
    outputs = {value.get("name", ""): value for value in graph["output"]}
    names = [value.get("name", "") for value in graph["input"]]
    if sorted(names) not in ([IMAGE], sorted([IMAGE, PERIOD])) or given & set(names):
        raise _refused(name, f"inputs {_listed(names)}", f"{IMAGE}, and {PERIOD} at most")
    if len(graph["output"]) != 1 or GENERATED not in outputs:
        raise _refused(name, f"outputs {_listed(list(outputs))}", f"{GENERATED} alone")
    shapes = {}
    for value, rank in ((inputs[IMAGE], 4), (outputs[GENERATED], 4), (inputs.get(PERIOD), 1)):
        if value is None:
            continue
        tensor = value.get("type", {}).get("tensor_type", {})
        shape = tuple(_dimension(dim) for dim in tensor.get("shape", {}).get("dim", ()))
        wanted = "32-bit float, four dimensions" if rank == 4 else "32-bit float, one number"
        if tensor.get("elem_type") != FLOAT or len(shape) != rank:
            kind = f"type {tensor.get('elem_type', 'none')}, {len(shape)} dimensions"
            raise _refused(name, f"{value['name']}: {kind}", wanted)
        if rank == 1 and shape[0] not in (None, 1):
            raise _refused(name, f"{value['name']}: {shape[0]} numbers", wanted)
        shapes[value["name"]] = shape
    image, generated = shapes[IMAGE], shapes[GENERATED]
    if any(None not in (a, b) and a != b for a, b in zip(image, generated, strict=True)):
        sizes = f"{_shape(image)}, and gives {_shape(generated)}"
        raise _refused(name, f"takes images of shape {sizes}", "the same shape")
    metadata = {entry.get("key", ""): entry.get("value", "") for entry in model["metadata_props"]}
    if len(metadata) != len(model["metadata_props"]):
        raise _refused(name, "metadata that say a thing twice")
    shape = tuple(a if b is None else b for a, b in zip(image, generated, strict=True))
    return Declared(metadata, PERIOD in inputs, shape)


def _dimension(dim: Message) -> int | None:
    return None if "dim_value" not in dim else int(dim["dim_value"])


def _shape(shape: tuple[int | None, ...]) -> str:
    return " × ".join("any" if size is None else str(size) for size in shape)


def _called(name: str) -> str:
    shown = printable(name[: _CALLED + 1]) or "without a name"
    return shown if len(name) <= _CALLED else shown[:_CALLED] + "…"


def _listed(names: list[str]) -> str:
    return ", ".join(_called(one) for one in names[:5]) or "none"


def _refused(name: str, found: str, expected: str = "") -> PresetError:
    return PresetError(name, found, expected=expected, cure=_CURE)
