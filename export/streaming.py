"""From a trained streaming generator to the ONNX file that the engine plays.

A column at a time a convolution along time is a product with the columns that its taps lie on. The
columns that the blocks remember go in and come out as one tensor, from which all taps are gathered
at once and which moves on by one column at once: so the weights are what an answer takes its time
for, and not the state. So they are stored in 8 bits, 32 with a scale each, in ONNX's own operators,
and ONNX Runtime multiplies them as they are, with activations that it rounds to 8 bits too: 0.05 dB
of the gains, and less than half of the time of single precision. The last product, whose rounding
is heard directly, has half precision.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from engine.dsp.arrays import Array
from engine.dsp.frontend import FrontEnd
from engine.dsp.streaming import ENTRY_DB, LEADS, input_size
from engine.models.model_format import ANSWERS, COLUMN, NEXT_STATE, STATE, Example, ModelInfo
from engine.strict_json import read, written
from export.trained import write_model
from train.models.streaming_network import CausalBlock, ColumnNorm, StreamingGenerator

_EXAMPLE_COLUMNS = 16
_COMPARED = 40  # columns in a row
_SMALL = 4096  # numbers of a constant that stays as it is
_BLOCK = 32  # weights with a scale
_LEVELS = 127
_OPSET = 21  # the first in which scales are of blocks
_LAST = "leave.weight"
ROUNDED, SCALES, HALF = ".rounded", ".scales", ".half"
"""What is added to a weight's name where it is stored in 8 bits, to the name of their scales, and
where it is stored in half precision."""


class ExportedStream(nn.Module):
    """A streaming generator as the engine runs it.

    Args:
        generator: trained; its weights are rounded as they are in the file.
        drive: factor of its gains, dB.
    """

    def __init__(self, generator: StreamingGenerator, drive: float = 1.0) -> None:
        super().__init__()
        net = copy.deepcopy(generator).cpu().eval()
        self.bands, self.receptive, self.drive = net.bands, net.receptive, drive
        blocks = [block for block in net.blocks if isinstance(block, CausalBlock)]
        self.width, self.norm = blocks[0].width, net.norm
        self.norms = nn.ModuleList(block.norm for block in blocks)
        self.enter, self.leave = _product(net.enter), _product(net.leave, last=True)
        self.dilated = nn.ModuleList(_product(block.dilated) for block in blocks)
        self.mixes = nn.ModuleList(_product(block.mix) for block in blocks)
        taps, following, first = [], [], 0
        for number, block in enumerate(blocks):
            # Its own part of the state; the newest of three taps is the column itself.
            taps += [first, first + block.past // 2]
            following += [*range(first + 1, first + block.past), self.receptive + number]
            first += block.past
        self.taps: Tensor
        self.following: Tensor
        self.register_buffer("taps", torch.tensor(taps))
        self.register_buffer("following", torch.tensor(following))

    def begin(self) -> Tensor:
        """The state before the first column, (1, receptive, width)."""
        return torch.zeros(1, self.receptive, self.width)

    def forward(self, column: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """(1, input_size, 1) and (1, receptive, width) to answers and the next state."""
        h = self.enter(column[..., 0])
        remembered = state[0].index_select(0, self.taps).reshape(len(self.norms), -1)
        newest = []
        for norm, dilated, mix, past in zip(
            self.norms, self.dilated, self.mixes, torch.split(remembered, 1), strict=True
        ):
            x = _normed(norm, h)
            h = h + mix(torch.relu(dilated(torch.cat([past, x], dim=1))))
            newest.append(x)
        known = torch.cat([state[0], *newest])
        said = ENTRY_DB * self.leave(_normed(self.norm, h))
        gains, noise = torch.split(said.reshape(1, 2, len(LEADS), self.bands, 1), 1, dim=1)
        return torch.cat([self.drive * gains, noise], dim=1), known.index_select(0, self.following)[
            None
        ]


def _product(layer: nn.Conv1d, last: bool = False) -> nn.Linear:
    """A convolution as a product with the columns under its taps, one behind the other, its
    weights rounded as in the file."""
    weight = torch.cat(list(layer.weight.detach().unbind(-1)), dim=1)
    made = nn.Linear(weight.shape[1], weight.shape[0])
    if weight.numel() >= _SMALL:
        weight = (
            weight.half().float()
            if last
            else torch.from_numpy(restored_weights(*_rounded(weight.numpy())))
        )
    with torch.no_grad():
        made.weight.copy_(weight)
        assert layer.bias is not None
        made.bias.copy_(layer.bias)
    return made


def _rounded(weight: Array) -> tuple[Array, Array]:
    """Weights (out, in) in 8 bits, (in, out), and the scales of their blocks, (blocks, out)."""
    values = weight.T
    rows, columns = values.shape
    blocks = np.pad(values, ((0, -rows % _BLOCK), (0, 0))).reshape(-1, _BLOCK, columns)
    scales = np.abs(blocks).max(axis=1) / np.float32(_LEVELS)
    scales[scales == 0.0] = 1.0
    rounded = np.rint(blocks / scales[:, None]).reshape(-1, columns)[:rows]
    return rounded.astype(np.int8), scales


def restored_weights(rounded: Array, scales: Array) -> Array:
    """The weights (out, in) that these stand for."""
    each = np.repeat(scales, _BLOCK, axis=0)[: len(rounded)]
    return np.ascontiguousarray((rounded * each).T)


def _normed(norm: nn.Module, x: Tensor) -> Tensor:
    """One column, (1, channels), normed."""
    assert isinstance(norm, ColumnNorm)
    return layer_norm(x, x.shape[-1:], norm.scale, norm.shift)


def export_streaming(
    generator: StreamingGenerator,
    path: Path,
    columns: Array,
    *,
    front_end: FrontEnd,
    level_db: float,
    facts: dict[str, Any],
    drive: float = 1.0,
    force: bool = False,
) -> float:
    """Write a streaming generator with its metadata, if the file does what PyTorch does.

    Args:
        generator: trained.
        path: the ONNX file.
        columns: what the generator is told of real columns in a row, (columns, input_size); some of
            them travel with the file.
        front_end: of the training images.
        level_db: mean power of the training material, dB re full scale.
        facts: how it was trained.
        drive: factor of its gains.
        force: whether a file that is not ours may be replaced.

    Returns:
        The largest difference from PyTorch, relative to the largest answer.

    Raises:
        GeneratorError: the two differ by more than 1e-4: nothing is written.
    """
    net = ExportedStream(generator, drive).eval()
    source = np.array(columns[:_EXAMPLE_COLUMNS], np.float32)
    with torch.inference_mode():
        state = net.begin()
        for column in source:
            answers, state = net(torch.from_numpy(column)[None, :, None], state)
    example = Example(source, answers.numpy().reshape(1, -1), 0.0)
    info = ModelInfo(front_end, example, level_db, read(written(facts)), kind="streaming")
    size = input_size(front_end.n_mels)
    return write_model(
        path,
        net,
        {COLUMN: torch.zeros(1, size, 1), STATE: net.begin()},
        [ANSWERS, NEXT_STATE],
        info,
        lambda part: _parity(net, part, size),
        shrink=_small,
        force=force,
    )


def _parity(net: ExportedStream, path: Path, size: int) -> float:
    """Largest difference between PyTorch and ONNX Runtime over columns in a row, relative."""
    options = onnxruntime.SessionOptions()
    # As the file has it: what makes its products fast rounds activations too.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    rng = np.random.default_rng(0)
    states = net.begin(), net.begin().numpy()
    worst = largest = 0.0
    for _ in range(_COMPARED):
        column = rng.uniform(-1, 1, (1, size, 1)).astype(np.float32)
        with torch.inference_mode():
            wanted, state = net(torch.from_numpy(column), states[0])
        found, following = session.run([ANSWERS, NEXT_STATE], {COLUMN: column, STATE: states[1]})
        states = state, following
        worst = max(worst, float(np.abs(found - wanted.numpy()).max()))
        largest = max(largest, float(np.abs(wanted.numpy()).max()))
    return worst / largest


def _small(model: onnx.ModelProto) -> onnx.ModelProto:
    """Large weights in 8 bits, behind their scales; those of the last product in half precision."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        tensor = weights.get(node.input[1]) if node.op_type == "Gemm" else None
        if tensor is None or np.prod(tensor.dims) < _SMALL:
            nodes.append(node)
            continue
        values, name = numpy_helper.to_array(tensor), tensor.name
        if name == _LAST:
            half = numpy_helper.from_array(values.astype(np.float16), name + HALF)
            tensor.CopyFrom(half)
            nodes += [helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT), node]
            continue
        rounded, scales = _rounded(values)
        tensor.CopyFrom(numpy_helper.from_array(rounded, name + ROUNDED))
        graph.initializer.append(numpy_helper.from_array(scales, name + SCALES))
        given, (made,), product = node.input[0], node.output, f"{node.output[0]}.product"
        stored = [tensor.name, name + SCALES]
        nodes += [
            helper.make_node("DequantizeLinear", stored, [name], axis=0, block_size=_BLOCK),
            helper.make_node("MatMul", [given, name], [product]),
            helper.make_node("Add", [product, node.input[2]], [made]),
        ]
    del graph.node[:]
    graph.node.extend(nodes)
    model.opset_import[0].version = _OPSET
    return model
