"""One step of two streaming generators where twins say what each track should become.

The outcome's distance to the twin is what is learnt first (L1, at every resolution, and in what the
critics find); the critics see to it that it is not the mean of all that it could be.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import l1_loss

from engine.dsp.streaming import LEADS
from train.training.losses import Losses, whole
from train.training.optimising import descend
from train.training.processes import mean_of
from train.training.streaming_pair import IMAGE, Direction, Found, StreamingPair
from train.training.tracks import Pairs, Pieces

_OTHERS = 0.25  # weight of the likeness at each other resolution, against that of the images


def learn_from_twins(
    pair: StreamingPair, pieces: Pieces, done: int, rng: np.random.Generator, share: slice
) -> Losses:
    """Learn from one batch in each direction.

    Args:
        pair: the networks.
        pieces: to draw from, with twins.
        done: steps so far.
        rng: of this step, the same in every process.
        share: this process's part of the batch.

    Returns:
        Mean losses over all processes.
    """
    recipe = pair.recipe
    rendered = rng.random() < recipe.sound
    judged = rendered and done >= recipe.alone and recipe.critics > 0
    pair.set_rates(done)
    told: dict[str, Tensor] = {}
    for name, direction in pair.directions():
        drawn = pieces.draw_pairs(rng, pair.drawn_for(name, direction)).share(share)
        losses = _learn(pair, direction, drawn, rendered, judged, int(rng.integers(2**31)))
        told |= {f"{loss}_{name}": value for loss, value in losses.items()}
    pair.average()
    return mean_of(told)


def _learn(
    pair: StreamingPair,
    direction: Direction,
    drawn: Pairs,
    rendered: bool,
    judged: bool,
    seed: int,
) -> dict[str, Tensor]:
    recipe = pair.recipe
    answers = pair.answers(direction, drawn.given)
    farther = [_unlike(pair, drawn, answers, number) for number in range(1, len(LEADS))]
    losses = {"farther": recipe.farther * recipe.likeness * torch.stack(farther).mean()}
    if not rendered:
        losses["likeness"] = recipe.likeness * _unlike(pair, drawn, answers, 0)
        descend([direction.learns], losses)
        return losses
    made = pair.seen(pair.played(drawn.sound, answers, seed))
    with torch.no_grad():
        real = pair.seen(drawn.twin)
    off = [(1.0 if i == IMAGE else _OTHERS) * l1_loss(made[i], real[i]) for i in made]
    losses["likeness"] = recipe.likeness * torch.stack(off).sum()
    if judged:
        doubt, found = pair.convincing(direction, made)
        losses["adversarial"] = recipe.critics * doubt
        losses["features"] = recipe.features * _apart(found, pair.found(direction, real))
    descend([direction.learns], losses)
    if judged:
        losses["critic"] = pair.judge(direction, made, real)
    return losses


def _unlike(pair: StreamingPair, drawn: Pairs, answers: Tensor, number: int) -> Tensor:
    """L1 distance to the twin of an image with these answers, as it is heard."""
    columns = pair.recipe.columns
    shown = pair.playback.shown(drawn.image, answers, number)
    return l1_loss(shown[..., -columns:], drawn.wanted[..., -columns:])


def _apart(found: Found, there: Found) -> Tensor:
    return torch.stack(
        [
            l1_loss(whole(a), whole(b))
            for one, other in zip(found, there, strict=True)
            for a, b in zip(one, other, strict=True)
        ]
    ).mean()
