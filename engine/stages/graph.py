"""Stages put together: in series, and dry beside wet."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Audio
from engine.stages.contract import Stage
from engine.stages.delay import Delay


class Series:
    """Stages one after the other."""

    def __init__(self, *stages: Stage) -> None:
        self._stages = stages
        self.latency = sum(stage.latency for stage in stages)
        self.tail = sum(stage.tail for stage in stages)

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        for stage in self._stages:
            block = stage.process(block)
        return block


class DryWet:
    """A stage mixed with its own input, delayed by exactly the stage's latency.

    Restyled sound keeps the phase of the input, so the two are correlated and the gains sum
    to 1.

    Args:
        inner: the wet path.
        channels: number of channels.
        wet: 0 (dry) … 1.
    """

    def __init__(self, inner: Stage, channels: int, wet: float = 1.0) -> None:
        self._inner = inner
        self._dry = Delay(inner.latency, channels)
        self.latency, self.tail = inner.latency, inner.tail
        self.wet = wet

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        wet, dry = self._inner.process(block), self._dry.process(block)
        return np.asarray(dry + np.float32(self.wet) * (wet - dry)) if self.wet != 1.0 else wet
