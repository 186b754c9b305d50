"""Several restyle stages on one feed: one is heard, two while they change places or are crossed.

A stage that is not heard only listens: its window stays full, and nothing is inferred or rendered.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.crossfade import Correlation, Law, gains
from engine.stages.chain import Chain
from engine.stages.insert import Insert
from engine.stages.lane import Lane
from engine.stages.restyle import Restyle

Weight = Array | None
"""Of a slot, sample by sample; None for 1."""
SHORTEST_S = 0.05
_PATIENCE_S = 2.0  # for the first gains of a slot that is called


class Slots:
    """A hop stage of restyle stages.

    Args:
        stages: of the same transform and latency.
        rate: in hertz.
        law: of every crossfade.
        sides: the two slots of the crossfader, A and B; None for none.
        channels: number of channels.
        before, after: effects before and behind each stage, or None; the tail of those behind it
            outlives the slot's fade. All slots take as long as the slowest.
        master: effects behind all of them.

    Attributes:
        lead: samples by which the stages are behind the feed, for the effects before them.
        active: the slot that is heard, or that is being faded to; of two that are crossed, the one
            that is nearer.
        leaving: the one that is being faded from, ``CROSSED`` for two that are crossed, or None.
        switches: fades that have begun so far.
    """

    CROSSED = -1

    def __init__(
        self,
        stages: Sequence[Restyle],
        rate: float,
        law: Law = "measured",
        sides: tuple[int, int] | None = None,
        channels: int = 2,
        before: Sequence[Chain | None] | None = None,
        after: Sequence[Chain | None] | None = None,
        master: Chain | None = None,
    ) -> None:
        self.stages, self._rate, self._law, self._sides = list(stages), rate, law, sides
        first, none = stages[0], [None] * len(stages)
        self.hop, self.tail = first.hop, first.tail
        if any((stage.hop, stage.latency) != (self.hop, first.latency) for stage in stages):
            raise ValueError("slots of different latency cannot fade into each other")
        effects = zip(stages, before or none, after or none, strict=True)
        self._lanes = [Lane(stage, rate, channels, b, a) for stage, b, a in effects]
        self.lead, behind = (max(lane.takes[i] for lane in self._lanes) for i in (0, 1))
        for lane in self._lanes:
            lane.wait(self.lead, behind)
        self._master = None if master is None else Insert(master, rate, channels, direct=False)
        self._reach = self.lead + first.latency
        """Samples by which what the stages give is behind the feed."""
        self.latency = self._reach + behind + (0 if master is None else master.latency)
        self.active = 0
        self.leaving: int | None = None
        self._received = self._called = self._due = self.switches = 0
        self._begun: int | None = None
        self._length = 1.0
        self._correlation = Correlation(rate)
        # Of the crossfader: whether both sides run, where it is, where the hand wants it.
        self._crossed, self._place, self._hand = False, 0.0, 0.0
        self._both_since = 0
        self._likeness = Correlation(rate)

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
            if slot != self.active:  # another was called instead
                self.active, self._called = slot, self._received
            self._due, self._length = at, max(seconds, SHORTEST_S) * self._rate
        if self.leaving is not None or (slot == self.active and not self._between):
            return slot == self.active
        self.leaving = self.CROSSED if self._crossed else self.active
        self.active = slot
        self._length = max(seconds, SHORTEST_S) * self._rate
        self._called, self._due, self._begun = self._received, at, None
        self._correlation = Correlation(self._rate)
        return True

    def cross(self, place: float) -> bool:
        """The crossfader stands at a place, 0 (A) … 1 (B); from then on both run.

        Returns:
            Whether that is heard: not while another slot than the two is, or a fade is under way.
        """
        if self.leaving == self.CROSSED and self._begun is None:  # it was called, and taken back
            self.leaving, self.active = None, self._nearer()
        if self._sides is None or self.leaving is not None:
            return False
        if not self._crossed:
            if self.active not in self._sides:
                return False
            self._crossed, self._both_since = True, self._received
            self._place = float(self._sides.index(self.active))
            self._likeness = Correlation(self._rate)
        self._hand = min(max(place, 0.0), 1.0)
        return True

    def process(self, block: Audio) -> Audio:
        """Take (channels, m·hop) and give the next (channels, m·hop)."""
        crossed = self._sides if self._crossed and self._sides else ()
        sounds: dict[int, Audio] = {}
        for slot, lane in enumerate(self._lanes):
            if slot in (self.active, self.leaving, *crossed):
                lane.stage.heard = self._is_heard(slot)
                sounds[slot] = lane.process(block)
            else:
                lane.hear(block)
        self._received += block.shape[-1]
        weights = self._weights(sounds, block.shape[-1])
        # A slot's share of what is heard goes through its effects: so their tail outlives a fade.
        parts = [self._lanes[slot].through(_times(sounds[slot], w)) for slot, w in weights.items()]
        out = _sum(parts + self._tails(weights, block))
        return out if self._master is None else self._master.process(out)

    @property
    def faults(self) -> list[str]:
        """What has gone wrong with the effects: slot, effect and why."""
        lanes = [f"slot {n}: {x}" for n, lane in enumerate(self._lanes, 1) for x in lane.faults]
        return lanes + ([] if self._master is None else self._master.faults)

    def reset(self) -> None:
        """Clear the tails of all effects, and try again those that have failed."""
        for lane in self._lanes:
            lane.reset()
        if self._master is not None:
            self._master.reset()

    def _tails(self, weights: Collection[int], block: Audio) -> list[Audio]:
        """What still sounds of slots that are not heard any more."""
        silence = np.zeros_like(block)
        lanes = [lane for slot, lane in enumerate(self._lanes) if slot not in weights]
        return [tail for lane in lanes if (tail := lane.rest(silence)) is not None]

    def _weights(self, sounds: dict[int, Audio], n: int) -> dict[int, Weight]:
        """How much of each slot is heard, sample by sample."""
        old: dict[int, Weight] = {self.active if self.leaving is None else self.leaving: None}
        if self._crossed and self._sides and self.leaving in (None, self.CROSSED):
            old = dict(zip(self._sides, self._place_of(sounds, n), strict=True))
        if self.leaving is None:
            return old
        before = _sum([_times(sounds[slot], weight) for slot, weight in old.items()])
        fade = self._fade(before, sounds[self.active])
        if fade is None:
            return old
        leaves, comes = fade
        new: dict[int, Weight] = {
            slot: leaves if w is None else w * leaves for slot, w in old.items()
        }
        also = new.get(self.active)
        new[self.active] = comes if also is None else comes + also
        return new

    @property
    def _between(self) -> bool:
        """Whether two are crossed, and both are heard."""
        return self._crossed and 0.0 < self._place < 1.0

    def _is_heard(self, slot: int) -> bool:
        if self._crossed and self._sides and slot in self._sides and self._begun is None:
            return self._place != float(self._sides[0] == slot)
        entering = self.leaving is not None and self._begun is None
        return slot == self.leaving or (slot == self.active and not entering)

    def _nearer(self) -> int:
        assert self._sides is not None
        return self._sides[self._place > 0.5]

    def _place_of(self, sounds: dict[int, Audio], n: int) -> tuple[Array, Array]:
        """Weights of the two sides; the crossfader follows the hand no faster than 50 ms."""
        assert self._sides is not None
        likeness = self._likeness.hear(*(sounds[side] for side in self._sides))
        places = np.full(n, self._place)
        entering = self._sides[int(self._place < 0.5)]
        if self.leaving is None and (
            self._between or self._is_complete(entering, self._both_since)
        ):
            steps = np.arange(1, n + 1) / (SHORTEST_S * self._rate)
            places = np.clip(self._hand, self._place - steps, self._place + steps)
            self._place = float(places[-1])
            self.active = self._nearer()
        return _gains(places, self._law, likeness)

    def _is_complete(self, slot: int, since: int) -> bool:
        """Whether a slot that runs since then has its overlapping frames, and its gains."""
        waited = self._received - since
        if waited > _PATIENCE_S * self._rate:
            return True
        return waited >= self._reach and self.stages[slot].wet == 1.0

    def _fade(self, old: Audio, new: Audio) -> tuple[Array, Array] | None:
        """Weights of what leaves and what comes; None before the fade has begun."""
        n = old.shape[-1]
        first = self._received - n - self._reach  # the instant of the block's first sample
        correlation = self._correlation.hear(old, new)
        if self._begun is None:
            if self._due >= first + n or not self._is_complete(self.active, self._called):
                return None
            self._begun = max(self._due, first)
            self.switches += 1
        at = np.clip((np.arange(first, first + n) - self._begun + 1) / self._length, 0.0, 1.0)
        if at[-1] >= 1.0:
            self.leaving, self._crossed, self._begun = None, False, None
        return _gains(at, self._law, correlation)


def _gains(at: Array, law: Law, correlation: float) -> tuple[Array, Array]:
    """Weights on the way from one sound, 0, to the other, 1."""
    f, g = gains(at, law, correlation)
    return f.astype(np.float32), g.astype(np.float32)


def _times(sound: Audio, weight: Weight) -> Audio:
    return sound if weight is None else np.asarray(sound * weight)


def _sum(parts: Sequence[Audio]) -> Audio:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
