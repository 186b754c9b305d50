"""CycleGAN: two generators, two critics, and what they remember; a step is in ``cyclegan_step``.

Zhu et al. 2017 as Vande Veire et al. 2019 use it: least squares for the critics, λ 10 for the
cycle, identity loss, a history of 50 generated images, Adam. Losses are means over the batch, and
gradients are averaged over processes, so that any number of them learns alike.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import UsageError
from train.models.band_network import BandGenerator
from train.models.contrast import Contrast
from train.models.critics import Discriminator
from train.models.history import History
from train.models.networks import Enlarged, ImageGenerator, ResNetGenerator
from train.models.rendering import ImageRendering
from train.training.average import running_mean
from train.training.losses import bfloat16, whole
from train.training.processes import share_gradients
from train.training.recipe import Recipe


class CycleGan:
    """The networks, their optimisers and the history of generated images.

    Args:
        recipe: what to build.
        device: where.
        amp: whether to multiply in bfloat16.

    Attributes:
        to_target, to_source: generators.
        of_target, of_source: critics.
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
            size = recipe.critic_channels, recipe.critic_scales
            return Discriminator(*size, recipe.critic_norm, recipe.enlarged).to(device)

        self.to_target, self.to_source = generator(), generator()
        self.of_target, self.of_source = critic(), critic()
        self.front_end = recipe.images
        self._rendering = ImageRendering(self.front_end).to(device) if recipe.rendered else None
        self.contrasts = nn.ModuleList(
            Contrast(generator).to(device)
            for generator in (self.to_target, self.to_source)
            if recipe.contrast and isinstance(generator, ResNetGenerator)
        )
        betas = (recipe.beta1, 0.999)
        learners = [self.to_target, self.to_source, *self.contrasts]
        self.generators = torch.optim.Adam(
            [parameter for net in learners for parameter in net.parameters()], betas=betas
        )
        self.critics = torch.optim.Adam(
            [*self.of_target.parameters(), *self.of_source.parameters()], betas=betas
        )
        nets = (self.to_target, self.to_source) if recipe.average else ()
        self._means = tuple(running_mean(net, recipe.average) for net in nets)
        self.teachers: tuple[ImageGenerator, ImageGenerator] | None = None
        self.histories = History(recipe.history), History(recipe.history)
        self._steps = 0

    @property
    def averages(self) -> tuple[ImageGenerator, ImageGenerator] | None:
        """Running means of the generators' weights, if they are kept."""
        if not self._means:
            return None
        to_target, to_source = (mean.module for mean in self._means)
        assert isinstance(to_target, ImageGenerator)
        assert isinstance(to_source, ImageGenerator)
        return to_target, to_source

    def exported(self) -> tuple[ImageGenerator, ImageGenerator]:
        """The generators to keep: to the target and to the source."""
        return self.averages or (self.to_target, self.to_source)

    def teach(self, teachers: tuple[ImageGenerator, ImageGenerator]) -> None:
        """Keep copies of other generators as teachers."""
        self.teachers = copy.deepcopy(teachers)

    @torch.no_grad()
    def blended(self, share: float) -> tuple[ImageGenerator, ImageGenerator]:
        """Generators to keep, their weights moved back towards the teachers' (Wortsman et al. 2022,
        "Robust fine-tuning of zero-shot models"): what was learnt and unlearnt lies on a line.

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
            "histories": [history.images for history in self.histories],
            "steps": self._steps,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take a state back; of one without running means, the weights themselves."""
        if self.recipe.teacher and "teacher_to_target" in state:
            self.teach((self.to_target, self.to_source))  # of the same size; filled below
        for name, part in self._parts():
            part.load_state_dict(state.get(name) or state[name.removeprefix("average_")])
        self._steps = state["steps"]
        for mean in self._means:
            mean.n_averaged.fill_(self._steps)
        for history, kept in zip(self.histories, state["histories"], strict=True):
            history.images = [image.to(self.device) for image in kept]

    def _parts(self) -> Iterator[tuple[str, Any]]:
        for name in ("to_target", "to_source", "of_target", "of_source"):
            yield name, getattr(self, name)
        if self.recipe.contrast:
            yield "contrasts", self.contrasts
        yield "generators", self.generators
        yield "critics", self.critics
        for kind, pair in (("average", self.averages), ("teacher", self.teachers)):
            if pair:
                yield f"{kind}_to_target", pair[0]
                yield f"{kind}_to_source", pair[1]

    def heard(self, live: Tensor, window: Tensor, generated: Tensor) -> Tensor:
        """The change of the window, put on what is played: images (batch, 1, bands, width), −1 … 1.

        Args:
            live: what is played.
            window: what the generator was shown.
            generated: what it made of that.
        """
        changed = live + (whole(generated) - window)
        if self._rendering is None:
            return changed
        with torch.autocast(self.device.type, enabled=False):  # powers span seven decades
            heard: Tensor = self._rendering(live, changed)
        return heard

    def autocast(self) -> AbstractContextManager[None]:
        """In which products are in bfloat16 where that was asked for."""
        return bfloat16(self.device, self._amp)

    def descend(self, optimiser: torch.optim.Optimizer, losses: dict[str, Tensor]) -> None:
        """One step down the sum of losses, with gradients averaged over processes."""
        optimiser.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        for group in optimiser.param_groups:
            share_gradients(group["params"])
        optimiser.step()

    def average(self) -> None:
        """Take the weights of a step into the running means."""
        self._steps += 1
        for mean, live in zip(self._means, (self.to_target, self.to_source), strict=False):
            mean.update_parameters(live)


def _network(recipe: Recipe) -> ImageGenerator:
    size = recipe.channels, recipe.blocks, recipe.residual
    if recipe.network == "bands":
        return BandGenerator(*size)
    made = ResNetGenerator(*size, recipe.norm, recipe.upsampling)
    return made if recipe.enlarged == 1 else Enlarged(made, recipe.enlarged)
