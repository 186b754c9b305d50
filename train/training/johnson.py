"""A streaming generator that learns the style of one recording, and all its next step is from."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from engine.dsp.frontend import FrontEnd
from train.models.streaming_network import StreamingGenerator
from train.training.average import running_mean
from train.training.johnson_recipe import JohnsonRecipe
from train.training.losses import bfloat16, whole
from train.training.optimising import cosine, descend, set_rate
from train.training.playback import Playback
from train.training.tracks import Draw

_PARTS = ("generator", "mean", "learns")


class Johnson:
    """The generator, the running mean of its weights, and its optimiser.

    Args:
        recipe: what to build.
        device: where.
        amp: whether to multiply in bfloat16.
        rate: of the sound, hertz.

    Attributes:
        playback: of what the generator answers.
    """

    def __init__(self, recipe: JohnsonRecipe, device: torch.device, amp: bool, rate: int) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self._device, self._amp = recipe, device, amp
        self.playback = Playback(FrontEnd(), rate).to(device)
        self.generator = StreamingGenerator(recipe.width, recipe.dilations).to(device)
        self.mean = running_mean(self.generator, recipe.average)
        # Johnson et al. 2016 take Adam; no decay of weights is mentioned there.
        self.learns = torch.optim.Adam(self.generator.parameters())

    @property
    def average(self) -> StreamingGenerator:
        """The generator with the mean of its weights, which is what is exported."""
        net = self.mean.module
        assert isinstance(net, StreamingGenerator)
        return net

    @property
    def drawn(self) -> Draw:
        """What a step draws."""
        recipe, before = self.recipe, self.generator.receptive
        return Draw(recipe.batch, recipe.columns, before, recipe.memory, backwards=False)

    def answers(self, given: Tensor) -> Tensor:
        """What the generator answers, see :meth:`StreamingGenerator.forward`."""
        with bfloat16(self._device, self._amp):
            return whole(self.generator(given))

    def rate_at(self, step: int) -> float:
        """Learning rate of a step."""
        return cosine(self.recipe.learning_rate, step, self.recipe.steps)

    def learn(self, losses: dict[str, Tensor], done: int) -> None:
        """One step down the sum of losses, after so many."""
        set_rate(self.learns, self.rate_at(done))
        descend([self.learns], losses)
        self.mean.update_parameters(self.generator)

    def state(self) -> dict[str, Any]:
        """Everything that decides what the next step does."""
        return {part: getattr(self, part).state_dict() for part in _PARTS}

    def load(self, state: dict[str, Any]) -> None:
        """Take a state back."""
        for part in _PARTS:
            getattr(self, part).load_state_dict(state[part])

    def begin_with(self, state: dict[str, Any]) -> None:
        """Begin with the weights that another run has come to."""
        self.mean.load_state_dict(state["mean"])
        self.generator.load_state_dict(self.average.state_dict())
        self.mean.n_averaged.zero_()
