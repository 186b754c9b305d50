"""One step of a CycleGAN: what the generators learn in both directions, then the critics.

Zhu et al. 2017, section 3; the identity loss of its section 5.2; contrast of places (Park et al.
2020) and teachers in the place of the cycle where a recipe asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from train.data.augment import augmented
from train.models.critics import Discriminator
from train.models.networks import ImageGenerator
from train.models.rendering import stretch
from train.training.cyclegan import CycleGan
from train.training.losses import Losses, jitter, squared, teacher_loss, whole
from train.training.processes import mean_of

_GENRES = ("target", "source")


@dataclass(frozen=True)
class _Way:
    """One direction in one step: images (batch, 1, bands, width), −1 … 1.

    Attributes:
        generator: to the other genre.
        window: what it was shown.
        played: what is heard meanwhile without it.
        heard: what is heard with it.
        wanted: what that should be, if anybody says so.
    """

    generator: ImageGenerator
    window: Tensor
    played: Tensor
    heard: Tensor
    wanted: list[Tensor]


def learn_cycle(
    model: CycleGan, source: Tensor, target: Tensor, rate: float, rng: np.random.Generator
) -> Losses:
    """Learn from one batch of each genre; mean losses over all processes.

    Args:
        model: the networks.
        source: this process's share, −1 … 1, (batch, 2, bands, width): windows, and what is
            heard meanwhile; with teachers (batch, 3, …): and what that should become. Or, of
            both genres, rows of windows, (batch, ROW, …): losses are of their stretches then.
        target: the same of the other genre.
        rate: learning rate.
        rng: of the histories; the same in every process.
    """
    recipe = model.recipe
    _set_rate(model.generators, rate)
    _set_rate(model.critics, rate * recipe.critic_rate)
    _learnable(model.of_target, model.of_source, on=False)
    ways = _way(model, model.to_target, source), _way(model, model.to_source, target)
    with model.autocast():
        losses = _deceived(model, ways, rng) | _kept(model, ways)
        if recipe.contrast:
            losses |= _contrast(model, ways, int(rng.integers(2**31)))
        if recipe.teacher:
            for to, way in zip(_GENRES, ways, strict=True):
                off = teacher_loss(way.heard, way.wanted[0], way.window != way.played)
                losses[f"teacher_{to}"] = recipe.teacher * off
        if recipe.smoothness:
            jumps = torch.stack([jitter(way.heard - way.played) for way in ways])
            losses["smoothness"] = recipe.smoothness * jumps.sum()
    model.descend(model.generators, losses)
    _learnable(model.of_target, model.of_source, on=True)
    old = [
        history.exchange(whole(way.heard.detach()), rng)
        for history, way in zip(model.histories, ways, strict=True)
    ]
    critics, real = (model.of_target, model.of_source), (ways[1].played, ways[0].played)
    with model.autocast():
        judged = {
            f"critic_{to}": 0.5 * _told(model, critic, music, made, rng)
            for to, critic, music, made in zip(_GENRES, critics, real, old, strict=True)
        }
    model.descend(model.critics, judged)
    model.average()
    return mean_of({**losses, **judged})


def _way(model: CycleGan, generator: ImageGenerator, batch: Tensor) -> _Way:
    """What a generator makes of a batch, see :func:`learn_cycle`."""
    window, played, *wanted = torch.split(batch.flatten(0, -4), 1, dim=1)
    with model.autocast():
        heard = model.heard(played, window, generator(window))
        if batch.ndim == 5:  # rows of windows: losses are of their stretches
            heard, played, window, *wanted = map(stretch, (heard, played, window, *wanted))
    return _Way(generator, window, played, heard, wanted)


def _deceived(
    model: CycleGan, ways: tuple[_Way, _Way], rng: np.random.Generator
) -> dict[str, Tensor]:
    """How far the critics are from taking what is heard for music."""
    critics = zip(_GENRES, (model.of_target, model.of_source), ways, strict=True)
    return {
        f"adversarial_{to}": squared(critic(_shown(model, way.heard, rng)), 1.0)
        for to, critic, way in critics
    }


def _kept(model: CycleGan, ways: tuple[_Way, _Way]) -> dict[str, Tensor]:
    """What the way back does not restore, and what changes in music of the target itself."""
    losses: dict[str, Tensor] = {}
    cycle, identity = model.recipe.cycle, model.recipe.cycle * model.recipe.identity
    for to, back_to, way, other in zip(_GENRES, _GENRES[::-1], ways, ways[::-1], strict=True):
        if cycle:
            back = l1_loss(other.generator(way.heard), way.played)
            losses[f"cycle_{back_to}"] = cycle * back
        if identity:
            itself = l1_loss(way.generator(other.window), other.window)
            losses[f"identity_{to}"] = identity * itself
    return losses


def _contrast(model: CycleGan, ways: tuple[_Way, _Way], seed: int) -> dict[str, Tensor]:
    """Contrast of what is heard with what was played, and of a genre made into itself."""
    losses, weight = {}, model.recipe.contrast
    for to, contrast, way, other in zip(_GENRES, model.contrasts, ways, ways[::-1], strict=True):
        kept = contrast(way.generator, way.heard, way.played, seed)
        made = way.generator(other.window)
        losses[f"contrast_{to}"] = weight * kept
        losses[f"itself_{to}"] = weight * contrast(way.generator, made, other.window, seed)
    return losses


def _shown(model: CycleGan, images: Tensor, rng: np.random.Generator) -> Tensor:
    """Images as a critic sees them."""
    return augmented(images, rng, model.front_end) if model.recipe.augment else images


def _told(
    model: CycleGan, critic: Discriminator, real: Tensor, made: Tensor, rng: np.random.Generator
) -> Tensor:
    """How wrong a critic is about real and generated images."""
    return squared(critic(_shown(model, real, rng)), 1.0) + squared(
        critic(_shown(model, made, rng)), 0.0
    )


def _learnable(*nets: nn.Module, on: bool) -> None:
    for net in nets:
        net.requires_grad_(on)


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
