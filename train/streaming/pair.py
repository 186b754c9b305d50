"""Two streaming generators, one in each direction, their critics, and one step of what they learn.

Losses are taken of what is heard: the answers are put on the sound as the engine does it, and the
outcome is looked at through windows of several lengths. Twins say what it should be (L1, and L1 of
what critics find); critics say whether it is like music of the genre (least squares, as in
CycleGAN), so that the outcome is not the mean of all that it could be.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss
from torch.nn.utils.parametrize import cached

from engine.dsp.frontend import FrontEnd
from engine.dsp.streaming import LEADS
from train.losses import Losses, squared, whole
from train.processes import mean_over_processes, share_gradients
from train.rendering import Rendering
from train.streaming.critics import RESOLUTIONS, Critic, Looks
from train.streaming.network import StreamingGenerator, due
from train.streaming.recipe import StreamingRecipe
from train.streaming.sound import Renderer
from train.streaming.tracks import SPIN_UP, Pieces, Stretches, image_of

_IMAGE = next(i for i, r in enumerate(RESOLUTIONS) if r.window == 2048)
_OTHERS = 0.25  # weight of the likeness at each other resolution, against that of the images
_DB = 10.0 / np.log(10.0)


@dataclass
class Direction:
    """One direction: its generator, the running mean of it, and its critics."""

    generator: StreamingGenerator
    average: StreamingGenerator
    critics: nn.ModuleList
    learns: torch.optim.Optimizer
    judges: torch.optim.Optimizer


class StreamingPair:
    """Both directions.

    Args:
        recipe: what to build.
        device: where.
        amp: whether to multiply in bfloat16.
        rate: of the sound, hertz.

    Attributes:
        to_target, to_source: the directions.
    """

    def __init__(self, recipe: StreamingRecipe, device: torch.device, amp: bool, rate: int) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.device, self._amp = recipe, device, amp
        front_end = FrontEnd()
        self._front_end = front_end
        self._renderer = Renderer(front_end, rate).to(device)
        self._rendering = Rendering(front_end).to(device)
        self._looks = Looks(rate).to(device)
        self.to_target, self.to_source = self._direction(), self._direction()
        self._steps = 0

    def _direction(self) -> Direction:
        recipe = self.recipe
        generator = StreamingGenerator(recipe.width, recipe.dilations).to(self.device)
        critics = nn.ModuleList(Critic(recipe.critic_channels) for _ in RESOLUTIONS)
        critics.to(self.device)
        learns = torch.optim.AdamW(generator.parameters(), betas=(0.8, 0.99), weight_decay=1e-2)
        judges = torch.optim.Adam(critics.parameters(), betas=(0.5, 0.9))
        return Direction(generator, copy.deepcopy(generator), critics, learns, judges)

    def step(self, pieces: Pieces, done: int, rng: np.random.Generator, share: slice) -> Losses:
        """Learn from one batch in each direction.

        Args:
            pieces: to draw from.
            done: steps so far.
            rng: of this step, the same in every process.
            share: this process's part of the batch.

        Returns:
            Mean losses over all processes.
        """
        recipe = self.recipe
        rendered = rng.random() < recipe.sound
        judged = rendered and done >= recipe.alone and recipe.critics > 0
        rate = self.rate_at(done) / recipe.learning_rate
        told: dict[str, Tensor] = {}
        for name, direction in self.directions():
            drawn = pieces.draw(
                rng,
                recipe.batch,
                recipe.columns,
                direction.generator.receptive,
                recipe.memory,
                backwards=name == "source",
            )
            own = Stretches(*(part[share] for part in vars(drawn).values()))
            losses = self._learn(direction, own, rendered, judged, rate, int(rng.integers(2**31)))
            told |= {f"{loss}_{name}": value for loss, value in losses.items()}
        self._average()
        means = mean_over_processes(torch.stack(list(told.values())))
        return dict(zip(told, means.tolist(), strict=True))

    def _learn(
        self,
        direction: Direction,
        drawn: Stretches,
        rendered: bool,
        judged: bool,
        rate: float,
        seed: int,
    ) -> dict[str, Tensor]:
        recipe = self.recipe
        _set_rate(direction.learns, recipe.learning_rate * rate)
        _set_rate(direction.judges, recipe.critic_rate * rate)
        direction.critics.requires_grad_(False)
        with self._autocast():
            answers = whole(direction.generator(drawn.given))
        losses: dict[str, Tensor] = {}
        made: list[Tensor] = []
        real: list[Tensor] = []
        if rendered:
            made, real = self._heard(drawn, answers, seed)
            off = torch.stack([l1_loss(a, b) for a, b in zip(made, real, strict=True)])
            weight = torch.full_like(off, _OTHERS)
            weight[_IMAGE] = 1.0
            losses["likeness"] = recipe.likeness * (off * weight).sum()
        else:
            losses["likeness"] = recipe.likeness * self._unlike(drawn, answers, 0)
        farther = torch.stack([self._unlike(drawn, answers, k) for k in range(1, len(LEADS))])
        losses["farther"] = recipe.farther * recipe.likeness * farther.mean()
        if judged:
            with self._autocast(), cached():
                found = [
                    critic(image) for critic, image in zip(direction.critics, made, strict=True)
                ]
                with torch.no_grad():
                    there = [
                        critic(image) for critic, image in zip(direction.critics, real, strict=True)
                    ]
            losses["adversarial"] = recipe.critics * squared([one[-1] for one in found], 1.0)
            losses["features"] = (
                recipe.features
                * torch.stack(
                    [
                        l1_loss(whole(a), whole(b))
                        for one, other in zip(found, there, strict=True)
                        for a, b in zip(one[:-1], other[:-1], strict=True)
                    ]
                ).mean()
            )
        _descend(direction.learns, losses)
        if judged:
            direction.critics.requires_grad_(True)
            with self._autocast(), cached():
                wrong = torch.stack(
                    [
                        squared([critic(b)[-1]], 1.0) + squared([critic(a.detach())[-1]], 0.0)
                        for critic, a, b in zip(direction.critics, made, real, strict=True)
                    ]
                ).mean()
            losses["critic"] = 0.5 * wrong
            _descend(direction.judges, {"critic": losses["critic"]})
        return {name: whole(loss.detach()) for name, loss in losses.items()}

    def _heard(
        self, drawn: Stretches, answers: Tensor, seed: int
    ) -> tuple[list[Tensor], list[Tensor]]:
        """What is heard of these answers, and of the twin, at all resolutions."""
        noise = torch.Generator(device=self.device).manual_seed(seed)
        columns = self.recipe.columns + SPIN_UP
        said = due(answers)[..., -columns:]
        out = self._renderer(drawn.sound, said, noise)
        # The transforms' past is no part of it; half the longest window reaches into it.
        first = SPIN_UP // 2 * round(self._front_end.at(44100).hop)
        made = self._looks(out[:, first:])
        with torch.no_grad():
            real = self._looks(drawn.twin[:, first:])
        return made, real

    def _unlike(self, drawn: Stretches, answers: Tensor, lead: int) -> Tensor:
        """L1 distance to the twin of an image with these answers, as it is heard."""
        said = due(answers, lead)
        span = 0.5 * (self._front_end.ceil_db - self._front_end.floor_db)
        gain = said[:, 0].clamp(-60.0, 12.0) / span
        image = self._rendering(drawn.image[:, None], drawn.image[:, None] + gain[:, None])[:, 0]
        noise = image_of(self._front_end, said[:, 1])
        scale = span / _DB
        both = torch.logaddexp(image * scale, noise * scale) / scale
        return l1_loss(
            both[..., -self.recipe.columns :].clamp(-1, 1),
            drawn.wanted[..., -self.recipe.columns :],
        )

    def rate_at(self, step: int) -> float:
        """Learning rate of the generators: a cosine, from the recipe's to nothing."""
        return (
            0.5 * self.recipe.learning_rate * (1.0 + math.cos(math.pi * step / self.recipe.steps))
        )

    def heard(
        self, generator: StreamingGenerator, given: Tensor, sound: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """A stretch as it is heard, (batch, samples), and the images of the feed and of that."""
        noise = torch.Generator(device=self.device).manual_seed(self.recipe.seed)
        out = self._renderer(sound, due(generator(given)), noise)
        return out, (self._looks(sound)[_IMAGE], self._looks(out)[_IMAGE])

    def directions(self) -> Iterator[tuple[str, Direction]]:
        """By the genre that each makes."""
        yield "target", self.to_target
        yield "source", self.to_source

    def state(self) -> dict[str, Any]:
        """Everything that decides what the next step does."""
        return {
            f"{part}_{name}": getattr(direction, part).state_dict()
            for name, direction in self.directions()
            for part in vars(direction)
        } | {"steps": self._steps}

    def load(self, state: dict[str, Any]) -> None:
        """Take a state back."""
        for name, direction in self.directions():
            for part in vars(direction):
                getattr(direction, part).load_state_dict(state[f"{part}_{name}"])
        self._steps = state["steps"]

    def _autocast(self) -> AbstractContextManager[None]:
        if not self._amp:
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    @torch.no_grad()
    def _average(self) -> None:
        self._steps += 1
        decay = min(self.recipe.average, self._steps / (self._steps + 10))
        for _, direction in self.directions():
            pairs = zip(
                direction.average.parameters(), direction.generator.parameters(), strict=True
            )
            for mean, live in pairs:
                mean.lerp_(live, 1.0 - decay)


def _descend(optimiser: torch.optim.Optimizer, losses: dict[str, Tensor]) -> None:
    optimiser.zero_grad(set_to_none=True)
    torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
    for group in optimiser.param_groups:
        share_gradients(group["params"])
        torch.nn.utils.clip_grad_norm_(group["params"], 10.0)
    optimiser.step()


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
