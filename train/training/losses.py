"""What the generators and critics are told: losses of images and judgements, as means."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

Losses = dict[str, float]
"""By name."""


def squared(judgements: Sequence[Tensor], wanted: float) -> Tensor:
    """Least squares (Mao et al. 2017), over a critic's scales."""
    return torch.stack([(whole(j) - wanted).square().mean() for j in judgements]).mean()


def bfloat16(device: torch.device, amp: bool) -> AbstractContextManager[None]:
    """In which products are taken in bfloat16, where that is asked for.

    Args:
        device: of the products.
        amp: whether it is.
    """
    return torch.autocast(device.type, torch.bfloat16) if amp else nullcontext()


def whole(values: Tensor) -> Tensor:
    """Out of bfloat16, where autocast is at work."""
    return values.to(torch.get_default_dtype())


def teacher_loss(heard: Tensor, wanted: Tensor, ahead: Tensor) -> Tensor:
    """Distance from what was wanted, and once more where the network could only guess.

    Args:
        heard: images as they are heard, (batch, 1, bands, columns).
        wanted: what they should be, (batch, 1, bands, columns).
        ahead: (batch, 1, bands, columns): where the window did not hold what is played; a column
            counts if any of its bands does.
    """
    off = (heard - wanted).abs()
    guessed = ahead.any(dim=-2, keepdim=True).to(off.dtype).expand_as(off)
    return off.mean() + (off * guessed).sum() / guessed.sum().clamp(min=1.0)


def jitter(change: Tensor) -> Tensor:
    """Mean absolute difference from column to column: what makes sidebands of a gain."""
    return change.diff(dim=-1).abs().mean()


def roughness(gains: Tensor) -> Tensor:
    """Mean absolute second difference over bands, (batch, bands, columns): what a gain that means
    single bands has, and one that means a sound has not."""
    return gains.diff(n=2, dim=1).abs().mean()
