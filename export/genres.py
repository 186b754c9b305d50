"""A multi-layer perceptron that tells genres, as the ONNX file that the engine reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import nn

from engine.dsp.arrays import Array
from engine.genres.features import N_FEATURES
from engine.genres.model_file import FEATURES, SHARES, ClassifierInfo

_OPSET, _IR = 17, 8
_PARITY = 1e-4


def classifier_bytes(
    layers: nn.Sequential,
    mean: Array,
    scale: Array,
    genres: Sequence[str],
    facts: dict[str, Any],
) -> bytes:
    """The file of a network and of the scaler before it.

    Args:
        layers: linear ones with ReLU, and dropout, which is left out, between them.
        mean: of the features, (44,).
        scale: their deviations, (44,).
        genres: by the last layer's outputs.
        facts: of its making, plain values.

    Raises:
        ValueError: there are other layers, or the file differs from PyTorch by more than 1e-4.
    """
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def node(kind: str, into: str, *weights: Array, **attributes: Any) -> str:
        names = [f"w{len(constants) + number}" for number in range(len(weights))]
        for name, value in zip(names, weights, strict=True):
            constants.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        out = f"n{len(nodes)}"
        nodes.append(helper.make_node(kind, [into, *names], [out], **attributes))
        return out

    flows = node("Div", node("Sub", FEATURES, mean), scale)
    for layer in layers:
        match layer:
            case nn.Linear():
                weight, bias = (p.detach().cpu().numpy() for p in (layer.weight, layer.bias))
                flows = node("Gemm", flows, weight, bias, transB=1)
            case nn.ReLU():
                flows = node("Relu", flows)
            case nn.Dropout():
                pass
            case _:
                raise ValueError(f"a layer of kind {type(layer).__name__}")
    node("Softmax", flows, axis=1)
    nodes[-1].output[0] = SHARES
    kind = onnx.TensorProto.FLOAT
    body = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info(FEATURES, kind, ["rows", N_FEATURES])],
        [helper.make_tensor_value_info(SHARES, kind, ["rows", len(genres)])],
        constants,
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    onnx.checker.check_model(model)
    rng = np.random.default_rng(0)
    rows = (np.asarray(mean) + scale * rng.normal(size=(16, N_FEATURES))).astype(np.float32)
    (said,) = ReferenceEvaluator(model).run(None, {FEATURES: rows})
    with torch.no_grad():
        scaled = torch.from_numpy(((rows - mean) / scale).astype(np.float32))
        wanted = torch.softmax(layers.eval()(scaled), dim=1).numpy()
    far = float(np.abs(np.asarray(said) - wanted).max())
    if far > _PARITY:
        raise ValueError(f"the file differs from PyTorch by {far:g}, at most {_PARITY:g}")
    info = ClassifierInfo(tuple(genres), rows[0], np.asarray(said)[0], facts)
    helper.set_model_props(model, info.to_metadata())
    return bytes(model.SerializeToString())
