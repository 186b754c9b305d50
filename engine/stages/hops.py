"""From blocks of any size to whole hops and back."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Audio
from engine.stages.contract import HopStage

_MOST_HOPS = 64  # bounds the memory of a large block, and is enough for vectorised transforms


class Hops:
    """A hop stage as a stage: adds one hop of latency, less what the hop stage does in one.

    Args:
        inner: the stage that works in hops.
        channels: number of channels.
    """

    def __init__(self, inner: HopStage, channels: int) -> None:
        self._inner = inner
        self._waiting = np.zeros((channels, 0), np.float32)
        self._ready = np.zeros((channels, inner.hop), np.float32)
        self.latency = inner.hop + inner.latency
        self.tail = inner.tail

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        hop, n = self._inner.hop, block.shape[-1]
        if n == hop and not self._waiting.shape[-1]:  # a device's block: nothing to piece together
            out, self._ready = self._ready, self._inner.process(block)
            return out
        waiting = np.concatenate([self._waiting, block], axis=-1)
        whole = waiting.shape[-1] // hop * hop
        done = [self._ready]
        step = _MOST_HOPS * hop
        for first in range(0, whole, step):
            done.append(self._inner.process(waiting[:, first : min(first + step, whole)]))
        ready = np.concatenate(done, axis=-1)
        self._waiting = waiting[:, whole:].copy()
        self._ready = ready[:, n:].copy()
        return ready[:, :n]
