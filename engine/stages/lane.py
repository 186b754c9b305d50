"""A slot's way: effects before the generator, the generator, effects behind it, in step with the
other slots whatever these effects take."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Audio
from engine.stages.chain import Chain
from engine.stages.delay import Delay
from engine.stages.insert import Insert
from engine.stages.restyle import Restyle


class Lane:
    """One slot.

    Args:
        stage: the generator's.
        rate: hertz.
        channels: number of channels.
        before, after: its effects, or None.

    Attributes:
        stage: as given.
    """

    def __init__(
        self,
        stage: Restyle,
        rate: float,
        channels: int,
        before: Chain | None = None,
        after: Chain | None = None,
    ) -> None:
        self.stage, self._channels = stage, channels
        self._before = None if before is None else Insert(before, rate, channels, direct=False)
        self._after = None if after is None else Insert(after, rate, channels, direct=False)
        self._behind = after
        self.takes = [0 if chain is None else chain.latency for chain in (before, after)]
        """Samples that the effects before and after take."""
        self._waits = [Delay(0, channels), Delay(0, channels)]
        self._rest, self._silent = 0, 0

    @property
    def faults(self) -> list[str]:
        """What has gone wrong with the effects."""
        return [said for x in (self._before, self._after) if x is not None for said in x.faults]

    @property
    def rests(self) -> bool:
        """Whether nothing more comes of what was given to :meth:`through`."""
        return self._silent >= self._rest and (self._behind is None or self._behind.rests)

    def wait(self, before: int, after: int) -> None:
        """Take as long as the slowest slot: so many samples before the generator and behind."""
        waits = before - self.takes[0], after - self.takes[1]
        self._waits = [Delay(samples, self._channels) for samples in waits]
        self._rest = self._silent = waits[1]

    def reset(self) -> None:
        """Clear all tails, and try again what has failed."""
        for insert in (self._before, self._after):
            if insert is not None:
                insert.reset()

    def process(self, block: Audio) -> Audio:
        """Take the next hops of the feed and give the slot's own sound."""
        return self.stage.process(self._fed(block))

    def hear(self, block: Audio) -> None:
        """Take the next hops while nobody listens."""
        self.stage.hear(self._fed(block))

    def through(self, part: Audio) -> Audio:
        """What is heard of the slot, through the effects behind it."""
        self._silent = 0 if part.any() else self._silent + part.shape[-1]
        out = part if self._after is None else self._after.process(part)
        return self._waits[1].process(out)

    def rest(self, silence: Audio) -> Audio | None:
        """What still sounds of a slot that is not heard any more; None for nothing."""
        return None if self.rests else self.through(silence)

    def _fed(self, block: Audio) -> Audio:
        fed = block if self._before is None else self._before.process(block)
        return self._waits[0].process(np.asarray(fed, np.float32))
