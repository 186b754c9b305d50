"""One step of two streaming generators on music that nobody performed in the other genre.

Critics of the outcome say what the genre is. What keeps the content is chosen by the recipe: the
way back (Zhu et al. 2017), the contrast of places (Park et al. 2020, with an encoder of its own, as
a streaming generator has no layers in which bands have places), gains that are smooth over bands;
and music of the target stays what it is. A generator of one network for all bands invents where
none of these holds it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import l1_loss, pad

from engine.dsp.streaming import ENTRY_DB, LEADS
from train.models.streaming_network import due
from train.training.losses import Losses, roughness
from train.training.optimising import descend
from train.training.processes import mean_of
from train.training.streaming_pair import IMAGE, Direction, Images, StreamingPair
from train.training.tracks import Pieces, Stretches


def learn_unpaired(
    pair: StreamingPair, pieces: Pieces, done: int, rng: np.random.Generator, share: slice
) -> Losses:
    """Learn from one batch of each genre; arguments as of
    :func:`train.training.twins.learn_from_twins`."""
    recipe = pair.recipe
    pair.set_rates(done)
    rendered = rng.random() < recipe.sound
    source, target = (
        pieces.draw(rng, pair.drawn_for(name, direction)).share(share)
        for name, direction in pair.directions()
    )
    losses: dict[str, Tensor] = {}
    judged: list[tuple[str, Direction, Images, Images]] = []
    ways = (source, target), (target, source)
    back = [pair.to_source, pair.to_target]
    for (name, direction), (own, other), way_back in zip(
        pair.directions(), ways, back, strict=True
    ):
        seed = int(rng.integers(2**31))
        answers = pair.answers(direction, own.given)
        shown = pair.playback.shown(own.image, answers)
        made, real = _images(pair, own, other, answers, shown, seed if rendered else None)
        some = _content(pair, direction, way_back, own, other, answers, shown, seed)
        some["adversarial"] = recipe.critics * pair.convincing(direction, made)[0]
        losses |= {f"{loss}_{name}": value for loss, value in some.items()}
        judged.append((name, direction, made, real))
    descend([pair.to_target.learns, pair.to_source.learns], losses)
    for name, direction, made, real in judged:
        losses[f"critic_{name}"] = pair.judge(direction, made, real)
    pair.average()
    return mean_of(losses)


def _images(
    pair: StreamingPair,
    own: Stretches,
    other: Stretches,
    answers: Tensor,
    shown: Tensor,
    seed: int | None,
) -> tuple[Images, Images]:
    """What critics see, and music beside it: of rendered sound, or without a seed the image."""
    columns = pair.recipe.columns
    if seed is None:
        return {IMAGE: shown[..., -columns:]}, {IMAGE: other.image[..., -columns:]}
    made = pair.seen(pair.played(own.sound, answers, seed))
    with torch.no_grad():
        return made, pair.seen(other.sound)


def _content(
    pair: StreamingPair,
    direction: Direction,
    way_back: Direction,
    own: Stretches,
    other: Stretches,
    answers: Tensor,
    shown: Tensor,
    seed: int,
) -> dict[str, Tensor]:
    """What keeps the content, each part weighted."""
    recipe, columns = pair.recipe, pair.recipe.columns

    def last(image: Tensor) -> Tensor:
        return image[..., -columns:]

    farther = [
        l1_loss(last(pair.playback.shown(own.image, answers, k)), last(shown).detach())
        for k in range(1, len(LEADS))
    ]
    parts: dict[str, tuple[float, Callable[[], Tensor]]] = {
        "cycle": (
            recipe.cycle,
            lambda: l1_loss(last(_again(pair, way_back, shown)), last(own.image)),
        ),
        "identity": (
            recipe.identity,
            lambda: l1_loss(
                last(pair.playback.shown(other.image, pair.answers(direction, other.given))),
                last(other.image),
            ),
        ),
        "contrast": (
            recipe.contrast,
            lambda: direction.places(last(shown)[:, None], last(own.image)[:, None], seed),
        ),
        "smooth": (
            recipe.smooth,
            lambda: roughness(last(due(answers)[:, 0])) / ENTRY_DB,
        ),
    }
    losses = {name: weight * loss() for name, (weight, loss) in parts.items() if weight}
    losses["farther"] = recipe.farther * torch.stack(farther).mean()
    return losses


def _again(pair: StreamingPair, way_back: Direction, shown: Tensor) -> Tensor:
    """What the other direction makes of what is heard, without a clock."""
    rest = way_back.generator.enter.in_channels - shown.shape[1]
    told = pad(shown, (0, 0, 0, rest))
    return pair.playback.shown(shown, pair.answers(way_back, told))
