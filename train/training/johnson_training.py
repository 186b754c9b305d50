"""The training of a streaming generator on music that is to take on the style of one recording.

Johnson, Alahi & Fei-Fei 2016, "Perceptual losses for real-time style transfer and
super-resolution", as Liu et al. 2019, section 3.3, use it: the losses are those of the slow
transfer, and what descends are the weights of a network. What differs from them is said where it is
decided: log-mel images as they are heard (:mod:`train.training.playback`), a causal network that
answers column by column (:mod:`train.models.streaming_network`), no energy over time
(:mod:`train.style.texture`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import l1_loss

from engine.dsp.arrays import Audio
from engine.dsp.streaming import ENTRY_DB, LEADS
from engine.errors import InputError
from train.data.dataset import Dataset
from train.models.streaming_network import due
from train.style.losses import content_distance
from train.style.texture import Goal, Texture, texture_of, windows
from train.training.feature_layers import feature_layers
from train.training.johnson import Johnson
from train.training.johnson_recipe import JohnsonRecipe
from train.training.losses import Losses, roughness
from train.training.preview import show_middle
from train.training.processes import mean_of
from train.training.recording import read_recording
from train.training.tracks import SPIN_UP, Pieces, Stretches
from train.training.training import Shown, Training
from train.training.versions import Versions

_HEARD = 3  # held-out tracks


class JohnsonTraining(Training):
    """See :class:`train.training.training.Training`.

    Args:
        recipe: what is trained.
        data: on what.
        device: where.
        amp: whether to multiply in bfloat16.

    Attributes:
        recording: whose style is learnt.
        layers: what content and style are taken from.

    Raises:
        InputError: the recording or the file of the layers cannot be used.
    """

    def __init__(
        self, recipe: JohnsonRecipe, data: Dataset, device: torch.device, amp: bool
    ) -> None:
        self._recipe, self._data, self._device = recipe, data, device
        self.recording = read_recording(recipe.recording)
        self._features = feature_layers(recipe, device)
        self.layers = self._features.layers
        self.model = Johnson(recipe, device, amp, data.manifest.rate)
        self._pieces: Pieces | None = None
        self._shown: Pieces | None = None
        self._goal: Goal | None = None

    @property
    def about(self) -> dict[str, Any]:
        """See :attr:`Training.about`."""
        heard = self.recording
        return {
            "recording": heard.name,
            "seconds": round(heard.seconds, 1),
            "sha256": heard.sha256,
            "features": self._features.words,
        }

    def state(self) -> dict[str, Any]:
        """See :meth:`Training.state`."""
        return self.model.state() | {
            "recording": self.recording.sha256,
            "layers": self._features.mark,
        }

    def load(self, state: dict[str, Any]) -> None:
        """See :meth:`Training.load`.

        Raises:
            InputError: the run has learnt another recording, or by other layers.
        """
        for name, found, file in (
            ("recording", self.recording.sha256, self._recipe.recording),
            ("layers", self._features.mark, self._recipe.network or "train/style"),
        ):
            if state[name] != found:
                raise InputError(
                    str(file),
                    f"another file than when the run began (sha256 {found[:12]})",
                    expected=f"sha256 {state[name][:12]}",
                    cure="Name another folder for the run, or bring the file back.",
                )
        self.model.load(state)

    def begin_with(self, state: dict[str, Any], other: dict[str, Any]) -> None:
        """See :meth:`Training.begin_with`."""
        del other
        self.model.begin_with(state)

    def read(self, folder: Path) -> None:
        """See :meth:`Training.read`."""
        del folder
        recipe, data = self._recipe, self._data
        self._pieces = Pieces(data, recipe.source, None, "train", self._device, twins=False)
        self._goal = self.goal(self._pieces)

    def goal(self, pieces: Pieces) -> Goal:
        """The recording's style, and how far these pieces are from it."""
        own = [pieces.image(False, number) for number in range(pieces.count(False))]
        return Goal(self.texture([self.image(self.recording.sound)]), self.texture(own))

    def image(self, sound: Audio) -> Tensor:
        """Sound (channels, samples) as the generator would see it, (bands, columns), −1 … 1."""
        data, rate = self._data, self._data.manifest.rate
        made = Versions(data.front_end, rate, data.manifest.level_db, self._device)
        return made.of(sound).image.float().T

    def texture(self, images: Sequence[Tensor]) -> Texture:
        """What the layers find in whole images (bands, columns), −1 … 1."""
        cut = windows([seen(image) for image in images], self._recipe.columns)
        return texture_of(cut, self.layers)

    def rate_at(self, step: int) -> float:
        """See :meth:`Training.rate_at`."""
        return self.model.rate_at(step)

    def step(self, done: int, rng: np.random.Generator, share: slice) -> Losses:
        """See :meth:`Training.step`."""
        assert self._pieces is not None
        drawn = self._pieces.draw(rng, self.model.drawn).share(share)
        later, seed = int(rng.integers(1, len(LEADS))), int(rng.integers(2**31))
        rendered = rng.random() < self._recipe.sound
        answers = self.model.answers(drawn.given)
        losses = self.losses(drawn, answers, later, seed if rendered else None)
        self.model.learn(losses, done)
        return mean_of(losses)

    def losses(
        self, drawn: Stretches, answers: Tensor, later: int, seed: int | None
    ) -> dict[str, Tensor]:
        """How far what is heard is from the recording in style, and from what is fed in content.

        Args:
            drawn: what is fed.
            answers: to it, of the generator.
            later: number of a lead that is held to the first: one a step, for each costs time.
            seed: of the noise in rendered sound; None to look at images alone.

        Returns:
            Each loss, weighted.
        """
        assert self._goal is not None
        recipe, columns = self._recipe, self._recipe.columns
        playback = self.model.playback
        needed = slice(-(columns + LEADS[-1] + 1), None)  # and those that a lead leaves empty
        near, far = (
            playback.shown(drawn.image[..., needed], answers[..., needed], number)[..., -columns:]
            for number in (0, later)
        )
        heard = drawn.image[..., -columns:], near
        if seed is not None:
            sounded = playback.sounded(drawn.image, drawn.sound, answers, seed)
            heard = sounded[0][..., SPIN_UP // 2 :], sounded[1][..., SPIN_UP // 2 :]
        own, image = (seen(one)[:, None] for one in heard)
        with torch.no_grad():
            kept = self.layers.found(own)
            was = Texture.of(own, kept.style)
        rough = roughness(due(answers)[:, 0, :, -columns:]) / ENTRY_DB
        # Two bars of a piece are farther apart than two pieces are on average. So the mean of all
        # bars is to become the recording's, and what a bar has more or less than that, it keeps.
        found = self.layers.found(image)
        made = Texture.of(image, found.style).instead(was, self._goal.begun)
        return {
            "style": recipe.style * self._goal.distance(made),
            "content": recipe.content * content_distance(found.content, kept.content),
            "farther": recipe.farther * l1_loss(far, near.detach()),
            "smooth": recipe.smooth * rough,
        }

    def look(self, shown: Shown) -> None:
        """Of the music that is restyled, see :func:`train.training.preview.show_middle`."""
        words = f"as {self._recipe.target}, input above output, {LEADS[0]} columns ahead"
        net = self.model.average
        show_middle(self.to_be_heard(), False, net, self.model.playback, words, shown)

    def to_be_heard(self) -> Pieces:
        """Held-out music, or that which is learnt from where there is no other."""
        recipe, data = self._recipe, self._data
        if self._shown is None and data.tracks(recipe.source, "held-out"):
            to = self._device
            self._shown = Pieces(data, recipe.source, None, "held-out", to, False, most=_HEARD)
        pieces = self._shown or self._pieces
        assert pieces is not None
        return pieces


def seen(image: Tensor) -> Tensor:
    """An image of the generators, −1 … 1, as layers look at it, 0 … 1."""
    return 0.5 * image + 0.5
