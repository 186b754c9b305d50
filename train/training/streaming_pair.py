"""Two streaming generators, one in each direction, their critics, and what is heard of them.

Losses are taken of what is heard: the answers are put on the sound as the engine does it, and the
outcome is looked at through windows of several lengths. Critics say whether it is like music of the
genre (least squares, as in CycleGAN). What a step learns is in :mod:`train.training.twins` where
somebody performed the tracks in the other genre too, else in :mod:`train.training.unpaired`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import cached
from torch.optim.swa_utils import AveragedModel

from engine.dsp.frontend import FrontEnd
from train.models.contrast import PlaceContrast
from train.models.sound_critics import RESOLUTIONS, Critic, Looks
from train.models.streaming_network import StreamingGenerator, due
from train.training.average import running_mean
from train.training.losses import bfloat16, squared, whole
from train.training.optimising import cosine, descend, set_rate
from train.training.playback import Playback
from train.training.streaming_recipe import StreamingRecipe
from train.training.tracks import SPIN_UP, Draw

IMAGE = next(i for i, r in enumerate(RESOLUTIONS) if r.window == 2048)
"""Number of the resolution that is the front end's."""

Images = dict[int, Tensor]
"""By the number of the resolution, each (batch, bands, frames), −1 … 1."""
Found = list[list[Tensor]]
"""What each layer of each critic found."""


@dataclass
class Direction:
    """One direction: its generator, the running mean of it, its critics, and where places of what
    it made are told apart."""

    generator: StreamingGenerator
    mean: AveragedModel
    critics: nn.ModuleList
    places: PlaceContrast
    learns: torch.optim.Optimizer
    judges: torch.optim.Optimizer

    @property
    def average(self) -> StreamingGenerator:
        """The generator with the mean of its weights, which is what is exported."""
        net = self.mean.module
        assert isinstance(net, StreamingGenerator)
        return net


class StreamingPair:
    """Both directions.

    Args:
        recipe: what to build.
        device: where.
        amp: whether to multiply in bfloat16.
        rate: of the sound, hertz.

    Attributes:
        to_target, to_source: the directions.
        playback: of what they answer.
    """

    def __init__(self, recipe: StreamingRecipe, device: torch.device, amp: bool, rate: int) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.device, self._amp = recipe, device, amp
        self.playback = Playback(FrontEnd(), rate).to(device)
        self._looks = Looks(rate).to(device)
        self.to_target, self.to_source = self._direction(), self._direction()
        self._steps = 0

    def _direction(self) -> Direction:
        recipe = self.recipe
        generator = StreamingGenerator(recipe.width, recipe.dilations).to(self.device)
        critics = nn.ModuleList(Critic(recipe.critic_channels) for _ in RESOLUTIONS)
        critics.to(self.device)
        places = PlaceContrast().to(self.device)
        learners = [*generator.parameters(), *(places.parameters() if recipe.contrast else ())]
        learns = torch.optim.AdamW(learners, betas=(0.8, 0.99), weight_decay=1e-2)
        judges = torch.optim.Adam(critics.parameters(), betas=(0.5, 0.9))
        mean = running_mean(generator, recipe.average)
        return Direction(generator, mean, critics, places, learns, judges)

    def drawn_for(self, name: str, direction: Direction) -> Draw:
        """What a direction's step draws."""
        recipe, before = self.recipe, direction.generator.receptive
        return Draw(recipe.batch, recipe.columns, before, recipe.memory, name == "source")

    def answers(self, direction: Direction, given: Tensor) -> Tensor:
        """What a direction's generator answers, see :meth:`StreamingGenerator.forward`."""
        with bfloat16(self.device, self._amp):
            return whole(direction.generator(given))

    def played(self, sound: Tensor, answers: Tensor, seed: int) -> Tensor:
        """The last columns of stretches with these answers, (batch, samples).

        Args:
            sound: of :class:`train.training.tracks.Stretches`.
            answers: to all of the stretches' columns.
            seed: of the noise.
        """
        said = due(answers)[..., -(self.recipe.columns + SPIN_UP) :]
        return self.playback.played(sound, said, seed)

    def seen(self, sound: Tensor) -> Images:
        """Sound of stretches as the critics see it, without the transforms' past."""
        # Half the longest window reaches into it.
        first = SPIN_UP // 2 * self.playback.hop
        return dict(enumerate(self._looks(sound[:, first:])))

    def convincing(self, direction: Direction, made: Images) -> tuple[Tensor, Found]:
        """How far the critics are from taking images for music, and what they find in them."""
        direction.critics.requires_grad_(False)
        with bfloat16(self.device, self._amp), cached():
            found = [direction.critics[i](image) for i, image in made.items()]
        return squared([one[-1] for one in found], 1.0), [one[:-1] for one in found]

    def found(self, direction: Direction, real: Images) -> Found:
        """What the critics find in images of music."""
        with torch.no_grad():
            return self.convincing(direction, real)[1]

    def judge(self, direction: Direction, made: Images, real: Images) -> Tensor:
        """The critics learn to tell images of music from those that were made.

        Args:
            direction: whose critics.
            made: images of what its generator makes heard.
            real: images of music of the genre that it makes.

        Returns:
            How wrong they were.
        """
        direction.critics.requires_grad_(True)
        with bfloat16(self.device, self._amp), cached():
            wrong = [
                squared([direction.critics[i](real[i])[-1]], 1.0)
                + squared([direction.critics[i](image.detach())[-1]], 0.0)
                for i, image in made.items()
            ]
        loss = 0.5 * torch.stack(wrong).mean()
        descend([direction.judges], {"critic": loss})
        return loss

    def rate_at(self, step: int) -> float:
        """Learning rate of the generators: a cosine, from the recipe's to nothing."""
        return cosine(self.recipe.learning_rate, step, self.recipe.steps)

    def directions(self) -> Iterator[tuple[str, Direction]]:
        """By the genre that each makes."""
        yield "target", self.to_target
        yield "source", self.to_source

    def state(self) -> dict[str, Any]:
        """Everything that decides what the next step does."""
        return {
            f"{part}_{name}": getattr(direction, part).state_dict()
            for name, direction in self.directions()
            for part in self._parts
        } | {"steps": self._steps}

    def load(self, state: dict[str, Any]) -> None:
        """Take a state back."""
        for name, direction in self.directions():
            for part in self._parts:
                getattr(direction, part).load_state_dict(state[f"{part}_{name}"])
        self._go_on(state["steps"])

    def begin_with(self, state: dict[str, Any]) -> None:
        """Take over what another run has come to; of one whose content was kept by other means the
        networks alone."""
        alike = ("places_target" in state) == ("places" in self._parts)
        for name, direction in self.directions():
            for part in self._parts if alike else ("generator", "average", "critics"):
                getattr(direction, part).load_state_dict(state[f"{part}_{name}"])
        self._go_on(state["steps"])

    def _go_on(self, steps: int) -> None:
        self._steps = steps
        for _, direction in self.directions():
            direction.mean.n_averaged.fill_(steps)

    @property
    def _parts(self) -> list[str]:
        """Of a direction, those that are kept."""
        parts = ["generator", "average", "critics", "learns", "judges"]
        return [*parts, "places"] if self.recipe.contrast else parts

    def set_rates(self, done: int) -> None:
        """Learning rates of the step that comes after so many."""
        recipe, rate = self.recipe, self.rate_at(done)
        for _, direction in self.directions():
            set_rate(direction.learns, rate)
            set_rate(direction.judges, recipe.critic_rate * rate / recipe.learning_rate)

    def average(self) -> None:
        """Take the weights of a step into the running mean."""
        self._steps += 1
        for _, direction in self.directions():
            direction.mean.update_parameters(direction.generator)
