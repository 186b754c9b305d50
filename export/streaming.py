"""From a trained streaming generator to the ONNX file that the engine plays.

The state of its convolutions goes in and comes out as one tensor. Weights are stored in half
precision, which is 0.001 dB of the answers and half of the file; they are single precision again
once the file is loaded.
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

from engine.dsp.arrays import Array
from engine.dsp.frontend import FrontEnd
from engine.dsp.model_format import ANSWERS, COLUMN, NEXT_STATE, STATE, Example, ModelInfo
from engine.dsp.streaming import input_size
from engine.strict_json import read, written
from export.trained import write_model
from train.streaming.network import StreamingGenerator

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
        self.lengths = [state.shape[-1] for state in self.generator.begin(1, torch.zeros(1))]
        with torch.no_grad():
            for parameter in self.generator.parameters():
                if parameter.numel() >= _SMALL:
                    parameter.copy_(parameter.half().float())

    def begin(self) -> Tensor:
        """The state before the first column."""
        return torch.cat(self.generator.begin(1, torch.zeros(1)), dim=-1)

    def forward(self, column: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """(1, input_size, 1) and (1, width, receptive) to answers and the next state."""
        answers, following = self.generator.advance(
            column, list(torch.split(state, self.lengths, dim=-1))
        )
        gains, noise = torch.split(answers, 1, dim=1)
        return torch.cat([self.drive * gains, noise], dim=1), torch.cat(following, dim=-1)


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
    source = np.ascontiguousarray(columns[:_EXAMPLE_COLUMNS], np.float32)
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
