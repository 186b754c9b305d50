"""One step down the losses, and how long it is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from train.training.processes import share_gradients

_STEEPEST = 10.0  # norm of a gradient that a step goes by


def descend(optimisers: Sequence[torch.optim.Optimizer], losses: dict[str, Tensor]) -> None:
    """One step down the sum of losses; gradients are means over processes, and bounded."""
    for optimiser in optimisers:
        optimiser.zero_grad(set_to_none=True)
    torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            share_gradients(group["params"])
            torch.nn.utils.clip_grad_norm_(group["params"], _STEEPEST)
        optimiser.step()


def cosine(rate: float, step: int, steps: int) -> float:
    """Learning rate of a step: a cosine.

    Args:
        rate: of the first one.
        step: which, from 0.
        steps: in all; after them there is nothing left of it.
    """
    return 0.5 * rate * (1.0 + math.cos(math.pi * step / steps))


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Learning rate of the steps from now on."""
    for group in optimiser.param_groups:
        group["lr"] = rate
