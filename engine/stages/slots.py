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
        match: whether each slot is brought to the loudness of the feed, so that none jumps out.

    Attributes:
        active: the slot that is heard, or that is being faded to.
        leaving: the one that is being faded from, or None.
        switches: fades that have begun so far.
    """

    def __init__(
        self,
        stages: Sequence[Restyle],
        rate: float,
        law: Law = "measured",
        match: bool = False,
    ) -> None:
        self.stages, self._rate, self._law = list(stages), rate, law
        self._gains = [1.0] * len(self.stages)
        if match:
            for stage in self.stages:
                stage.follow_loudness()
        first = stages[0]
        self.hop, self.latency, self.tail = first.hop, first.latency, first.tail
        if any((stage.hop, stage.latency) != (self.hop, self.latency) for stage in stages):
            raise ValueError("slots of different latency cannot fade into each other")
        self.active = 0
        self.leaving: int | None = None
        self._received = self._called = self._due = self.switches = 0
        self._begun: int | None = None
        self._length = 1.0
        self._correlation = Correlation(rate)

    def switch(self, slot: int, seconds: float, at: int = 0) -> bool:
        """Fade to a slot; may be called again and again, with another slot or time.

        Args:
            slot: its number, from 0.
            seconds: length of the fade, at least 50 ms.
            at: instant at which the fade begins, in samples of the feed; one that is over is now.

        Returns:
            Whether it is heard or going to be: not while another fade is under way.
        """
        if self.leaving is not None and self._begun is None:  # called, and not yet heard
            if slot == self.leaving:
                self.active, self.leaving = slot, None
                return True
            if slot == self.active:
                self._due = at
        if slot == self.active or self.leaving is not None:
            return slot == self.active
        self.leaving, self.active = self.active, slot
        self._length = max(seconds, SHORTEST_S) * self._rate
        self._called, self._due, self._begun = self._received, at, None
        self._correlation = Correlation(self._rate)
        return True

    def process(self, block: Audio) -> Audio:
        """Take (channels, m·hop) and give the next (channels, m·hop)."""
        for slot, stage in enumerate(self.stages):
            if slot not in (self.active, self.leaving):
                stage.hear(block)
        entering = self.stages[self.active]
        entering.heard = self.leaving is None or self._begun is not None
        out = self._levelled(self.active, block)
        self._received += block.shape[-1]
        if self.leaving is None:
            return out
        return self._mixed(self._levelled(self.leaving, block), out)

    def _levelled(self, slot: int, block: Audio) -> Audio:
        """A slot's sound at the feed's loudness, from its last gain to the new one."""
        stage = self.stages[slot]
        out = stage.process(block)
        if stage.match is None:
            return out
        before, now = self._gains[slot], stage.match.gain
        self._gains[slot] = now
        n = out.shape[-1]
        return np.asarray(out * np.linspace(before, now, n + 1, dtype=np.float32)[1:])

    def _mixed(self, old: Audio, new: Audio) -> Audio:
        n = old.shape[-1]
        first = self._received - n - self.latency  # the instant of the block's first sample
        correlation = self._correlation.hear(old, new)
        if self._begun is None:
            if self._due >= first + n or not self._may_begin(first):
                return old
            self._begun = max(self._due, first)
            self.switches += 1
        at = np.clip((np.arange(first, first + n) - self._begun + 1) / self._length, 0.0, 1.0)
        f, g = gains(at, self._law, correlation)
        if at[-1] >= 1.0:
            self.leaving = None
        return np.asarray(f.astype(np.float32) * old + g.astype(np.float32) * new)

    def _may_begin(self, first: int) -> bool:
        """Not before the new slot's overlapping frames are complete, and its gains are there."""
        waited = self._received - self._called
        if first - self._due > _PATIENCE_S * self._rate and waited > _PATIENCE_S * self._rate:
            return True
        return waited >= self.latency and self.stages[self.active].wet == 1.0
