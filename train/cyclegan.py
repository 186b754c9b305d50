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
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from engine.dsp.frontend import FrontEnd
from engine.errors import UsageError
from train.history import History
from train.networks import Discriminator, Generator
from train.recipe import Recipe
from train.rendering import Rendering

Losses = dict[str, float]


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
        def generator() -> Generator:
            return Generator(recipe.channels, recipe.blocks, recipe.residual).to(device)

        def critic() -> Discriminator:
            return Discriminator(recipe.critic_channels).to(device)

        self.to_target, self.to_source = generator(), generator()
        self.of_target, self.of_source = critic(), critic()
        self._rendering = Rendering(FrontEnd()).to(device) if recipe.rendered else None
        betas = (recipe.beta1, 0.999)
        self._generators = torch.optim.Adam(
            [*self.to_target.parameters(), *self.to_source.parameters()], betas=betas
        )
        self._critics = torch.optim.Adam(
            [*self.of_target.parameters(), *self.of_source.parameters()], betas=betas
        )
        self.averages: tuple[Generator, Generator] | None = None
        if recipe.average:
            self.averages = copy.deepcopy(self.to_target), copy.deepcopy(self.to_source)
        self.teachers: tuple[Generator, Generator] | None = None
        self._histories = History(recipe.history), History(recipe.history)
        self._steps = 0

    def step(self, source: Tensor, target: Tensor, rate: float, rng: np.random.Generator) -> Losses:
        """Learn from one batch of each genre.

        Args:
            source, target: this process's share of the batches, (batch, 2, bands, width), −1 … 1:
                windows, and what is heard meanwhile; with teachers (batch, 3, bands, width): and
                what that should become.
            rate: learning rate.
            rng: of the histories; the same in every process.

        Returns:
            Mean losses over all processes.
        """
        recipe = self.recipe
        _set_rate(self._generators, rate)
        _set_rate(self._critics, rate * recipe.critic_rate)
        _learnable(self.of_target, self.of_source, on=False)
        source_window, source, *wanted_target = torch.split(source, 1, dim=1)
        target_window, target, *wanted_source = torch.split(target, 1, dim=1)
        with self._autocast():
            fake_target = self.heard(source, source_window, self.to_target(source_window))
            fake_source = self.heard(target, target_window, self.to_source(target_window))
            losses = {
                "adversarial_target": _squared(self.of_target(fake_target), 1.0),
                "adversarial_source": _squared(self.of_source(fake_source), 1.0),
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
            if recipe.teacher:
                losses["teacher_target"] = recipe.teacher * _lesson(
                    fake_target, wanted_target[0], source_window != source
                )
                losses["teacher_source"] = recipe.teacher * _lesson(
                    fake_source, wanted_source[0], target_window != target
                )
            if recipe.smoothness:
                losses["smoothness"] = recipe.smoothness * (
                    _jitter(fake_target - source) + _jitter(fake_source - target)
                )
        self._learn(self._generators, losses)
        _learnable(self.of_target, self.of_source, on=True)
        old_target = self._histories[0].exchange(_whole(fake_target.detach()), rng)
        old_source = self._histories[1].exchange(_whole(fake_source.detach()), rng)
        with self._autocast():
            judged = {
                "critic_target": 0.5
                * (_squared(self.of_target(target), 1.0) + _squared(self.of_target(old_target), 0)),
                "critic_source": 0.5
                * (_squared(self.of_source(source), 1.0) + _squared(self.of_source(old_source), 0)),
            }
        self._learn(self._critics, judged)
        self._average()
        return _mean_over_processes({**losses, **judged})

    def exported(self) -> tuple[Generator, Generator]:
        """The generators to keep: to the target and to the source."""
        return self.averages or (self.to_target, self.to_source)

    def teach(self, teachers: tuple[Generator, Generator]) -> None:
        """Keep copies of other generators as teachers."""
        self.teachers = copy.deepcopy(teachers)

    @torch.no_grad()
    def blended(self, share: float) -> tuple[Generator, Generator]:
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
        yield "generators", self._generators
        yield "critics", self._critics
        for kind, pair in (("average", self.averages), ("teacher", self.teachers)):
            if pair:
                yield f"{kind}_to_target", pair[0]
                yield f"{kind}_to_source", pair[1]

    def heard(self, live: Tensor, window: Tensor, generated: Tensor) -> Tensor:
        """The change of the window, put on what is played."""
        changed = live + (_whole(generated) - window)
        if self._rendering is None:
            return changed
        with torch.autocast(self.device.type, enabled=False):  # powers span seven decades
            heard: Tensor = self._rendering(live, changed)
        return heard

    def _autocast(self) -> AbstractContextManager[None]:
        if not self._amp:
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def _learn(self, optimiser: torch.optim.Optimizer, losses: dict[str, Tensor]) -> None:
        optimiser.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        if dist.is_initialized():
            for group in optimiser.param_groups:
                _share_gradients(group["params"])
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


def _squared(judgement: Tensor, wanted: float) -> Tensor:
    """Least squares (Mao et al. 2017)."""
    return (_whole(judgement) - wanted).square().mean()


def _whole(values: Tensor) -> Tensor:
    """Out of bfloat16, where autocast is at work."""
    return values.to(torch.get_default_dtype())


def _lesson(heard: Tensor, wanted: Tensor, ahead: Tensor) -> Tensor:
    """Distance from what was wanted, and once more where the network could only guess."""
    off = (heard - wanted).abs()
    guessed = ahead.any(dim=-2, keepdim=True).to(off.dtype).expand_as(off)
    return off.mean() + (off * guessed).sum() / guessed.sum().clamp(min=1.0)


def _jitter(change: Tensor) -> Tensor:
    """Mean absolute difference from column to column: what makes sidebands of a gain."""
    return change.diff(dim=-1).abs().mean()


def _learnable(*nets: nn.Module, on: bool) -> None:
    for net in nets:
        net.requires_grad_(on)


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


def _share_gradients(parameters: list[nn.Parameter]) -> None:
    """Average the gradients over the processes, in one exchange."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    parts = torch.split(flat, [g.numel() for g in gradients])
    for gradient, mean in zip(gradients, parts, strict=True):
        gradient.copy_(mean.view(gradient.shape))


def _mean_over_processes(losses: dict[str, Tensor]) -> Losses:
    values = torch.stack([_whole(loss.detach()) for loss in losses.values()])
    if dist.is_initialized():
        dist.all_reduce(values)
        values /= dist.get_world_size()
    return dict(zip(losses, values.tolist(), strict=True))
