"""The way back from a preset's file to a generator that can learn on: what :mod:`export.streaming`
wrote is read again, with weights as the file has rounded them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from engine.dsp.arrays import Array
from engine.errors import PresetError
from export.streaming import HALF, ROUNDED, SCALES, restored_weights
from train.models.streaming_network import KERNEL, StreamingGenerator

# Names of the file's layers, and of the network's; the number of the block comes after the first.
_BLOCKS = {"norms": "norm", "dilated": "dilated", "mixes": "mix"}


def restored_generator(data: bytes, facts: dict[str, Any], name: str) -> StreamingGenerator:
    """The generator that a file was exported from.

    Its gains are driven as the file drives them, so that learning on begins with what was heard.

    Args:
        data: an ONNX file that was admitted, see :func:`engine.models.onnx_model.read_file`.
        facts: of its training, from its metadata.
        name: of the file, for messages.

    Raises:
        PresetError: it was not exported from a training.
    """
    try:
        recipe = facts["recipe"]
        net = StreamingGenerator(int(recipe["width"]), tuple(map(int, recipe["dilations"])))
        drive = float(facts.get("drive", 1.0))
        net.load_state_dict(_state(_tensors(data)))
    except (KeyError, TypeError, ValueError, RuntimeError) as fault:
        raise PresetError(
            name,
            "not written by `doubledrop export` from a training",
            cure="Begin with a run's folder, or with a preset that has been trained.",
        ) from fault
    with torch.no_grad():
        assert net.leave.bias is not None
        for part in (net.leave.weight, net.leave.bias):
            part.view(2, -1)[0].mul_(drive)
    return net


def _tensors(data: bytes) -> dict[str, Array]:
    """The file's weights by the names that they had, in single precision."""
    graph = onnx.load_model_from_string(data).graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = {}
    for name, values in stored.items():
        if name.endswith(ROUNDED):
            weight = name.removesuffix(ROUNDED)
            found[weight] = restored_weights(values, stored[weight + SCALES])
        elif name.endswith(HALF):
            found[name.removesuffix(HALF)] = values.astype(np.float32)
        elif name.endswith((".weight", ".bias", ".scale", ".shift")):
            found[name] = values
    return found


def _state(tensors: dict[str, Array]) -> dict[str, Tensor]:
    """What :class:`StreamingGenerator` calls them, products as convolutions again."""
    state = {}
    for stored, values in tensors.items():
        name, layer = stored, stored.partition(".")[0]
        if layer in _BLOCKS:
            _, number, part = stored.split(".", 2)
            name = f"blocks.{number}.{_BLOCKS[layer]}.{part}"
        if name.endswith("weight"):
            taps = np.split(values, KERNEL if layer == "dilated" else 1, axis=1)
            state[name] = torch.from_numpy(np.stack(taps, axis=-1))
        else:
            state[name] = torch.from_numpy(values.copy())
    return state
