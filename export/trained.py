"""From a trained generator to the ONNX file that the engine plays."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper
from torch import Tensor, nn

from engine.dsp.arrays import Array
from engine.dsp.frontend import FrontEnd
from engine.dsp.tempo import WIDTH_STEP
from engine.errors import GeneratorError
from engine.models.model_format import GENERATED, IMAGE, Example, ModelInfo
from engine.strict_json import read, written
from engine.writing import Draft
from train.models.networks import Exported, ImageGenerator

_OPSET = 18
PARITY = 1e-4
_WIDTHS = (128, 480, 696)  # a crop, four bars at 175 BPM and at 120


def export(
    generator: ImageGenerator,
    path: Path,
    example: Array,
    *,
    front_end: FrontEnd,
    level_db: float,
    facts: dict[str, Any],
    view: int,
    drive: float = 1.0,
    force: bool = False,
) -> float:
    """Write a generator with its metadata; the file is there only if it does what PyTorch does.

    Args:
        generator: trained.
        path: the ONNX file.
        example: a real window, (width, n_mels), 0…1, whose output travels with the file.
        front_end: of the training images.
        level_db: mean power of the training material, dB re full scale.
        facts: how it was trained.
        view: columns of the crops that it was trained on.
        drive: factor of its change.
        force: whether a file that is not ours may be replaced.

    Returns:
        The largest difference from PyTorch, relative to the largest output.

    Raises:
        GeneratorError: the two differ by more than 1e-4: nothing is written.
    """
    net = Exported(generator, drive).eval().cpu()
    image = torch.from_numpy(np.ascontiguousarray(example.T[None, None], np.float32))
    width = WIDTH_STEP * torch.export.Dim("eighths", min=8, max=256)
    with torch.inference_mode():
        generated = net(image)[0, 0].numpy().T
    whole = Example(example, generated, float(len(example)))
    return write_model(
        path,
        net,
        {IMAGE: image},
        [GENERATED],
        ModelInfo(front_end, whole, level_db, read(written(facts)), view),
        lambda part: _parity(net, part, front_end.n_mels),
        shapes={"image": {3: width}},
        force=force,
    )


def write_model(
    path: Path,
    net: nn.Module,
    inputs: dict[str, Tensor],
    outputs: list[str],
    info: ModelInfo,
    parity: Callable[[Path], float],
    *,
    shapes: dict[str, Any] | None = None,
    shrink: Callable[[onnx.ModelProto], onnx.ModelProto] = lambda model: model,
    force: bool = False,
) -> float:
    """Write a network with its metadata; the file is there only if it does what PyTorch does.

    Args:
        path: the ONNX file.
        net: what to write.
        inputs: examples of what goes in, by name.
        outputs: names of what comes out.
        info: metadata.
        parity: the largest difference of a file from PyTorch, relative.
        shapes: dimensions that are free, as ``torch.onnx.export`` has them.
        shrink: makes the file smaller, before it is compared.
        force: whether a file that is not ours may be replaced.

    Returns:
        The difference.

    Raises:
        GeneratorError: it is more than 1e-4: nothing is written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Draft(path, force=force)
    part = draft.part
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it speaks of packages not needed
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                net,
                tuple(inputs.values()),
                str(part),
                input_names=list(inputs),
                output_names=outputs,
                dynamic_shapes=shapes,
                opset_version=_OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        model = shrink(without_traces(onnx.load(str(part))))
        helper.set_model_props(model, info.to_metadata())
        onnx.save(model, str(part))
        worst = parity(part)
        if not worst <= PARITY:
            raise GeneratorError(
                str(path),
                f"differs from PyTorch by {worst:.2g} of its largest output",
                expected=f"at most {PARITY:g}",
                cure="Report it with the versions of torch and onnxruntime.",
            )
        draft.keep()
    finally:
        draft.drop()
    return worst


def without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without what the exporter notes of its own run: source lines, and their paths."""
    graph = model.graph
    noted = (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output)
    for part in noted:
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    graph.ClearField("value_info")
    return model


def _parity(net: Exported, path: Path, n_mels: int) -> float:
    """Largest difference between PyTorch and ONNX Runtime over several widths, relative."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    worst = 0.0
    for width in _WIDTHS:
        image = rng.random((1, 1, n_mels, width), np.float32)
        (found,) = session.run(None, {IMAGE: image})
        with torch.inference_mode():
            wanted = net(torch.from_numpy(image)).numpy()
        worst = max(worst, float(np.abs(found - wanted).max() / np.abs(wanted).max()))
    return worst
