"""From a trained network to a preset's folder, for every kind of generator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.config.preset import LATE
from engine.dsp.arrays import Array
from engine.dsp.tempo import bucket
from engine.errors import UsageError
from engine.models.generator import OnnxGenerator
from engine.models.onnx_model import read_file
from engine.writing import check_output
from export.card import PICTURE, add_late, draw_windows, write_preset
from export.streaming import export_streaming
from export.trained import export
from train.data.dataset import Dataset, Split
from train.models.networks import ImageGenerator
from train.models.streaming_network import StreamingGenerator
from train.training.cyclegan import CycleGan
from train.training.johnson import Johnson
from train.training.melgan import MelGan
from train.training.playback import Playback
from train.training.streaming_pair import StreamingPair
from train.training.tracks import Pieces

_SHOWN = 480  # columns of a picture


@dataclass(frozen=True)
class Stream:
    """A trained streaming generator.

    Attributes:
        generator: it.
        playback: of its answers.
    """

    generator: StreamingGenerator
    playback: Playback


@dataclass(frozen=True)
class WindowPart:
    """A trained generator of windows.

    Attributes:
        by: what made it, for its preset's description.
        generator: it.
        view: columns that the stage shows it, as many as it was trained on.
    """

    by: str
    generator: ImageGenerator
    view: int


@dataclass(frozen=True)
class PresetRequest:
    """A preset that is to be.

    Attributes:
        folder: of the preset.
        data: what its generator was trained on.
        source, target: genres.
        licence: in one line.
        facts: how it was trained.
        drive: factor of the change that it makes.
        force: whether files that are not ours may be replaced.
        about: further words on it, in one line.
    """

    folder: Path
    data: Dataset
    source: str
    target: str
    licence: str
    facts: dict[str, Any]
    drive: float
    force: bool
    about: str = ""

    @property
    def model(self) -> Path:
        """The generator's file."""
        return self.folder / "generator.onnx"


def window_part(model: CycleGan | MelGan, target: str, share: float) -> WindowPart:
    """What restyles windows into a target.

    Args:
        model: trained.
        target: genre.
        share: of the weights that were learnt, see :meth:`CycleGan.blended`.

    Raises:
        UsageError: the model has no teachers, and a share of its weights is asked for.
    """
    recipe = model.recipe
    if isinstance(model, CycleGan):
        generators = model.blended(share)
        return WindowPart("a CycleGAN", generators[target == recipe.source], recipe.width)
    if share != 1.0:
        raise UsageError("--share", "a run without teachers", cure="Leave it out.")
    return WindowPart("a generator after MelGAN-VC", model.exported(), recipe.width // 2)


def export_window(wanted: PresetRequest, part: WindowPart) -> float:
    """Write the preset of a generator that restyles windows.

    Args:
        wanted: the preset.
        part: the generator.

    Returns:
        The largest difference of the file from PyTorch, relative.

    Raises:
        GeneratorError: it is too large.
    """
    example, worst = _export_window(wanted, wanted.model, part)
    made = OnnxGenerator(wanted.model, "cpu")(example, float(len(example)))
    _write(wanted, part.by, {wanted.source: example, f"as {wanted.target}": made})
    return worst


def check_late(folder: Path, force: bool = False) -> None:
    """Whether a generator of whole windows may be put into a preset.

    Raises:
        UsageError: there is no streaming generator in it, or a file would be replaced that is not
            ours, and ``force`` is not said.
    """
    path = folder / "generator.onnx"
    if not path.is_file() or read_file(path).info.kind != "streaming":
        raise UsageError(
            str(folder),
            "no preset of a streaming generator",
            cure="Export the streaming generator first.",
        )
    check_output(folder / LATE, force=force)


def export_late(wanted: PresetRequest, part: WindowPart) -> float:
    """Put a generator of whole windows beside the streaming one of a preset that is there, for
    files; arguments and errors as of :func:`export_window`."""
    path = wanted.folder / LATE
    _, worst = _export_window(wanted, path, part)
    add_late(wanted.folder, wanted.facts | {"licence": wanted.licence}, path)
    return worst


def _export_window(wanted: PresetRequest, path: Path, part: WindowPart) -> tuple[Array, float]:
    """The file; its example, and how far it is from PyTorch."""
    data, source = wanted.data, wanted.source
    segment = (data.segments(source, "held-out") or data.segments(source))[0]
    own = data.front_end.normalise(segment.image()[1])
    example = np.resize(own, (bucket(len(own)), own.shape[1]))  # padded circularly, as live
    worst = export(
        part.generator,
        path,
        example,
        front_end=data.front_end,
        level_db=data.manifest.level_db,
        facts=wanted.facts,
        view=part.view,
        drive=wanted.drive,
        force=wanted.force,
    )
    return example, worst


def streaming_part(model: StreamingPair | Johnson, target: str) -> tuple[str, Stream]:
    """What restyles into a target, and what it is called in a description.

    Args:
        model: trained.
        target: genre or style.
    """
    if isinstance(model, Johnson):
        by = "a streaming generator after Johnson"
        return by, Stream(model.average, model.playback)
    direction = model.to_source if target == model.recipe.source else model.to_target
    return "a streaming generator", Stream(direction.average, model.playback)


def export_stream(wanted: PresetRequest, by: str, stream: Stream) -> float:
    """Write the preset of a streaming generator; errors as of :func:`export_window`.

    Args:
        wanted: the preset.
        by: what made it, for its description.
        stream: the generator.

    Returns:
        The largest difference of the file from PyTorch, relative.
    """
    data, source, cpu = wanted.data, wanted.source, torch.device("cpu")
    split: Split = "held-out" if data.tracks(source, "held-out") else "train"
    pieces = Pieces(data, source, None, split, cpu, twins=False, most=1)
    given, sound = pieces.given(False, clock=True), pieces.sound(False)
    track = data.tracks(source, split)[0]
    middle = round(track.starts_s[-1] * pieces.rate / pieces.hop)
    middle = min(middle, given.shape[-1] - _SHOWN)
    worst = export_streaming(
        stream.generator,
        wanted.model,
        given[:, middle:].T.numpy(),
        front_end=data.front_end,
        level_db=data.manifest.level_db,
        facts=wanted.facts,
        drive=wanted.drive,
        force=wanted.force,
    )
    part = slice(max(0, middle - stream.generator.receptive), middle + _SHOWN)
    played = sound[None, part.start * pieces.hop : part.stop * pieces.hop]
    with torch.inference_mode():
        _, images = stream.playback.heard(stream.generator, given[None, :, part], played, 0)
    shown: list[Array] = [0.5 * image[0, :, -_SHOWN:].T.numpy() + 0.5 for image in images]
    _write(wanted, by, {source: shown[0], f"as {wanted.target}": shown[1]})
    return worst


def _write(wanted: PresetRequest, by: str, windows: dict[str, Array]) -> None:
    # It stood beside another generator, of which the card says no more either.
    (wanted.folder / LATE).unlink(missing_ok=True)
    more = f": {wanted.about}" if wanted.about else ""
    write_preset(
        wanted.folder,
        description=f"{wanted.source} restyled as {wanted.target}, by {by}{more}",
        licence=wanted.licence,
        bpm=wanted.data.manifest.bpm,
        facts=wanted.facts,
        force=wanted.force,
    )
    draw_windows(wanted.folder / PICTURE, windows, wanted.data.front_end, wanted.force)
