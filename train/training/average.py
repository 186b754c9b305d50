"""The running mean of a generator's weights, which is what is exported."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

Tensors = tuple[Tensor, ...] | list[Tensor]
_BEGINS = 10  # steps, after which the mean is over more than the few that there are


def running_mean(net: nn.Module, decay: float) -> AveragedModel:
    """The mean of the weights that a network has had.

    Args:
        net: it.
        decay: of the mean, a step; at first less, so that it is not over the random beginning.
    """

    @torch.no_grad()
    def move(means: Tensors, live: Tensors, count: Tensor | int) -> None:
        done = int(count) + 1  # once for all of them: on a GPU it is waited for
        torch._foreach_lerp_(means, live, 1.0 - min(decay, done / (done + _BEGINS)))

    return AveragedModel(net, multi_avg_fn=move)
