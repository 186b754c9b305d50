"""Rings of sound: sample t lies at t modulo the length."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Audio


def put(ring: Audio, first: int, block: Audio) -> None:
    """Put sound into a ring.

    Args:
        ring: (channels, length), is written.
        first: sample at which the block begins.
        block: (channels, n), n at most the length; a mono block fills all channels.
    """
    n, size = block.shape[-1], ring.shape[-1]
    at = first % size
    head = min(n, size - at)
    ring[:, at : at + head] = block[:, :head]
    ring[:, : n - head] = block[:, head:]


def take(ring: Audio, first: int, n: int, channels: int) -> Audio:
    """A copy of sound in a ring.

    Args:
        ring: (channels, length).
        first: sample at which it begins.
        n: samples, at most the length.
        channels: how many, from the first on.

    Returns:
        (channels, n).
    """
    size = ring.shape[-1]
    at = first % size
    head = min(n, size - at)
    return np.concatenate([ring[:channels, at : at + head], ring[:channels, : n - head]], axis=1)
