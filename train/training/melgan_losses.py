"""The losses of MelGAN-VC (Pasini 2019, section 3; Lin, "Audio style transfer", section 4.2), as
means."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, relu

_TINY = 1e-12  # under a root, whose slope at 0 is none


def hinge(real: Tensor, made: Tensor) -> Tensor:
    """How far a critic is from judging music above 1 and what is made of other music below −1."""
    return relu(1.0 - real).mean() + relu(1.0 + made).mean()


def between_pairs(vectors: Tensor) -> Tensor:
    """Differences of all pairs: (pieces, size) to (pairs, size)."""
    first, second = torch.triu_indices(len(vectors), len(vectors), 1, device=vectors.device)
    return vectors[first] - vectors[second]


def travel(own: Tensor, made: Tensor) -> Tensor:
    """TraVeL (Amodio & Krishnaswamy 2019, "TraVeLGAN"): what takes one piece to another is to take
    what is made of the one to what is made of the other, in direction and in length.

    Args:
        own: between pairs of pieces, (pairs, size).
        made: between what is made of them, (pairs, size).

    Returns:
        1 less the cosine, and the squared distance; 0 where both are alike.
    """
    off = (own - made).square().sum(dim=-1)
    return (1.0 - cosine_similarity(own, made, dim=-1) + off).mean()


def margin(own: Tensor, apart: float) -> Tensor:
    """By how much pairs of pieces are nearer than ``apart``: a siamese network to which all music
    is one vector would ask nothing of a generator.

    Args:
        own: between pairs of pieces, (pairs, size).
        apart: distance that is far enough.
    """
    return relu(apart - (own.square().sum(dim=-1) + _TINY).sqrt()).mean()
