"""A delay of whole samples, for the dry path."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Audio


class Delay:
    """Output = input, ``latency`` samples late. A ring: the cost does not grow with the delay."""

    tail = 0

    def __init__(self, samples: int, channels: int) -> None:
        self.latency = samples
        self._line = np.zeros((channels, samples), np.float32)
        self._at = 0

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        if not self.latency:
            return block
        out, n, done = np.empty_like(block), block.shape[-1], 0
        while done < n:
            m = min(n - done, self.latency - self._at)
            here = self._line[:, self._at : self._at + m]
            out[:, done : done + m] = here
            here[:] = block[:, done : done + m]
            self._at = (self._at + m) % self.latency
            done += m
        return out
