"""The training of a generator after MelGAN-VC, on stretches of a dataset's segments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.dsp.arrays import Array
from train.data.dataset import Dataset, Split
from train.data.images import GenreImages, stretches
from train.models.melgan_networks import RECEPTIVE
from train.training.losses import Losses
from train.training.melgan import MelGan
from train.training.melgan_recipe import MelGanRecipe
from train.training.preview import picture_of, sound_of
from train.training.training import Shown, Training


class MelGanTraining(Training):
    """See :class:`train.training.training.Training`.

    Args:
        recipe: what is trained.
        data: on what.
        device: where.
        amp: whether to multiply in bfloat16.
    """

    def __init__(
        self, recipe: MelGanRecipe, data: Dataset, device: torch.device, amp: bool
    ) -> None:
        self._recipe, self._data, self._device = recipe, data, device
        self.model = MelGan(recipe, device, amp)
        self._genres: tuple[GenreImages, ...] = ()
        self._shown: GenreImages | None = None

    def state(self) -> dict[str, Any]:
        """See :meth:`Training.state`."""
        return self.model.state()

    def load(self, state: dict[str, Any]) -> None:
        """See :meth:`Training.load`."""
        self.model.load(state)

    def begin_with(self, state: dict[str, Any], other: dict[str, Any]) -> None:
        """See :meth:`Training.begin_with`."""
        del other
        self.model.begin_with(state)

    def read(self, folder: Path) -> None:
        """See :meth:`Training.read`."""
        del folder
        self._genres = tuple(GenreImages(self._data, genre) for genre in self._recipe.genres)

    def rate_at(self, step: int) -> float:
        """See :meth:`Training.rate_at`."""
        return self.model.rate_at(step)

    def step(self, done: int, rng: np.random.Generator, share: slice) -> Losses:
        """See :meth:`Training.step`."""
        source, target = (
            self._tensor(stretches(genre, rng, self._recipe.batch, self.model.drawn)[share])
            for genre in self._genres
        )
        return self.model.learn(source, target, done)

    def look(self, shown: Shown) -> None:
        """A held-out phrase of the source, input above what is heard of it in use ``edge``, and its
        sound."""
        recipe, data = self._recipe, self._data
        split: Split = "held-out" if data.tracks(recipe.source, "held-out") else "train"
        self._shown = self._shown or GenreImages(data, recipe.source, split)
        before, own = self._shown.windows[0]
        heard_before = RECEPTIVE + recipe.ahead
        stretch = np.concatenate([before[:, -heard_before:], own], axis=1)[None, None]
        with torch.inference_mode():
            _, _, heard = self.model.heard(self.model.exported(), self._tensor(stretch))
        made = heard[0, 0].cpu().numpy().clip(-1.0, 1.0)
        words = f"{recipe.source} to {recipe.target}, input above output in edge"
        shown(words, picture_of(own, made), sound_of(data, recipe.source, made - own))

    def _tensor(self, images: Array) -> Tensor:
        return torch.from_numpy(images).to(self._device, torch.get_default_dtype())
