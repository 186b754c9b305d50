"""What an ONNX file of a stranger may be, decided before ONNX Runtime sees it.

A generator is a plain graph: images in, images out, all numbers inside the file. Whatever could run
without end (control flow), open other files (external data), bring code (operators of other
domains), or ask for memory by a few bytes (dimensions without data) is refused, by its name.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from engine.errors import PresetError
from engine.models.onnx_contract import Declared, called, read_contract, refused
from engine.models.onnx_schema import ELEMENT_BITS, INT64, MODEL
from engine.models.protobuf import Budget, Malformed, Message, parse

MOST_BYTES = 64 << 20
"""Of a file: the paper's network has 46 MB of weights."""
_MOST_NODES = 10_000
_MOST_ELEMENTS = 1 << 24  # of one constant: 64 MiB of float32
_DOMAINS = ("", "ai.onnx")
_CONTROL_FLOW = ("Loop", "Scan", "If", "SequenceMap")
# Operators that make as much as they are told to, and which of their inputs say how much.
_MAKERS = {"ConstantOfShape": (0,), "Expand": (1,), "Tile": (1,), "Resize": (3,), "Range": (1,)}
_SHAPED = "shape"  # the attribute of those that draw random numbers


def check(data: bytes, name: str) -> Declared:
    """Read a generator's file and hold it to the rules.

    Args:
        data: of the file.
        name: of it, for messages.

    Raises:
        PresetError: it breaks one.
    """
    return read_contract(checked_model(data, name), name)


def checked_model(data: bytes, name: str) -> Message:
    """A file of any kind, parsed, if it has nothing that no file may have; arguments and errors as
    of :func:`check`."""  # noqa: DOC501
    if len(data) > MOST_BYTES:
        raise refused(name, f"{len(data) / 2**20:.0f} MiB", f"at most {MOST_BYTES / 2**20:.0f} MiB")
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
        raise refused(name, reason)
    return model


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
        yield from _tensor_faults(tensor, f"initialiser {called(tensor.get('name', ''))}")
        constants[tensor.get("name", "")] = _numbers(tensor)
    for node in graph["node"]:
        yield from _node_faults(node)
        if node.get("op_type") == "Constant" and node["output"]:
            constants[node["output"][0]] = _constant(node)
    for node in graph["node"]:  # a constant may stand behind who uses it
        yield from _making_faults(node, constants)


def _node_faults(node: Message) -> Iterator[str]:
    kind, domain = node.get("op_type", ""), node.get("domain", "")
    what = f"node {called(node.get('name', ''))} ({called(kind)})"
    if domain not in _DOMAINS:
        yield f"operator {called(kind)} of domain {called(domain)}, only ONNX's own may be there"
    if kind in _CONTROL_FLOW:
        yield f"control flow ({kind})"
    for attribute in node["attribute"]:
        where = f"{what}, attribute {called(attribute.get('name', ''))}"
        if "g" in attribute or attribute["graphs"]:
            yield f"control flow: {what} has a graph inside"
        if "sparse_tensor" in attribute or attribute["sparse_tensors"]:
            yield f"{where}: a sparse constant"
        for tensor in (*attribute["tensors"], *([attribute["t"]] if "t" in attribute else [])):
            yield from _tensor_faults(tensor, where)


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
            yield f"{called(kind)} makes {elements} numbers, at most {_MOST_ELEMENTS}"


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
