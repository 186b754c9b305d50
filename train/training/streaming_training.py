"""The training of two streaming generators on whole tracks, and their twins where there are any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.dsp.streaming import LEADS
from train.data.dataset import Dataset
from train.training.losses import Losses
from train.training.preview import show_middle
from train.training.streaming_pair import StreamingPair
from train.training.streaming_recipe import StreamingRecipe
from train.training.tracks import Pieces
from train.training.training import Shown, Training
from train.training.twins import learn_from_twins
from train.training.unpaired import learn_unpaired


class StreamingTraining(Training):
    """See :class:`train.training.training.Training`.

    Args:
        recipe: what is trained.
        data: on what.
        device: where.
        amp: whether to multiply in bfloat16.
    """

    def __init__(
        self, recipe: StreamingRecipe, data: Dataset, device: torch.device, amp: bool
    ) -> None:
        self._recipe, self._data, self._device = recipe, data, device
        self.model = StreamingPair(recipe, device, amp, data.manifest.rate)
        self._pieces: Pieces | None = None
        self._shown: Pieces | None = None

    def state(self) -> dict[str, Any]:
        """See :meth:`Training.state`."""
        return self.model.state()

    def load(self, state: dict[str, Any]) -> None:
        """See :meth:`Training.load`."""
        self.model.load(state)

    def begin_with(self, state: dict[str, Any], other: dict[str, Any]) -> None:
        """See :meth:`Training.begin_with`."""
        self.model.begin_with(state)

    def read(self, folder: Path) -> None:
        """See :meth:`Training.read`."""
        genres = self._recipe.source, self._recipe.target
        self._pieces = Pieces(self._data, *genres, "train", self._device, self._recipe.twins)

    def rate_at(self, step: int) -> float:
        """See :meth:`Training.rate_at`."""
        return self.model.rate_at(step)

    def step(self, done: int, rng: np.random.Generator, share: slice) -> Losses:
        """See :meth:`Training.step`."""
        assert self._pieces is not None
        learn = learn_from_twins if self._recipe.twins else learn_unpaired
        return learn(self.model, self._pieces, done, rng, share)

    def look(self, shown: Shown) -> None:
        """Of a held-out track of each genre, see :func:`train.training.preview.show_middle`."""
        recipe = self._recipe
        held = all(self._data.tracks(genre, "held-out") for genre in (recipe.source, recipe.target))
        if self._shown is None and held:
            genres = recipe.source, recipe.target
            self._shown = Pieces(self._data, *genres, "held-out", self._device, False, most=1)
        pieces = self._shown or self._pieces
        assert pieces is not None
        for name, direction in self.model.directions():
            words = f"to {getattr(recipe, name)}, input above output, {LEADS[0]} columns ahead"
            backwards = name == "source"
            show_middle(pieces, backwards, direction.average, self.model.playback, words, shown)
