"""The training of a CycleGAN on crops of aligned phrases."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.dsp.arrays import Array
from engine.dsp.tempo import bucket
from engine.errors import InputError
from train.data.dataset import Dataset
from train.data.images import GenreImages, Windows, batch, rows, shown_images
from train.training.cyclegan import CycleGan
from train.training.cyclegan_step import learn_cycle
from train.training.losses import Losses
from train.training.preview import picture_of, sound_of
from train.training.recipe import Recipe
from train.training.training import Shown, Training


class CycleGanTraining(Training):
    """See :class:`train.training.training.Training`.

    Args:
        recipe: what is trained.
        data: on what.
        device: where.
        amp: whether to multiply in bfloat16.
    """

    def __init__(self, recipe: Recipe, data: Dataset, device: torch.device, amp: bool) -> None:
        self._recipe, self._data, self._device = recipe, data, device
        self.model = CycleGan(recipe, device, amp)
        self._genres = [
            GenreImages(data, genre, by=recipe.split) for genre in (recipe.source, recipe.target)
        ]
        self._uses = Windows(recipe.phrase, recipe.edge)
        self._shown: list[GenreImages] = []

    def state(self) -> dict[str, Any]:
        """See :meth:`Training.state`."""
        return self.model.state()

    def load(self, state: dict[str, Any]) -> None:
        """See :meth:`Training.load`."""
        self.model.load(state)

    def begin_with(self, state: dict[str, Any], other: dict[str, Any]) -> None:
        """See :meth:`Training.begin_with`.

        Raises:
            ValueError: its networks know images of another front end.
        """
        others = CycleGan(Recipe.model_validate(other), torch.device("cpu"), amp=False)
        if others.front_end != self.model.front_end:
            raise ValueError("weights that know another image")
        others.load(state)
        self.model.load(others.state())
        if self._recipe.teacher and not self._recipe.twins:
            self.model.teach(others.exported())

    def read(self, folder: Path) -> None:
        """See :meth:`Training.read`."""
        sources, targets = self._genres
        if self._recipe.twins:
            sources.learn_twins(self._data)
            targets.learn_twins(self._data)
            if self._recipe.backwards:
                sources.exchange(targets)
        elif self._recipe.teacher:
            sources.learn(_teacher(self.model, 0, folder))
            targets.learn(_teacher(self.model, 1, folder))

    def rate_at(self, step: int) -> float:
        """See :meth:`Training.rate_at`."""
        return self._recipe.rate_at(step)

    def step(self, done: int, rng: np.random.Generator, share: slice) -> Losses:
        """See :meth:`Training.step`."""
        recipe = self._recipe
        in_a_row = recipe.rows > 0 and rng.random() < recipe.rows
        draw = rows if in_a_row else partial(batch, uses=self._uses)
        source, target = (
            torch.from_numpy(draw(genre, rng, recipe.batch, recipe.width)[share]).to(
                self._device, torch.get_default_dtype()
            )
            for genre in self._genres
        )
        return learn_cycle(self.model, source, target, self.rate_at(done), rng)

    def look(self, shown: Shown) -> None:
        """A held-out window of each genre, input above output, and the output's sound."""
        recipe, data = self._recipe, self._data
        genres = recipe.source, recipe.target
        self._shown = self._shown or [shown_images(data, genre, recipe.split) for genre in genres]
        pairs = zip(genres, reversed(genres), self._shown, self.model.exported(), strict=True)
        for genre, other, images, generator in pairs:
            own = images.windows[0, 1]
            own = own[:, : own.shape[1] // 4 * 4]
            with torch.inference_mode():
                window = torch.from_numpy(own[None, None])
                window = window.to(self._device, torch.get_default_dtype())
                made = generator.eval()(window)[0, 0].float().cpu().numpy().clip(-1, 1)
            words = f"{genre} to {other}, input above output"
            heard = sound_of(data, genre, made - own, recipe.split)
            shown(words, picture_of(own, made), heard)


def _teacher(model: CycleGan, number: int, folder: Path) -> Callable[[Array], Array]:
    """A teacher of the model as a function of windows.

    Raises:
        InputError: the model has no teachers.
    """
    if model.teachers is None:
        raise InputError(
            "recipe: teacher",
            f"nobody to learn from in {folder}",
            cure="Begin with the weights of another run: --from RUN.",
        )
    teacher = model.teachers[number].eval()

    @torch.inference_mode()
    def restyled(window: Array) -> Array:
        width = window.shape[-1]
        padded = np.resize(window.T, (bucket(width), len(window))).T  # circularly, as on the stage
        image = torch.from_numpy(np.ascontiguousarray(padded[None, None], np.float32))
        image = image.to(model.device, torch.get_default_dtype())
        return np.asarray(model.heard(image, image, teacher(image))[0, 0, :, :width].cpu().numpy())

    return restyled
