"""The effects of a rig: before each slot's generator, behind it, and behind all slots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.effects.chain import Chain
from engine.effects.delay import Delay
from engine.effects.insert import Insert


class EffectsBefore:
    """Effects before the generators.

    Args:
        chains: of the slots that have some.
        rate: hertz.
        channels: number of channels.

    Attributes:
        latencies: samples that each chain takes.
    """

    def __init__(self, chains: Sequence[Chain], rate: float, channels: int) -> None:
        self._inserts = [Insert(chain, rate, channels, direct=False) for chain in chains]
        self.latencies = [chain.latency for chain in chains]

    @property
    def faults(self) -> list[str]:
        """What has gone wrong with each chain."""
        return [said for insert in self._inserts for said in insert.faults]

    def process(self, block: Audio) -> list[Audio]:
        """Take the next (channels, n) of the feed and give those of each chain."""
        return [np.asarray(insert.process(block), np.float32) for insert in self._inserts]

    def reset(self) -> None:
        """Clear all tails, and try again what has failed."""
        for insert in self._inserts:
            insert.reset()


class EffectsBehind:
    """Effects behind the generators, whatever they take in step with each other.

    A slot's share of what is heard goes through its effects: so their tail outlives a fade.

    Args:
        chains: of each slot, or None.
        master: behind all of them, or None.
        rate: hertz.
        channels: number of channels.

    Attributes:
        latency: samples.
    """

    def __init__(
        self, chains: Sequence[Chain | None], master: Chain | None, rate: float, channels: int
    ) -> None:
        behind = max((chain.latency for chain in chains if chain is not None), default=0)
        self._strips = [_Strip(chain, behind, rate, channels) for chain in chains]
        self._master = None if master is None else Insert(master, rate, channels, direct=False)
        self.latency = behind + (0 if master is None else master.latency)

    @property
    def faults(self) -> list[str]:
        """What has gone wrong: slot, effect and why."""
        slots = [f"slot {n}: {x}" for n, one in enumerate(self._strips, 1) for x in one.faults]
        return slots + ([] if self._master is None else self._master.faults)

    def process(self, parts: Array, runs: Sequence[bool]) -> Audio:
        """The next of what is heard.

        Args:
            parts: each slot's share, (slots, channels, n).
            runs: whether each slot runs; the effects of one that does not rest when its tail is
                over.

        Returns:
            (channels, n).
        """
        total = np.zeros(parts.shape[1:], np.float32)
        for strip, part, runs_now in zip(self._strips, parts, runs, strict=True):
            if (sound := strip.process(part, runs_now)) is not None:
                total += sound
        return total if self._master is None else self._master.process(total)

    def reset(self) -> None:
        """Clear all tails, and try again what has failed."""
        for strip in self._strips:
            strip.reset()
        if self._master is not None:
            self._master.reset()


class _Strip:
    """What a slot's share goes through; left alone while nothing more comes of it."""

    def __init__(self, chain: Chain | None, takes: int, rate: float, channels: int) -> None:
        self._chain = chain
        self._insert = None if chain is None else Insert(chain, rate, channels, direct=False)
        self._wait = Delay(takes - (0 if chain is None else chain.latency), channels)
        self._silent = self._wait.latency

    @property
    def faults(self) -> list[str]:
        return [] if self._insert is None else self._insert.faults

    def reset(self) -> None:
        if self._insert is not None:
            self._insert.reset()

    def process(self, part: Audio, runs: bool) -> Audio | None:
        """The next of it; None for silence."""
        given = runs or bool(part.any())
        rests = self._silent >= self._wait.latency and (self._chain is None or self._chain.rests)
        if not given and rests:
            return None
        self._silent = 0 if given else self._silent + part.shape[-1]
        out = part if self._insert is None else self._insert.process(np.ascontiguousarray(part))
        return self._wait.process(out)
