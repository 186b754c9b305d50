"""Several processes that train as one: each takes its share of a batch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from train.training.losses import Losses, whole


def join() -> tuple[int, int]:
    """Rank and number of processes, as ``torchrun`` says."""
    if "WORLD_SIZE" not in os.environ:
        return 0, 1
    if not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return dist.get_rank(), dist.get_world_size()


def agreed(over: bool) -> bool:
    """Whether any process wants to stop: they stop after the same step, or wait for ever."""
    if not dist.is_initialized():
        return over
    vote = torch.tensor(float(over))
    if dist.get_backend() == "nccl":
        vote = vote.cuda()
    dist.all_reduce(vote)
    return bool(vote.item())


def share_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Average the gradients over the processes, in one exchange.

    ``DistributedDataParallel`` counts on one forward pass for each backward pass; here a generator
    is asked several times in a step, and a critic's gradients are wanted in one half of it only.
    """
    if not dist.is_initialized():
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = parameters_to_vector(gradients)
    dist.all_reduce(flat)
    vector_to_parameters(flat / dist.get_world_size(), gradients)


def mean_of(losses: Mapping[str, Tensor]) -> Losses:
    """Losses that each process has found, averaged over all."""
    values = torch.stack([whole(loss.detach()) for loss in losses.values()])
    if dist.is_initialized():
        dist.all_reduce(values)
        values /= dist.get_world_size()
    return dict(zip(losses, values.tolist(), strict=True))
