"""Generators that mean harm, each a file of its own kind; see :mod:`tests.hostile_figures`.

``GENERATORS`` makes the bytes of each by its name, ``SAYS`` what a refusal says; those that are not
in it may be accepted, and show what they are when they run.
"""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engine.dsp.frontend import FrontEnd
from engine.models.model_format import GENERATED, IMAGE, Example, ModelInfo

Nodes = list[onnx.NodeProto]
PRESET = 'format = 1\ndescription = "of a stranger"\nlicence = "none"\n'
_FLOAT, _DOUBLE, _INT64 = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64
_WIDE = [1, 1, 128, "width"]


def node(op: str, *inputs: str, to: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(op, list(inputs), [to], **attributes)


def numbers(name: str, *values: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, np.int64), name)


def model(
    nodes: Nodes | None = None,
    constants: list[onnx.TensorProto] | None = None,
    *,
    inputs: list[tuple[str, int, list[object]]] | None = None,
    outputs: list[tuple[str, int, list[object]]] | None = None,
    change: Callable[[onnx.ModelProto], None] = lambda made: None,
    **metadata: str,
) -> bytes:
    """A generator that is the identity by its example, with what is put into it."""
    body = helper.make_graph(
        nodes or [node("Identity", IMAGE, to=GENERATED)],
        "generator",
        [helper.make_tensor_value_info(*x) for x in inputs or [(IMAGE, _FLOAT, _WIDE)]],
        [helper.make_tensor_value_info(*x) for x in outputs or [(GENERATED, _FLOAT, _WIDE)]],
        constants or [],
    )
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]
    made = helper.make_model(body, opset_imports=domains, ir_version=8)
    image = np.random.default_rng(1).random((32, 128), np.float32)
    values = ModelInfo(FrontEnd(), Example(image, image, 30.5), facts={}).to_metadata()
    helper.set_model_props(made, values | {f"doubledrop.{k}": v for k, v in metadata.items()})
    change(made)
    return made.SerializeToString()


def added(nodes: Nodes, last: str, constants: list[onnx.TensorProto]) -> bytes:
    """The identity and nothing of what the nodes make, which they make all the same."""
    tail = [
        node("ReduceMax", last, to="most", keepdims=0),
        node("Mul", "most", "nothing", to="none"),
        node("Add", IMAGE, "none", to=GENERATED),
    ]
    nothing = numpy_helper.from_array(np.array(0.0, np.float32), "nothing")
    return model([*nodes, *tail], [*constants, nothing])


@lru_cache
def bomb(mib: int) -> str:
    """So many MiB of zeros, as an example holds them."""
    inflater = zlib.compressobj(9)
    parts = [inflater.compress(bytes(1 << 20)) for _ in range(mib)]
    return base64.b85encode(b"".join(parts) + inflater.flush()).decode()


def body_of_a_loop() -> onnx.GraphProto:
    goes_on = helper.make_tensor_value_info("goes_on", TensorProto.BOOL, [])
    count = helper.make_tensor_value_info("count", _INT64, [])
    still = helper.make_tensor_value_info("still", TensorProto.BOOL, [])
    return helper.make_graph(
        [node("Identity", "goes_on", to="still")], "b", [count, goes_on], [still]
    )


def loop() -> bytes:
    nodes = [
        node("Loop", "many", "true", to="", body=body_of_a_loop()),
        node("Identity", IMAGE, to=GENERATED),
    ]
    nodes[0].output[:] = []
    return model(nodes, [numbers("many", 2**62), numpy_helper.from_array(np.array(True), "true")])


def branch() -> bytes:
    out = helper.make_tensor_value_info("x", _FLOAT, None)
    inside = helper.make_graph([node("Identity", IMAGE, to="x")], "b", [], [out])
    nodes = [node("If", "true", to=GENERATED, then_branch=inside, else_branch=inside)]
    return model(nodes, [numpy_helper.from_array(np.array(True), "true")])


def functions(deep: int = 40) -> bytes:
    """Each calls the one before twice."""

    def change(made: onnx.ModelProto) -> None:
        opset = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]
        for n in range(deep):
            op, domain = ("Neg", "") if n == 0 else (f"f{n - 1}", "com.example")
            nodes = [
                helper.make_node(op, ["x"], ["y"], domain=domain),
                helper.make_node(op, ["y"], ["z"], domain=domain),
            ]
            made.functions.append(
                helper.make_function("com.example", f"f{n}", ["x"], ["z"], nodes, opset)
            )

    nodes = [helper.make_node(f"f{deep - 1}", [IMAGE], [GENERATED], domain="com.example")]
    return model(nodes, change=change)


def nested(deep: int) -> bytes:
    """A message in a message, over and over: a graph inside a graph."""
    inner = b""
    for _ in range(deep):
        inner = _field(1, _field(5, _field(6, inner)))
    return model() + _field(7, inner)


def _field(number: int, data: bytes) -> bytes:
    size, length = len(data), b""
    while size >= 128:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + data


def outside() -> bytes:
    tensor = TensorProto(name="w", data_type=_FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="/etc/passwd")
    return added([node("Neg", "w", to="x")], "x", [tensor])


def by_dims(*dims: int) -> bytes:
    return added(
        [node("Neg", "w", to="x")], "x", [TensorProto(name="w", data_type=_FLOAT, dims=dims)]
    )


def constant_by_dims() -> bytes:
    value = TensorProto(name="w", data_type=_FLOAT, dims=[1 << 16, 1 << 16])
    return added([node("Constant", to="x", value=value)], "x", [])


def sparse() -> bytes:
    values = numpy_helper.from_array(np.ones(1, np.float32), "w")
    tensor = helper.make_sparse_tensor(values, numbers("i", 0), [1 << 34])

    def change(made: onnx.ModelProto) -> None:
        made.graph.sparse_initializer.append(tensor)

    return model(change=change)


def sized(power: int, times: int) -> Nodes:
    """Width to the power, times a number, as a shape of one dimension: ``size``."""
    nodes = [
        node("Shape", IMAGE, to="shape"),
        node("Gather", "shape", "three", to="s0"),
        *(node("Mul", f"s{n}", "s0", to=f"s{n + 1}") for n in range(power - 1)),
        node("Mul", f"s{power - 1}", "times", to="size"),
    ]
    return nodes


def of_width(power: int, times: int) -> bytes:
    """Asks for memory by the width; its example is harmless."""
    nodes = [*sized(power, times), node("ConstantOfShape", "size", to="x")]
    return added(nodes, "x", [numbers("three", 3), numbers("times", times)])


def heard(nodes: Nodes, most: int) -> bytes:
    """``size`` is a large number for music, and 1 for silence and for noise."""
    limits = [("low", 0.02), ("high", 0.47), ("large", float(most)), ("one", 1.0)]
    before = [
        node("ReduceMean", IMAGE, to="mean", keepdims=0),
        node("Greater", "mean", "low", to="above"),
        node("Less", "mean", "high", to="below"),
        node("And", "above", "below", to="music"),
        node("Where", "music", "large", "one", to="wanted"),
        node("Cast", "wanted", to="whole", **{}),
        node("Reshape", "whole", "flat", to="size"),
    ]
    before[5].attribute.append(helper.make_attribute("to", _INT64))
    constants = [numpy_helper.from_array(np.array(x, np.float32), name) for name, x in limits]
    return added([*before, *nodes], "x", [*constants, numbers("flat", 1)])


def memory_on_stage() -> bytes:
    return heard([node("ConstantOfShape", "size", to="x")], 1 << 32)


def products(times: int) -> Nodes:
    chain = [node("Concat", "size", "size", to="square", axis=0)]
    value = numpy_helper.from_array(np.array([1e-4], np.float32))
    chain.append(node("ConstantOfShape", "square", to="m0", value=value))
    chain += [node("MatMul", f"m{n}", "m0", to=f"m{n + 1}") for n in range(times)]
    return [*chain, node("Identity", f"m{times}", to="x")]


def endless_on_stage() -> bytes:
    return heard(products(500), 1500)


def endless(times: int = 500) -> bytes:
    nodes = [*sized(1, 4), *products(times)]
    return added(nodes, "x", [numbers("three", 3), numbers("times", 4)])


def endless_while_loading() -> bytes:
    """Constants of constants, which ONNX Runtime works out when it loads."""
    return added(products(500), "x", [numbers("size", 1500)])


def not_a_number() -> bytes:
    zero = numpy_helper.from_array(np.array(0.0, np.float32), "zero")
    nodes = [node("Div", "zero", "zero", to="nan"), node("Add", IMAGE, "nan", to=GENERATED)]
    return model(nodes, [zero])


def not_a_number_when_wide() -> bytes:
    """0 / (480 - width) and so on: its example is finite, and so are most widths."""
    nodes = [
        node("Shape", IMAGE, to="shape"),
        node("Gather", "shape", "three", to="width"),
        node("Sub", "width", "there", to="away"),
        node("Cast", "away", to="far"),
        node("Div", "zero", "far", to="x"),
        node("Add", IMAGE, "x", to=GENERATED),
    ]
    nodes[3].attribute.append(helper.make_attribute("to", _FLOAT))
    zero = numpy_helper.from_array(np.array(0.0, np.float32), "zero")
    return model(nodes, [numbers("three", 3), numbers("there", 480), zero])


def other_shape() -> bytes:
    starts = [numbers("from", 0), numbers("until", 7), numbers("axis", 3)]
    return model([node("Slice", IMAGE, "from", "until", "axis", to=GENERATED)], starts)


def twice() -> bytes:
    """Two graphs: some readers merge them."""
    other = onnx.load_from_string(loop())
    return model() + _field(7, other.graph.SerializeToString())


def in_bytes() -> bytes:
    made = model()
    return made.replace(b"doubledrop.level_db", b"doubledrop.\xff\xfe\xfd\xfc_db")


def _io(**given: object) -> Callable[[], bytes]:
    return lambda: model(**given)  # type: ignore[arg-type]


def _with(**metadata: str) -> Callable[[], bytes]:
    return lambda: model(**metadata)  # type: ignore[arg-type]


def _op(op: str, domain: str) -> Callable[[], bytes]:
    return lambda: model([helper.make_node(op, [IMAGE], [GENERATED], domain=domain)])


def _spec(**values: object) -> str:
    return json.dumps(json.loads(FrontEnd().to_json()) | values)


def _tile() -> bytes:
    nodes = [node("Expand", IMAGE, "size", to="x")]
    return added(nodes, "x", [numbers("size", 1 << 20, 1, 128, 1 << 10)])


GENERATORS: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "text": lambda: b"not a model\n" * 50,
    "random bytes": lambda: random.Random(1).randbytes(100_000),
    "cut short": lambda: model()[:-1000],
    "ONNX Runtime's own format": lambda: b"\x1c\0\0\0ORTM" + bytes(500),
    "two graphs": twice,
    "nested in itself": lambda: nested(20_000),
    "Loop": loop,
    "If": branch,
    "functions in functions": functions,
    "external data": outside,
    "an initialiser by its dimensions": lambda: by_dims(1 << 16, 1 << 16),
    "dimensions beyond 64 bits": lambda: by_dims(1 << 62, 1 << 62, 1 << 62),
    "a negative dimension": lambda: by_dims(-1, -4),
    "a constant by its dimensions": constant_by_dims,
    "a sparse initialiser": sparse,
    "ConstantOfShape of 16 GiB": lambda: added(
        [node("ConstantOfShape", "size", to="x")], "x", [numbers("size", 1 << 32)]
    ),
    "Expand to 512 GiB": _tile,
    "an operator of a custom domain": _op("Steal", "com.example"),
    "an operator of Microsoft's": _op("Gelu", "com.microsoft"),
    "an operator that does not exist": _op("Steal", ""),
    "another input": _io(inputs=[("x", _FLOAT, _WIDE)], nodes=[node("Neg", "x", to=GENERATED)]),
    "one input more": _io(inputs=[(IMAGE, _FLOAT, _WIDE), ("x", _FLOAT, [1])]),
    "an input of another type": _io(inputs=[(IMAGE, _DOUBLE, _WIDE)]),
    "an input of another rank": _io(inputs=[(IMAGE, _FLOAT, [1, 128, "width"])]),
    "other bands": _io(inputs=[(IMAGE, _FLOAT, [1, 1, 64, "width"])]),
    "another output": _io(outputs=[("x", _FLOAT, _WIDE)], nodes=[node("Neg", IMAGE, to="x")]),
    "an output of another shape": other_shape,
    "an output of no numbers": not_a_number,
    "no numbers at one width": not_a_number_when_wide,
    "another example": lambda: model([node("Neg", IMAGE, to=GENERATED)]),
    "no metadata": lambda: model(change=lambda made: made.ClearField("metadata_props")),
    "metadata that inflate to 1 GiB": _with(example_source=f"32,128;{bomb(1024)}"),
    "metadata that inflate to 64 MiB": _with(example_source=f"32,128;{bomb(64)}"),
    "an example of 40 GB": _with(example_source=f"100000,100000;{bomb(1)}"),
    "a level of nan": _with(level_db="nan"),
    "a level of infinity": _with(level_db="1e999"),
    "a period of infinity": _with(example_period="inf"),
    "a view without end": _with(view="8" + "0" * 5000),
    "facts nested in facts": _with(facts="[" * 60_000 + "]" * 60_000),
    "facts of nan": _with(facts='{"loss": NaN}'),
    "a front end of infinity": _with(front_end=_spec(n_mels=float("inf"))),
    "a front end of huge numbers": _with(front_end=_spec(n_mels=10**1000)),
    "metadata of no UTF-8": in_bytes,
    "memory by the width, computed": lambda: of_width(3, 4),
    "memory at other widths": lambda: of_width(3, 1),
    "endless": endless,
    "endless while it is loaded": endless_while_loading,
    "memory when it hears music": memory_on_stage,
    "endless when it hears music": endless_on_stage,
}
SAYS = {
    "empty": "no ONNX model",
    "text": "no ONNX model",
    "random bytes": "no ONNX model",
    "cut short": "no ONNX model",
    "ONNX Runtime's own format": "no ONNX model",
    "two graphs": "graph twice",
    "nested in itself": "no ONNX model",
    "Loop": r"control flow \(Loop\)",
    "If": r"control flow \(If\)",
    "functions in functions": "functions of its own",
    "external data": "initialiser w: external data",
    "an initialiser by its dimensions": "initialiser w: 4294967296 numbers",
    "dimensions beyond 64 bits": "initialiser w: .* numbers",
    "a negative dimension": "a negative dimension",
    "a constant by its dimensions": "attribute value: 4294967296 numbers",
    "a sparse initialiser": "sparse initialisers",
    "ConstantOfShape of 16 GiB": "ConstantOfShape makes 4294967296 numbers",
    "Expand to 512 GiB": "Expand makes 137438953472 numbers",
    "an operator of a custom domain": "operator Steal of domain com.example",
    "an operator of Microsoft's": "operator Gelu of domain com.microsoft",
    "an operator that does not exist": "failed its first run",
    "another input": "inputs x",
    "one input more": "inputs image, x",
    "an input of another type": "image: type 11",
    "an input of another rank": "image: type 1, 3 dimensions",
    "other bands": "64",
    "another output": "outputs x",
    "an output of another shape": "failed its first run",
    "an output of no numbers": "example comes out nan off",
    "no numbers at one width": "not finite at a width of 480",
    "another example": "its example comes out",
    "no metadata": "without doubledrop's metadata",
    "metadata that inflate to 1 GiB": "an example of",
    "metadata that inflate to 64 MiB": "an example of another size",
    "an example of 40 GB": "an example of 100000 columns",
    "a level of nan": "level_db of 'nan'",
    "a level of infinity": "level_db of '1e999'",
    "a period of infinity": "example_period of 'inf'",
    "a view without end": "a view of",
    "facts nested in facts": "metadata that cannot be read",
    "facts of nan": "facts with NaN",
    "a front end of infinity": "cannot be read",
    "a front end of huge numbers": "cannot be read",
    "metadata of no UTF-8": "no UTF-8",
    "memory by the width, computed": "failed its first run",
    "memory at other widths": "failed its first run",
    "endless": "no answer within",
    "endless while it is loaded": "no answer within",
}

SHOWN = "failed its first run", "no answer", "not finite"
"""How what is said begins where only a run shows it."""


def preset(folder: Path, name: str) -> Path:
    """A preset of one of them."""
    made = folder / name.replace(" ", "-").replace("'", "")
    made.mkdir(parents=True, exist_ok=True)
    (made / "generator.onnx").write_bytes(GENERATORS[name]())
    (made / "preset.toml").write_text(PRESET)
    return made
