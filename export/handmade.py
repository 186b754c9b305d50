"""Generators made by hand, so that every property of the engine can be proven exactly.

Each is a small ONNX graph with the same input, output and metadata as a trained one. Run
``python -m export.handmade downbeat-filter presets/downbeat-filter/generator.onnx`` to write one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import typer
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from engine.dsp.frontend import FrontEnd
from engine.dsp.mel import band_edges, hz_to_mel
from engine.models.model_format import GENERATED, IMAGE, PERIOD, Example, ModelInfo

_OPSET = 17
_IR = 8
_FE = FrontEnd()
_DB = 1.0 / (_FE.ceil_db - _FE.floor_db)  # one decibel on the image's scale


class Graph:
    """A list of nodes that grows: each call adds one and returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: object, dtype: type = np.float32) -> str:
        """A constant tensor."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def __call__(self, op: str, *inputs: str, **attributes: Any) -> str:
        """A node of one output."""
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name


def identity(graph: Graph) -> str:
    """Output = input."""
    return graph("Identity", IMAGE)


def flat(gain_db: float) -> Callable[[Graph], str]:
    """Every pixel louder by so many dB."""
    return lambda graph: graph("Add", IMAGE, graph.constant(gain_db * _DB))


def one_column(column: int, gain_db: float = 12.0) -> Callable[[Graph], str]:
    """One column of the window louder by so many dB."""

    def build(graph: Graph) -> str:
        here = graph("Equal", _column_index(graph), graph.constant(column))
        add = graph("Mul", graph("Cast", here, to=1), graph.constant(gain_db * _DB))
        return graph("Add", IMAGE, add)

    return build


def marked_columns(threshold: float, gain_db: float = 12.0) -> Callable[[Graph], str]:
    """Columns whose loudest band exceeds a threshold (0…1) louder by so many dB: follows the
    sound and not the window."""

    def build(graph: Graph) -> str:
        peak = graph("ReduceMax", IMAGE, axes=[2], keepdims=1)
        here = graph("Cast", graph("Greater", peak, graph.constant(threshold)), to=1)
        return graph("Add", IMAGE, graph("Mul", here, graph.constant(gain_db * _DB)))

    return build


def snare(column: int, level_db: float) -> Callable[[Graph], str]:
    """A level put into a column and its neighbours, whatever the input: what a gain alone cannot
    make."""

    def build(graph: Graph) -> str:
        distance = graph("Abs", graph("Sub", _column_index(graph), graph.constant(column)))
        here = graph("Less", distance, graph.constant(1.5))
        value = (level_db - _FE.floor_db) * _DB
        hit = graph("Mul", graph("Cast", here, to=1), graph.constant(value))
        return graph("Max", IMAGE, hit)

    return build


def downbeat_filter(graph: Graph) -> str:
    """A filter that moves with the bars: three bars open from low to full, the fourth thins out
    to the top, so that the next downbeat drops.

    A low-pass edge rises over each of the bars 1–3, a high-pass edge over bar 4; 30 dB deep,
    over an octave or so.
    """
    depth, slope = 30.0, 6.0  # dB, mel
    edges = band_edges(_FE.n_mels, _FE.f_min_hz, _FE.f_max_hz)
    mel = graph.constant(hz_to_mel(edges[1:-1])[None, None, :, None])
    bars = graph("Mul", _column_index(graph), graph("Div", graph.constant(4.0), PERIOD))
    bars = graph("Mod", bars, graph.constant(4.0), fmod=1)
    phase = graph("Sub", bars, graph("Floor", bars))
    last = graph("GreaterOrEqual", bars, graph.constant(3.0))

    def sweep(from_hz: float, to_hz: float) -> str:
        low, high = hz_to_mel(np.array([from_hz, to_hz]))
        rise = graph("Mul", phase, graph.constant(high - low))
        return graph("Add", rise, graph.constant(low))

    def beyond(distance: str) -> str:
        """How far inside the stop band, 0…1."""
        scaled = graph("Mul", distance, graph.constant(1.0 / slope))
        return graph("Clip", scaled, graph.constant(0.0), graph.constant(1.0))

    above = beyond(graph("Sub", mel, sweep(250.0, 20000.0)))
    below = beyond(graph("Sub", sweep(40.0, 3000.0), mel))
    cut = graph("Where", last, below, above)
    return graph("Sub", IMAGE, graph("Mul", cut, graph.constant(depth * _DB)))


def resnet(channels: int = 32, blocks: int = 9, seed: int = 0) -> Callable[[Graph], str]:
    """The papers' ResNet generator (Zhu et al. 2017, appendix 7.2) with random weights: what
    an inference of a trained one costs, before there is one.

    Args:
        channels: of the first layer.
        blocks: residual blocks.
        seed: of the weights.
    """

    def build(graph: Graph) -> str:
        rng = np.random.default_rng(seed)

        def weight(*shape: int) -> str:
            return graph.constant(rng.normal(0.0, 0.02, shape))

        def norm(x: str, n: int) -> str:
            return graph(
                "InstanceNormalization", x, graph.constant(np.ones(n)), graph.constant(np.zeros(n))
            )

        def pad(x: str, size: int) -> str:
            pads = graph.constant([0, 0, size, size] * 2, np.int64)
            return graph("Pad", x, pads, mode="reflect")

        c = channels
        x = graph("Conv", pad(IMAGE, 3), weight(c, 1, 7, 7))
        x = graph("Relu", norm(x, c))
        for n in (2 * c, 4 * c):
            x = graph("Conv", x, weight(n, n // 2, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1])
            x = graph("Relu", norm(x, n))
        for _ in range(blocks):
            y = graph("Relu", norm(graph("Conv", pad(x, 1), weight(n, n, 3, 3)), n))
            y = norm(graph("Conv", pad(y, 1), weight(n, n, 3, 3)), n)
            x = graph("Add", x, y)
        for n in (2 * c, c):
            x = graph(
                "ConvTranspose",
                x,
                weight(2 * n, n, 3, 3),
                strides=[2, 2],
                pads=[1, 1, 1, 1],
                output_padding=[1, 1],
            )
            x = graph("Relu", norm(x, n))
        # A last layer of trained size: random ones of 0.02 would ask for ±60 dB everywhere.
        x = graph("Conv", pad(x, 3), graph.constant(rng.normal(0.0, 0.002, (1, c, 7, 7))))
        return graph("Clip", graph("Add", IMAGE, x), graph.constant(0.0), graph.constant(1.0))

    return build


def write(build: Callable[[Graph], str], path: Path, front_end: FrontEnd = _FE) -> Path:
    """Build a graph, run its example, and write it with its metadata.

    Args:
        build: one of the functions of this module.
        path: the ONNX file.
        front_end: specification put into the metadata.
    """
    graph = Graph()
    graph.nodes.append(helper.make_node("Identity", [build(graph)], [GENERATED]))
    shape: list[str | int | None] = [1, 1, front_end.n_mels, "width"]
    inputs = [helper.make_tensor_value_info(IMAGE, onnx.TensorProto.FLOAT, shape)]
    if any(PERIOD in node.input for node in graph.nodes):
        inputs.append(helper.make_tensor_value_info(PERIOD, onnx.TensorProto.FLOAT, [1]))
    output = helper.make_tensor_value_info(GENERATED, onnx.TensorProto.FLOAT, shape)
    body = helper.make_graph(graph.nodes, "generator", inputs, [output], graph.constants)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    onnx.checker.check_model(model)
    source = np.random.default_rng(1).random((32, front_end.n_mels), np.float32)
    feed = {IMAGE: source.T[None, None], PERIOD: np.array([30.5], np.float32)}
    feed = {entry.name: feed[entry.name] for entry in inputs}
    (generated,) = ReferenceEvaluator(model).run(None, feed)
    example = Example(source, np.asarray(generated)[0, 0].T, 30.5)
    info = ModelInfo(front_end, example, facts={"made": "by hand", "weights": "none learnt"})
    helper.set_model_props(model, info.to_metadata())
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))
    return path


def _column_index(graph: Graph) -> str:
    """0, 1, 2 … along the width, (width,)."""
    width = graph("Gather", graph("Shape", IMAGE), graph.constant(3, np.int64))
    steps = graph("Range", graph.constant(0, np.int64), width, graph.constant(1, np.int64))
    return graph("Cast", steps, to=1)


GENERATORS: dict[str, Callable[[Graph], str]] = {
    "identity": identity,
    "downbeat-filter": downbeat_filter,
    "resnet-32": resnet(32),
}


def main(name: str, path: Path) -> None:
    """Write a generator made by hand.

    Example: python -m export.handmade downbeat-filter presets/downbeat-filter/generator.onnx
    """  # noqa: DOC501
    if name not in GENERATORS:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(GENERATORS)}")
    write(GENERATORS[name], path)


if __name__ == "__main__":
    typer.run(main)
