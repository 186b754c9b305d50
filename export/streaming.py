"""From a trained streaming generator to the ONNX file that the engine plays.

A column at a time a convolution along time is a product with the columns that its taps lie on. The
columns that the blocks remember go in and come out as one tensor, from which all taps are gathered
at once and which moves on by one column at once: so the weights are what an answer takes its time
for, and not the state. Weights are stored in half precision, which is 0.001 dB of the answers and
half of the file; they are single precision again once the file is loaded.
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
from torch.nn.functional import layer_norm, linear

from engine.dsp.arrays import Array
from engine.dsp.frontend import FrontEnd
from engine.dsp.model_format import ANSWERS, COLUMN, NEXT_STATE, STATE, Example, ModelInfo
from engine.dsp.streaming import ENTRY_DB, LEADS, input_size
from engine.strict_json import read, written
from export.trained import write_model
from train.streaming.network import CausalBlock, ColumnNorm, StreamingGenerator

_EXAMPLE_COLUMNS = 16
_COMPARED = 40  # columns in a row
_SMALL = 4096  # numbers of a constant that stays as it is


class ExportedStream(nn.Module):
    """A streaming generator as the engine runs it.

    Args:
        generator: trained; its weights are rounded to half precision.
        drive: factor of its gains, dB.
    """

    def __init__(self, generator: StreamingGenerator, drive: float = 1.0) -> None:
        super().__init__()
        self.generator, self.drive = copy.deepcopy(generator).cpu().eval(), drive
        with torch.no_grad():
            for parameter in self.generator.parameters():
                if parameter.numel() >= _SMALL:
                    parameter.copy_(parameter.half().float())
        self.blocks = [block for block in self.generator.blocks if isinstance(block, CausalBlock)]
        taps, following, first = [], [], 0
        for number, block in enumerate(self.blocks):
            # Its own part of the state; the newest of three taps is the column itself.
            taps += [first, first + block.past // 2]
            following += [*range(first + 1, first + block.past), self.receptive + number]
            first += block.past
            weight = block.dilated.weight.detach()
            self.register_buffer(f"weight_{number}", torch.cat(list(weight.unbind(-1)), dim=1))
        self.taps: Tensor
        self.following: Tensor
        self.register_buffer("taps", torch.tensor(taps))
        self.register_buffer("following", torch.tensor(following))

    @property
    def receptive(self) -> int:
        """Columns of the state."""
        return self.generator.receptive

    def begin(self) -> Tensor:
        """The state before the first column, (1, receptive, width)."""
        return torch.zeros(1, self.receptive, self.blocks[0].width)

    def forward(self, column: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """(1, input_size, 1) and (1, receptive, width) to answers and the next state."""
        net = self.generator
        h = _mixed(net.enter, column[..., 0])
        remembered = state[0].index_select(0, self.taps).reshape(len(self.blocks), -1)
        newest = []
        for number, (block, past) in enumerate(
            zip(self.blocks, torch.split(remembered, 1), strict=True)
        ):
            x = _normed(block.norm, h)
            heard = torch.cat([past, x], dim=1)
            weight = getattr(self, f"weight_{number}")
            h = h + _mixed(block.mix, torch.relu(linear(heard, weight, block.dilated.bias)))
            newest.append(x)
        known = torch.cat([state[0], *newest])
        said = ENTRY_DB * _mixed(net.leave, _normed(net.norm, h))
        gains, noise = torch.split(said.reshape(1, 2, len(LEADS), net.bands, 1), 1, dim=1)
        return torch.cat([self.drive * gains, noise], dim=1), known.index_select(0, self.following)[
            None
        ]


def _mixed(layer: nn.Conv1d, x: Tensor) -> Tensor:
    """A convolution of one tap, of one column, (1, channels)."""
    return linear(x, layer.weight[..., 0], layer.bias)


def _normed(norm: ColumnNorm, x: Tensor) -> Tensor:
    """One column, (1, channels), normed."""
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
        shrink=_halved,
        force=force,
    )


def _parity(net: ExportedStream, path: Path, size: int) -> float:
    """Largest difference between PyTorch and ONNX Runtime over columns in a row, relative."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
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


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Large constants in half precision, each behind a cast."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _SMALL:
            continue
        name, half = tensor.name, f"{tensor.name}.half"
        values = numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(numpy_helper.from_array(values, half))
        casts.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return model
