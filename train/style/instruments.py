"""audio-VGG learns to tell instruments apart, on the notes of ``compose-notes``.

Liu et al. 2019, section 3.2: five epochs at a rate of 1e-4, sevenfold cross-validation, and clips
held out from all of it. Their clips are many more than can be composed in minutes, and their
network is eight times as wide: at that size the rate is what makes it learn in as many steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from engine.dsp.arrays import Array, Audio
from engine.dsp.frontend import FrontEnd
from train.data.dataset import read_audio
from train.notes.manifest import CLIP_RATE, Clip
from train.style.audio_vgg import AudioVgg
from train.style.features import VggFeatures, grey
from train.style.spectra import Spectra
from train.style.vgg_file import Image

_BATCH = 16
Told = Callable[[int, int, float], None]
"""Called with steps done, steps in all and the loss."""


@dataclass(frozen=True)
class Schooling:
    """How a network is trained.

    Attributes:
        channels: of its first layers.
        epochs: over all clips.
        rate: of Adam; it falls to nothing as a cosine.
        seed: of weights and order.
    """

    channels: int = 8
    epochs: int = 5
    rate: float = 1e-3
    seed: int = 0


@dataclass(frozen=True)
class Clips:
    """Images of clips, and what they are.

    Attributes:
        images: (clips, 1, bins, frames) float16, 0 … 1.
        labels: number of each one's class, (clips,).
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def part(self, which: Array) -> Clips:
        """Some of them."""
        at = torch.from_numpy(which)
        return Clips(self.images[at], self.labels[at])

    def of_class(self, label: int) -> Clips:
        """Those of one class."""
        return self.part(np.flatnonzero(self.labels.numpy() == label))


@dataclass(frozen=True)
class Scores:
    """How well clips were told apart.

    Attributes:
        confusion: how many of each class (rows) were called what, (classes, classes).
    """

    confusion: Array

    @property
    def accuracy(self) -> float:
        """Share of all that was called right."""
        return float(np.trace(self.confusion) / max(1, self.confusion.sum()))

    @property
    def recall(self) -> Array:
        """Share of each class that was called right, (classes,)."""
        return np.asarray(np.diag(self.confusion) / np.maximum(1, self.confusion.sum(axis=1)))

    def to_json(self, classes: Sequence[str]) -> dict[str, Any]:
        """As plain values.

        Args:
            classes: their names.
        """
        recall = dict(zip(classes, self.recall.tolist(), strict=True))
        return {"accuracy": self.accuracy, "recall": recall}

    def __add__(self, other: Scores) -> Scores:
        return Scores(self.confusion + other.confusion)


def image_of_sound(sound: Audio, rate: int, image: Image) -> Tensor:
    """Sound as audio-VGG looks at it, (1, 1, bins, frames), 0 … 1.

    Args:
        sound: (channels, samples).
        rate: hertz; 16000 for the linear image.
        image: which.
    """
    if image == "linear":
        return grey(Spectra(sound, VggFeatures.window, VggFeatures.hop).magnitude)
    db = FrontEnd().at(rate).log_mel(sound)
    return torch.from_numpy(FrontEnd().normalise(db).T.copy())[None, None]


def read_clips(
    folder: Path, clips: Sequence[Clip], classes: Sequence[str], image: Image, told: Told
) -> Clips:
    """Read clips of some classes.

    Args:
        folder: of the notes.
        clips: of its manifest.
        classes: families of instruments; others are left out.
        image: what is made of the sound.
        told: how far it is; the loss is 0.

    Raises:
        InputError: a file is missing or damaged.
    """
    chosen = [clip for clip in clips if clip.family in classes]
    images = []
    for number, clip in enumerate(chosen):
        sound = read_audio(clip.path(folder))
        images.append(image_of_sound(sound, CLIP_RATE, image)[0].half())
        told(number + 1, len(chosen), 0.0)
    labels = torch.tensor([classes.index(clip.family) for clip in chosen])
    return Clips(torch.stack(images), labels)


def train_vgg(clips: Clips, classes: int, how: Schooling, told: Told) -> AudioVgg:
    """A network that tells classes apart.

    Args:
        clips: to learn from.
        classes: how many there are.
        how: it is trained.
        told: how far it is.
    """
    torch.manual_seed(how.seed)
    rng = np.random.default_rng(how.seed)
    network = AudioVgg(classes, how.channels)
    adam = torch.optim.Adam(network.parameters(), lr=how.rate)
    batches = -(-len(clips) // _BATCH)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, batches * how.epochs)
    done = 0
    network.train()
    for _ in range(how.epochs):
        order = rng.permutation(len(clips))
        for first in range(0, len(order), _BATCH):
            batch = clips.part(order[first : first + _BATCH])
            loss = cross_entropy(network(batch.images.float()), batch.labels)
            adam.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            falling.step()
            done += 1
            told(done, batches * how.epochs, float(loss.detach()))
    return network.eval()


def called(network: AudioVgg, images: Tensor) -> Array:
    """The class that each image is called, (clips,)."""
    found = []
    with torch.inference_mode():
        for first in range(0, len(images), _BATCH):
            answers = network(images[first : first + _BATCH].float())
            found.append(answers.argmax(dim=1).numpy())
    return np.concatenate(found)


def scores(network: AudioVgg, clips: Clips, classes: int) -> Scores:
    """How well a network tells clips apart.

    Args:
        network: trained.
        clips: that it has not met.
        classes: how many it knows.
    """
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (clips.labels.numpy(), called(network, clips.images)), 1)
    return Scores(confusion)


def cross_validated(
    clips: Clips, classes: int, how: Schooling, folds: int, told: Told
) -> list[Scores]:
    """How well networks tell the clips apart that they did not learn from, fold by fold.

    Args:
        clips: that are split into folds, each class alike.
        classes: how many there are.
        how: each network is trained.
        folds: how many.
        told: how far it is, over all folds.
    """
    from sklearn.model_selection import StratifiedKFold

    split = StratifiedKFold(folds, shuffle=True, random_state=how.seed)
    found = []
    for number, (own, others) in enumerate(split.split(clips.labels, clips.labels)):

        def further(done: int, of: int, loss: float, number: int = number) -> None:
            told(number * of + done, folds * of, loss)

        network = train_vgg(clips.part(own), classes, how, further)
        found.append(scores(network, clips.part(others), classes))
    return found
