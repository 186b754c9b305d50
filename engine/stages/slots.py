"""Several restyle stages on one feed, of which one is heard, or two while they change places.

A stage that is not heard only listens: its window stays full, and nothing is inferred or rendered.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.dsp.arrays import Audio
from engine.dsp.crossfade import Correlation, Law, gains
from engine.stages.restyle import Restyle

SHORTEST_S = 0.05
_PATIENCE_S = 2.0  # for the first gains of a slot that is called


class Slots:
    """A hop stage of restyle stages.

    Args:
        stages: of the same transform and latency.
        rate: in hertz.
        law: of the crossfade.

    Attributes:
        active: the slot that is heard, or that is being faded to.
        leaving: the one that is being faded from, or None.
        switches: fades begun so far.
    """

    def __init__(self, stages: Sequence[Restyle], rate: float, law: Law = "measured") -> None:
        self.stages, self._rate, self._law = list(stages), rate, law
        first = stages[0]
        self.hop, self.latency, self.tail = first.hop, first.latency, first.tail
        if any((stage.hop, stage.latency) != (self.hop, self.latency) for stage in stages):
            raise ValueError("slots of different latency cannot fade into each other")
        self.active = 0
        self.leaving: int | None = None
        self._position = self._step = 1.0
        self._since = self.switches = 0
        self._correlation = Correlation(rate)

    def switch(self, slot: int, seconds: float) -> bool:
        """Begin to fade to a slot; whether it could: not while a fade is under way.

        Args:
            slot: its number, from 0.
            seconds: length of the fade, at least 50 ms.
        """
        if slot == self.active or self.leaving is not None:
            return slot == self.active
        self.leaving, self.active = self.active, slot
        self.switches += 1
        self._step = 1.0 / (max(seconds, SHORTEST_S) * self._rate)
        self._position, self._since = 0.0, 0
        self._correlation = Correlation(self._rate)
        return True

    def process(self, block: Audio) -> Audio:
        """Take (channels, m·hop) and give the next (channels, m·hop)."""
        for slot, stage in enumerate(self.stages):
            if slot not in (self.active, self.leaving):
                stage.hear(block)
        entering = self.stages[self.active]
        entering.heard = self.leaving is None or self._position > 0.0
        out = entering.process(block)
        if self.leaving is None:
            return out
        return self._mixed(self.stages[self.leaving].process(block), out)

    def _mixed(self, old: Audio, new: Audio) -> Audio:
        n = old.shape[-1]
        step = self._step if self._may_begin() else 0.0
        self._since += n
        at = np.minimum(1.0, self._position + step * np.arange(1, n + 1))
        self._position = float(at[-1])
        f, g = gains(at, self._law, self._correlation.hear(old, new))
        if self._position >= 1.0:
            self.leaving = None
        return np.asarray(f.astype(np.float32) * old + g.astype(np.float32) * new)

    def _may_begin(self) -> bool:
        """Not before the new slot's overlapping frames are complete, and its gains are there."""
        if self._position > 0.0 or self._since > _PATIENCE_S * self._rate:
            return True
        return self._since >= self.latency and self.stages[self.active].wet == 1.0
