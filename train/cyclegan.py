"""CycleGAN: two generators, two critics, and one step of their game.

Zhu et al. 2017 as Vande Veire et al. 2019 use it: least squares for the critics, λ 10 for the
cycle, identity loss, a history of 50 generated images, Adam. Losses are means over the batch, and
gradients are averaged over processes, so that any number of them learns alike.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from engine.dsp.frontend import FrontEnd
from engine.errors import UsageError
from train.augment import augmented
from train.band_network import BandGenerator
from train.contrast import Contrast
from train.critics import Discriminator
from train.history import History
from train.losses import Losses, jitter, lesson, squared, whole
from train.networks import Generator, ImageGenerator
from train.processes import mean_of, share_gradients
from train.recipe import Recipe
from train.rendering import Rendering, stretch


class CycleGan:
    """The networks, their optimisers and the history of generated images.

    Args:
        recipe: what to build.
        device: where.
        amp: whether to multiply in bfloat16.

    Attributes:
        to_target, to_source: generators.
        of_target, of_source: critics.
        averages: running means of the generators' weights, or None.
        teachers: generators that say what whole phrases should become, or None.
    """

    def __init__(self, recipe: Recipe, device: torch.device, amp: bool) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.device, self._amp = recipe, device, amp

        # Memory stays in plain order: in channels_last order, PyTorch 2.13 gets the gradient of an
        # instance norm wrong at batch 1 on a processor (by its whole size, and without a word).
        def generator() -> ImageGenerator:
            return _network(recipe).to(device)

        def critic() -> Discriminator:
            return Discriminator(
                recipe.critic_channels, recipe.critic_scales, recipe.critic_norm
            ).to(device)

        self.to_target, self.to_source = generator(), generator()
        self.of_target, self.of_source = critic(), critic()
        self._front_end = FrontEnd()
        self._rendering = Rendering(self._front_end).to(device) if recipe.rendered else None
        self._contrasts = nn.ModuleList(
            Contrast(generator).to(device)
            for generator in (self.to_target, self.to_source)
            if recipe.contrast and isinstance(generator, Generator)
        )
        betas = (recipe.beta1, 0.999)
        learners = [self.to_target, self.to_source, *self._contrasts]
        self._generators = torch.optim.Adam(
            [parameter for net in learners for parameter in net.parameters()], betas=betas
        )
        self._critics = torch.optim.Adam(
            [*self.of_target.parameters(), *self.of_source.parameters()], betas=betas
        )
        self.averages: tuple[ImageGenerator, ImageGenerator] | None = None
        if recipe.average:
            self.averages = copy.deepcopy(self.to_target), copy.deepcopy(self.to_source)
        self.teachers: tuple[ImageGenerator, ImageGenerator] | None = None
        self._histories = History(recipe.history), History(recipe.history)
        self._steps = 0

    def step(self, source: Tensor, target: Tensor, rate: float, rng: np.random.Generator) -> Losses:
        """Learn from one batch of each genre.

        Args:
            source, target: this process's share of the batches, (batch, 2, bands, width), −1 … 1:
                windows, and what is heard meanwhile; with teachers (batch, 3, bands, width): and
                what that should become. Or, both, rows of windows, (batch, ROW, 2 or 3, bands,
                width): then everything after the generators is about the stretch they make.
            rate: learning rate.
            rng: of the histories; the same in every process.

        Returns:
            Mean losses over all processes.
        """
        recipe = self.recipe
        _set_rate(self._generators, rate)
        _set_rate(self._critics, rate * recipe.critic_rate)
        _learnable(self.of_target, self.of_source, on=False)
        in_a_row = source.ndim == 5
        source_window, source, *wanted_target = torch.split(source.flatten(0, -4), 1, dim=1)
        target_window, target, *wanted_source = torch.split(target.flatten(0, -4), 1, dim=1)
        with self._autocast():
            fake_target = self.heard(source, source_window, self.to_target(source_window))
            fake_source = self.heard(target, target_window, self.to_source(target_window))
            if in_a_row:
                fake_target, source, source_window, *wanted_target = map(
                    stretch, (fake_target, source, source_window, *wanted_target)
                )
                fake_source, target, target_window, *wanted_source = map(
                    stretch, (fake_source, target, target_window, *wanted_source)
                )
            losses = {
                "adversarial_target": squared(self.of_target(self._shown(fake_target, rng)), 1.0),
                "adversarial_source": squared(self.of_source(self._shown(fake_source, rng)), 1.0),
            }
            if recipe.cycle:
                back = self.to_source(fake_target), self.to_target(fake_source)
                losses["cycle_source"] = recipe.cycle * l1_loss(back[0], source)
                losses["cycle_target"] = recipe.cycle * l1_loss(back[1], target)
            if weight := recipe.cycle * recipe.identity:
                losses["identity_target"] = weight * l1_loss(
                    self.to_target(target_window), target_window
                )
                losses["identity_source"] = weight * l1_loss(
                    self.to_source(source_window), source_window
                )
            if recipe.contrast:
                losses |= self._contrast(
                    {"target": (fake_target, source), "source": (fake_source, target)},
                    {"target": target_window, "source": source_window},
                    int(rng.integers(2**31)),
                )
            if recipe.teacher:
                losses["teacher_target"] = recipe.teacher * lesson(
                    fake_target, wanted_target[0], source_window != source
                )
                losses["teacher_source"] = recipe.teacher * lesson(
                    fake_source, wanted_source[0], target_window != target
                )
            if recipe.smoothness:
                losses["smoothness"] = recipe.smoothness * (
                    jitter(fake_target - source) + jitter(fake_source - target)
                )
        self._learn(self._generators, losses)
        _learnable(self.of_target, self.of_source, on=True)
        old_target = self._histories[0].exchange(whole(fake_target.detach()), rng)
        old_source = self._histories[1].exchange(whole(fake_source.detach()), rng)
        with self._autocast():
            judged = {
                "critic_target": 0.5 * self._told(self.of_target, target, old_target, rng),
                "critic_source": 0.5 * self._told(self.of_source, source, old_source, rng),
            }
        self._learn(self._critics, judged)
        self._average()
        return mean_of({**losses, **judged})

    def exported(self) -> tuple[ImageGenerator, ImageGenerator]:
        """The generators to keep: to the target and to the source."""
        return self.averages or (self.to_target, self.to_source)

    def teach(self, teachers: tuple[ImageGenerator, ImageGenerator]) -> None:
        """Keep copies of other generators as teachers."""
        self.teachers = copy.deepcopy(teachers)

    @torch.no_grad()
    def blended(self, share: float) -> tuple[ImageGenerator, ImageGenerator]:
        """The generators to keep, their weights moved back towards those of the teachers.

        What a network that learnt from another is better at, and what it has unlearnt, lie on a
        line (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").

        Args:
            share: of the weights that were learnt, 0 … 1; below 1 only where there are teachers.

        Raises:
            UsageError: there are none, or the share is none.
        """
        if share == 1.0:
            return self.exported()
        if self.teachers is None or not 0.0 <= share < 1.0:
            raise UsageError(
                "share",
                f"{share:g}",
                expected="0 to 1" if self.teachers else "1 for a run without teachers",
                cure="Give another --share.",
            )
        blend = copy.deepcopy(self.teachers)
        for mixed, learnt in zip(blend, self.exported(), strict=True):
            for old, new in zip(mixed.parameters(), learnt.parameters(), strict=True):
                old.lerp_(new, share)
        return blend

    def state(self) -> dict[str, Any]:
        """Everything that decides what the next step does."""
        return {name: part.state_dict() for name, part in self._parts()} | {
            "histories": [history.images for history in self._histories],
            "steps": self._steps,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take a state back; of one without running means, the weights themselves."""
        if self.recipe.teacher and "teacher_to_target" in state:
            self.teach((self.to_target, self.to_source))  # of the same size; filled below
        for name, part in self._parts():
            part.load_state_dict(state.get(name) or state[name.removeprefix("average_")])
        self._steps = state["steps"]
        for history, kept in zip(self._histories, state["histories"], strict=True):
            history.images = [image.to(self.device) for image in kept]

    def _parts(self) -> Iterator[tuple[str, Any]]:
        for name in ("to_target", "to_source", "of_target", "of_source"):
            yield name, getattr(self, name)
        if self.recipe.contrast:
            yield "contrasts", self._contrasts
        yield "generators", self._generators
        yield "critics", self._critics
        for kind, pair in (("average", self.averages), ("teacher", self.teachers)):
            if pair:
                yield f"{kind}_to_target", pair[0]
                yield f"{kind}_to_source", pair[1]

    def heard(self, live: Tensor, window: Tensor, generated: Tensor) -> Tensor:
        """The change of the window, put on what is played."""
        changed = live + (whole(generated) - window)
        if self._rendering is None:
            return changed
        with torch.autocast(self.device.type, enabled=False):  # powers span seven decades
            heard: Tensor = self._rendering(live, changed)
        return heard

    def _shown(self, images: Tensor, rng: np.random.Generator) -> Tensor:
        """Images as a critic sees them."""
        return augmented(images, rng, self._front_end) if self.recipe.augment else images

    def _told(
        self, critic: Discriminator, real: Tensor, made: Tensor, rng: np.random.Generator
    ) -> Tensor:
        """How wrong a critic is about real and generated images."""
        return squared(critic(self._shown(real, rng)), 1.0) + squared(
            critic(self._shown(made, rng)), 0.0
        )

    def _contrast(
        self, heard: dict[str, tuple[Tensor, Tensor]], own: dict[str, Tensor], seed: int
    ) -> dict[str, Tensor]:
        """Contrast of what is heard with what was played, and of a genre made into itself."""
        losses, weight = {}, self.recipe.contrast
        pairs = zip(heard, self._contrasts, (self.to_target, self.to_source), strict=True)
        for to, contrast, generator in pairs:
            losses[f"contrast_{to}"] = weight * contrast(generator, *heard[to], seed)
            itself = contrast(generator, generator(own[to]), own[to], seed)
            losses[f"itself_{to}"] = weight * itself
        return losses

    def _autocast(self) -> AbstractContextManager[None]:
        if not self._amp:
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def _learn(self, optimiser: torch.optim.Optimizer, losses: dict[str, Tensor]) -> None:
        optimiser.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        for group in optimiser.param_groups:
            share_gradients(group["params"])
        optimiser.step()

    @torch.no_grad()
    def _average(self) -> None:
        self._steps += 1
        if not self.averages:
            return
        # At first the mean is over the few steps there are, not over the random beginning.
        decay = min(self.recipe.average, self._steps / (self._steps + 10))
        for mean, live in zip(self.averages, (self.to_target, self.to_source), strict=True):
            for old, new in zip(mean.parameters(), live.parameters(), strict=True):
                old.lerp_(new, 1.0 - decay)


def _network(recipe: Recipe) -> ImageGenerator:
    size = recipe.channels, recipe.blocks, recipe.residual
    if recipe.network == "bands":
        return BandGenerator(*size)
    return Generator(*size, recipe.norm, recipe.upsampling)


def _learnable(*nets: nn.Module, on: bool) -> None:
    for net in nets:
        net.requires_grad_(on)


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
