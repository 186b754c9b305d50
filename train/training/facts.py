"""What a model card says of a training."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from train.data.dataset import Dataset
from train.training.recipe import AnyRecipe


@dataclass
class Facts:
    """Steps, time, machine, losses and data.

    Attributes:
        steps, seconds: done, over all its runs.
        hardware: what on.
        losses: smoothed over some hundred steps, of the last one.
        data: genres, tracks, segments and level of the dataset.
        begun_from: recipe, steps, seconds and in turn ``begun_from`` of the run whose weights were
            the first ones, if any.
        about: what else is to be said, see :attr:`train.training.training.Training.about`.
    """

    steps: int
    seconds: float
    hardware: str
    losses: dict[str, float]
    data: dict[str, Any]
    begun_from: dict[str, Any] | None = None
    about: dict[str, Any] | None = None


def facts_of(
    recipe: AnyRecipe,
    data: Dataset,
    device: torch.device,
    steps: int,
    seconds: float,
    losses: dict[str, float],
    begun_from: dict[str, Any] | None,
    about: dict[str, Any] | None,
) -> Facts:
    """What is to be said of a training that has come so far.

    Args:
        recipe: what was trained.
        data: the dataset it learnt from.
        device: that it ran on.
        steps: done, over all its runs.
        seconds: done, over all its runs.
        losses: smoothed over some hundred steps, by name.
        begun_from: the run whose weights were the first ones, see :class:`Facts`.
        about: what else is to be said.
    """
    genres = {
        genre: {
            "tracks": len(data.tracks(genre, "train")),
            "segments": len(data.segments(genre, "train", recipe.split_by)),
        }
        for genre in recipe.genres
    }
    return Facts(
        steps=steps,
        seconds=round(seconds, 1),
        hardware=_hardware(device),
        losses=losses,
        data={"genres": genres, "bpm": data.manifest.bpm, "level_db": data.manifest.level_db},
        begun_from=begun_from,
        about=about,
    )


def _hardware(device: torch.device) -> str:
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    info = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in (info.read_text(encoding="utf-8").splitlines() if info.exists() else [])
        if line.startswith("model name")
    ]
    return f"{names[0] if names else platform.processor()}, {torch.get_num_threads()} threads"
