"""MelGAN-VC: generator, critic and siamese network, their optimisers, and a step.

The papers cut the source into pieces, restyle each by itself and show the critic pieces put
together again, so that any length can be restyled. On the stage, without a clock, the pieces follow
each other by one column, and the newest column's answer is what is heard of each; put together they
are what the critic sees here. The generator looks into the past only, and no farther than a piece
is long: so one pass over a stretch with the columns before it gives the newest answers of all its
pieces.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.parametrize import cached

from engine.dsp.frontend import FrontEnd
from train.models.melgan_networks import (
    RECEPTIVE,
    MelGanCritic,
    MelGanGenerator,
    Siamese,
    folded,
)
from train.models.rendering import ImageRendering
from train.training.average import running_mean
from train.training.losses import Losses, bfloat16, roughness, whole
from train.training.melgan_losses import between_pairs, hinge, margin, travel
from train.training.melgan_recipe import MelGanRecipe
from train.training.optimising import descend, set_rate
from train.training.processes import mean_of

_PARTS = ("generator", "mean", "critic", "siamese", "learns", "judges", "sees")


class MelGan:
    """The networks, the running mean of the generator's weights, and the optimisers.

    Args:
        recipe: what to build.
        device: where.
        amp: whether to multiply in bfloat16.
    """

    def __init__(self, recipe: MelGanRecipe, device: torch.device, amp: bool) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self._device, self._amp = recipe, device, amp
        self.generator = MelGanGenerator(recipe.channels, recipe.ahead).to(device)
        self.critic = MelGanCritic(recipe.critic_channels).to(device)
        piece = recipe.width // 2
        self.siamese = Siamese(recipe.siamese_channels, piece, recipe.vector).to(device)
        self._rendering = ImageRendering(FrontEnd()).to(device) if recipe.rendered else None
        self.mean = running_mean(self.generator, recipe.average)
        self.learns, self.judges, self.sees = (
            torch.optim.Adam(net.parameters(), betas=(recipe.beta1, 0.999))
            for net in (self.generator, self.critic, self.siamese)
        )

    @property
    def drawn(self) -> int:
        """Columns of a stretch of the dataset: those that are judged, and what has been heard
        before the first of them is answered."""
        return RECEPTIVE + self.recipe.ahead + self.recipe.width

    def exported(self) -> MelGanGenerator:
        """The generator to keep, with plain weights."""
        net = self.mean.module
        assert isinstance(net, MelGanGenerator)
        return folded(net)

    def heard(self, generator: MelGanGenerator, stretch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What plays in a stretch, what is said of it, and what is heard of it in use ``edge``,
        (batch, 1, bands, columns less ``RECEPTIVE`` and ``ahead``) each.

        Args:
            generator: that restyles it.
            stretch: images, −1 … 1, (batch, 1, bands, columns).
        """
        played = stretch[..., RECEPTIVE + self.recipe.ahead :]
        columns = played.shape[-1]
        with bfloat16(self._device, self._amp):
            said = generator.answers(stretch[..., : RECEPTIVE + columns])[..., RECEPTIVE:]
        changed = played + whole(said)
        if self._rendering is None:
            return played, whole(said), changed
        return played, whole(said), self._rendering(played, changed)

    def learn(self, source: Tensor, target: Tensor, done: int) -> Losses:
        """Learn from one batch: generator and siamese network, then the critic.

        Args:
            source: this process's share, −1 … 1, (batch, 1, bands, ``drawn``).
            target: the same of the other genre.
            done: steps so far.

        Returns:
            Losses, weighted; means over all processes. Pairs of pieces are of one process's share.
        """
        recipe, rate = self.recipe, self.rate_at(done)
        set_rate(self.learns, rate)
        set_rate(self.sees, rate)
        set_rate(self.judges, rate * recipe.critic_rate)
        self.critic.requires_grad_(False)
        with cached():  # one step of spectral norm, though both genres go through
            played, said, heard = self.heard(self.generator, torch.cat([source, target]))
            made, itself = heard.chunk(2)
            (own, real), count = played.chunk(2), len(source)
            between = self._between(own), self._between(made)
            losses = {
                "adversarial": -whole(self._judged(made)).mean(),
                "identity": recipe.identity * (itself - real).square().mean(),
                "travel": recipe.travel * travel(*between),
                "margin": recipe.margin * margin(between[0], recipe.apart),
            }
            if recipe.smooth:
                losses["smooth"] = recipe.smooth * roughness(said[:count, 0])
            descend([self.learns, self.sees], losses)
        self.critic.requires_grad_(True)
        judged = self._judged(torch.cat([real, made.detach()]))
        critic = {"critic": hinge(judged[:count], judged[count:])}
        descend([self.judges], critic)
        self.mean.update_parameters(self.generator)
        return mean_of(losses | critic)

    def _judged(self, images: Tensor) -> Tensor:
        with bfloat16(self._device, self._amp):
            return whole(self.critic(images))

    def _between(self, images: Tensor) -> Tensor:
        """What pairs of halves of stretches differ in, see :func:`between_pairs`."""
        with bfloat16(self._device, self._amp):
            vectors = self.siamese(torch.cat(images.chunk(2, dim=-1)))
        return between_pairs(whole(vectors))

    def rate_at(self, step: int) -> float:
        """Learning rate of a step: always the same, as in the papers."""
        del step
        return self.recipe.learning_rate

    def state(self) -> dict[str, Any]:
        """Everything that decides what the next step does."""
        return {part: getattr(self, part).state_dict() for part in _PARTS}

    def load(self, state: dict[str, Any]) -> None:
        """Take a state back."""
        for part in _PARTS:
            getattr(self, part).load_state_dict(state[part])

    def begin_with(self, state: dict[str, Any]) -> None:
        """Begin with the networks that another run has come to; what it exports comes first."""
        self.mean.load_state_dict(state["mean"])
        self.generator.load_state_dict(self.mean.module.state_dict())
        self.mean.n_averaged.zero_()
        for part in ("critic", "siamese"):
            getattr(self, part).load_state_dict(state[part])
