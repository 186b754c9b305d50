"""One image changed step by step until its style is that of another: slow, and nothing is trained.

Two of the papers do it: Liu et al. 2019, section 3.3, after Gatys et al. 2015, and Lin, "Audio
style transfer", section 4.1, after Ulyanov & Lebedev 2016.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from engine.dsp.arrays import Array
from train.style.features import Features
from train.style.losses import Style, StyleLosses, content_distance, style_losses

Begin = Literal["content", "noise"]
"""What an image is before its first step."""
_NOISE = 0.1  # standard deviation, where the loudest place of the content is 1
Told = Callable[[int, int, float, Callable[[], Array]], None]
"""Called after each step with steps done, steps in all, the style's loss over what it was at first,
and what gives the magnitudes so far, (bins, frames)."""


@dataclass(frozen=True)
class Descent:
    """How an image is brought to a style.

    Attributes:
        begin: what it is before the first step.
        steps: how many.
        rate: of Adam.
        content_share: of the distance in content in what is made small; the rest is the style's.
        balanced: whether energy over time and over frequency belong to the style.
    """

    begin: Begin
    steps: int
    rate: float
    content_share: float
    balanced: bool


OF_VGG = Descent("noise", 500, 0.02, 1e-2, balanced=True)
"""Liu et al. 2019, section 3.3, which gives the share (its interpolation factor) and what it begins
with; it says no steps and no rate."""
OF_RANDOM = Descent("content", 400, 0.03, 0.0, balanced=False)
"""Lin, sections 4.1 and 5.1."""


@dataclass(frozen=True)
class Blend:
    """What came out.

    Attributes:
        magnitude: (bins, frames), as the content's.
        style_ratio: the style's loss at the end over that at the beginning.
        content_correlation: of the image with the content's, over all places.
    """

    magnitude: Array
    style_ratio: float
    content_correlation: float


def blend(
    content: Array, style: Array, features: Features, how: Descent, seed: int, told: Told
) -> Blend:
    """The content in the style of another sound.

    Args:
        content: magnitudes, (bins, frames).
        style: magnitudes, (bins, any number of frames).
        features: what both are taken from.
        how: it is done.
        seed: of noise that it begins from.
        told: see :data:`Told`.
    """
    given, wanted = features.image(content), features.image(style)
    with torch.no_grad():
        kept = features.found(given).content
        goal = Style.of(wanted, features.found(wanted).style)
    image = _first(given, how.begin, seed).requires_grad_(True)
    adam = torch.optim.Adam([image], lr=how.rate, betas=(0.9, 0.999), eps=1e-8)
    first: StyleLosses | None = None
    ratio = 1.0
    for step in range(how.steps):
        found = features.found(image)
        losses = style_losses(image, found.style, goal)
        first = first or losses.detached()
        loss = losses.against(first, how.balanced)
        if kept:
            share = how.content_share
            distance = content_distance(found.content, kept)
            loss = (1.0 - share) * loss + share * distance
        adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        with torch.no_grad():
            image.clamp_(min=0.0)  # a magnitude
        ratio = float(losses.gram.detach() / first.gram)
        told(step + 1, how.steps, ratio, partial(features.magnitude, image.detach()))
    out = image.detach()
    return Blend(features.magnitude(out), ratio, _correlation(out, given))


def _first(given: Tensor, begin: Begin, seed: int) -> Tensor:
    if begin == "content":
        return given.clone()
    drawn = torch.Generator().manual_seed(seed)
    return (_NOISE * given.max() * torch.randn(given.shape, generator=drawn)).abs()


def _correlation(one: Tensor, other: Tensor) -> float:
    return float(np.corrcoef(one.flatten().numpy(), other.flatten().numpy())[0, 1])
