"""A trained audio-VGG in a file, and the one that comes with the program."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Literal

import torch

from engine.errors import InputError
from engine.writing import write_whole
from train.style.audio_vgg import AudioVgg

Image = Literal["linear", "log-mel"]
"""Linear magnitudes at 16 kHz, as in the paper, or the log-mel image of the stage's generators."""
SHIPPED = {"linear": "audio-vgg.pt", "log-mel": "audio-vgg-log-mel.pt"}


@dataclass(frozen=True)
class TrainedVgg:
    """A network, and what it was trained for.

    Attributes:
        network: it.
        classes: that it tells apart, in the order of its answers.
        image: what it looks at.
    """

    network: AudioVgg
    classes: tuple[str, ...]
    image: Image


def write_vgg(path: Path, trained: TrainedVgg, force: bool = False) -> None:
    """Write a network, its weights in half precision.

    Args:
        path: the file.
        trained: the network, and what it was trained for.
        force: whether a file that is not ours may be replaced.

    Raises:
        UsageError: a file would be replaced that is not ours, and ``force`` is not said.
        OutputError: it cannot be written.
    """
    weights = {name: value.half() for name, value in trained.network.state_dict().items()}
    data = BytesIO()
    torch.save(
        {
            "channels": trained.network.channels,
            "classes": list(trained.classes),
            "image": trained.image,
            "weights": weights,
        },
        data,
    )
    write_whole(path, data.getvalue(), force=force)


def read_vgg(path: Path) -> TrainedVgg:
    """Read a network; nothing in the file is run.

    Raises:
        InputError: it is missing, or no such file.
    """
    try:
        told = torch.load(path, map_location="cpu", weights_only=True)
        network = AudioVgg(len(told["classes"]), int(told["channels"]))
        network.load_state_dict(told["weights"])
        return TrainedVgg(network.eval(), tuple(told["classes"]), told["image"])
    except OSError as fault:
        raise InputError(
            str(path), "cannot be read", cure="Train one: doubledrop train-vgg NOTES FILE"
        ) from fault
    except (pickle.UnpicklingError, EOFError, RuntimeError, LookupError, TypeError) as fault:
        raise InputError(
            str(path),
            "no audio-VGG in it",
            expected="a file of doubledrop train-vgg",
            cure="Train one: doubledrop train-vgg NOTES FILE",
        ) from fault


def fingerprint(network: AudioVgg) -> str:
    """Sha256 of a network's weights."""
    found = hashlib.sha256()
    for name, value in network.state_dict().items():
        found.update(name.encode() + value.detach().cpu().numpy().tobytes())
    return found.hexdigest()


def shipped_vgg(image: Image) -> TrainedVgg:
    """The network that comes with the program for an image; it knows flute, keyboard and guitar."""
    with resources.as_file(resources.files("train.style") / SHIPPED[image]) as path:
        return read_vgg(path)
