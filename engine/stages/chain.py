"""Effects in series, and what keeps them from doing harm.

An effect that raises, gives back another number of samples, something that is no number or more
than +24 dBFS is left out from then on, with its name: the sound goes on past it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from engine.dsp.arrays import Audio
from engine.stages.macros import Movable
from engine.stages.sanitise import CEILING

_QUIET = 1e-4  # -80 dBFS
_REST_S = 2.5  # of quiet, after which nothing more will come: longer than any echo


class Effect(Movable, Protocol):
    """Something that changes sound, without latency."""

    name: str

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        ...


class Chain:
    """Effects one after the other.

    Args:
        effects: in order.
        rate: hertz.

    Attributes:
        effects: all of them, in order.
        left_out: names of effects that are not used any more, and why.
        rests: whether it has been silent, given silence, for so long that its tail is over.
    """

    def __init__(self, effects: Sequence[Effect], rate: float) -> None:
        self.effects, self._used = list(effects), list(effects)
        self._rest = round(_REST_S * rate)
        self._silent = self._rest
        self.left_out: list[str] = []

    @property
    def rests(self) -> bool:
        """See :class:`Chain`."""
        return self._silent >= self._rest

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        out = block
        for effect in list(self._used):
            made, fault = self._try(effect, out)
            if made is None:
                self._used.remove(effect)
                self.left_out.append(f"{effect.name} left out: {fault}")
            else:
                out = made
        quiet = max(np.abs(block).max(initial=0.0), np.abs(out).max(initial=0.0)) < _QUIET
        self._silent = self._silent + block.shape[-1] if quiet else 0
        return out

    @staticmethod
    def _try(effect: Effect, block: Audio) -> tuple[Audio | None, str]:
        """What the effect makes of it; None and why, if that cannot be used."""
        try:
            made = np.asarray(effect.process(block), np.float32)
        except Exception as fault:  # whatever a plugin raises, the show goes on
            return None, f"{type(fault).__name__}: {fault}"
        if made.shape != block.shape:
            return None, f"{made.shape[-1]} samples for {block.shape[-1]}"
        peak = float(np.abs(made).max(initial=0.0))
        if not peak <= CEILING:
            return None, f"peak {peak:g}"
        return made, ""
