"""Stages put together: in series, and dry beside wet."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Audio
from engine.effects.delay import Delay
from engine.effects.processor import Processor


class Series:
    """Stages one after the other."""

    def __init__(self, *processors: Processor) -> None:
        self._processors = processors
        self.latency = sum(processor.latency for processor in processors)
        self.tail = sum(processor.tail for processor in processors)

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        for processor in self._processors:
            block = processor.process(block)
        return block


class DryWet:
    """A processor mixed with its own input, delayed by exactly the processor's latency.

    Restyled sound keeps the phase of the input, so the two are correlated and the gains sum
    to 1.

    Args:
        inner: the wet path.
        channels: number of channels.
        wet: 0 (dry) … 1.
    """

    def __init__(self, inner: Processor, channels: int, wet: float = 1.0) -> None:
        self._inner = inner
        self._dry = Delay(inner.latency, channels)
        self.latency, self.tail = inner.latency, inner.tail
        self.wet = wet

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        wet, dry = self._inner.process(block), self._dry.process(block)
        return np.asarray(dry + np.float32(self.wet) * (wet - dry)) if self.wet != 1.0 else wet
