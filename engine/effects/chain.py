"""Effects in series, and several such series side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from engine.dsp.arrays import Audio
from engine.effects.delay import Delay
from engine.effects.insert import Insert

_QUIET = 1e-9  # -90 dBFS, of the mean square
TAIL_S = 2.5
"""Of quiet, after which nothing more will come: longer than any echo."""
_WINDOW_S = 0.4  # momentary (EBU Tech 3341)
_LOUD_DB, _MORE_DB = 0.0, 20.0  # of a runaway: so loud, and so much louder than what goes in


class Runaway(Exception):
    """What feeds back gets louder and louder."""


class Chain:
    """Effects one after the other.

    Args:
        inserts: in order.
        rate: hertz.
        name: as it is called when something goes wrong.

    Attributes:
        inserts: as given.
        latency, tail: samples.
        rests: whether it has been silent, given silence, for so long that its tail is over.
    """

    def __init__(self, inserts: Sequence[Insert], rate: float, name: str = "chain") -> None:
        self.inserts, self.name = list(inserts), name
        self.latency = sum(insert.latency for insert in self.inserts)
        self.tail = round(TAIL_S * rate) + self.latency
        self._silent = self.tail
        self._window = _WINDOW_S * rate
        self._given = self._made = 0.0  # mean squares

    @property
    def rests(self) -> bool:
        """See :class:`Chain`."""
        return self._silent >= self.tail

    @property
    def faults(self) -> list[str]:
        """What has gone wrong so far."""
        return [said for insert in self.inserts for said in insert.faults]

    def move(self, parameter: str, value: float) -> None:
        """A chain has no parameters of its own.

        Raises:
            KeyError: always.
        """
        raise KeyError(parameter)

    def reset(self) -> None:
        """Clear all tails, and try again what has failed."""
        self._given = self._made = 0.0
        for insert in self.inserts:
            insert.reset()

    def each(self) -> Iterator[Insert]:
        """All effects, also those of branches."""
        for insert in self.inserts:
            yield insert
            if isinstance(insert.effect, Branches):
                for chain in insert.effect.chains:
                    yield from chain.each()

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n).

        Raises:
            Runaway: it gets louder and louder.
        """
        out = block
        for insert in self.inserts:
            out = insert.process(out)
        if block.shape[-1]:
            self._watch(block.shape[-1], *(float(np.vdot(x, x)) / x.size for x in (block, out)))
        return out

    def _watch(self, n: int, given: float, made: float) -> None:
        """Look at the mean squares of a block before and behind the effects.

        Raises:
            Runaway: it gets louder and louder.
        """
        self._silent = self._silent + n if max(given, made) < _QUIET else 0
        keep = math.exp(-n / self._window)
        # What goes in counts at its loudest: an echo may come when the feed has just fallen silent.
        self._given = max(given, keep * self._given + (1 - keep) * given)
        self._made = keep * self._made + (1 - keep) * made
        loud = self._made > 10 ** (_LOUD_DB / 10)
        if loud and self._made > 10 ** (_MORE_DB / 10) * self._given:
            level_db = 10 * np.log10(self._made)
            raise Runaway(f"{level_db:+.0f} dBFS, and ever louder")


class Branches:
    """Chains side by side, in time with each other, added up.

    Args:
        chains: of the branches; an empty one is the sound as it is.
        gains_db: of each.
        channels: number of channels.
    """

    name = "branches"

    def __init__(self, chains: Sequence[Chain], gains_db: Sequence[float], channels: int) -> None:
        self.chains = list(chains)
        self.latency = max((chain.latency for chain in self.chains), default=0)
        self.tail = max((chain.tail for chain in self.chains), default=0)
        self._delays = [Delay(self.latency - chain.latency, channels) for chain in self.chains]
        self._gains = [np.float32(10 ** (gain_db / 20)) for gain_db in gains_db]

    @property
    def faults(self) -> list[str]:
        """What has gone wrong so far."""
        return [said for chain in self.chains for said in chain.faults]

    def move(self, parameter: str, value: float) -> None:
        """Branches have no parameters of their own.

        Raises:
            KeyError: always.
        """
        raise KeyError(parameter)

    def reset(self) -> None:
        """Clear all tails."""
        for chain in self.chains:
            chain.reset()

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        total = np.zeros_like(block)
        for chain, delay, gain in zip(self.chains, self._delays, self._gains, strict=True):
            total += gain * delay.process(chain.process(block))
        return total
