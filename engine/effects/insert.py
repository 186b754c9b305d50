"""An effect in its place: beside it the sound without it, in time, so that it can go and come back.

What goes or comes by the performer's will is crossfaded. Of an effect that fails there is nothing
left to fade; the step to the sound without it is spread over 5 ms.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.effects.dc_blocker import DCBlocker
from engine.effects.delay import Delay
from engine.effects.macros import Movable
from engine.effects.sanitise import CEILING

BYPASS = "bypass"
"""A parameter that every effect has here: 0 (heard) … 1 (as if it were not there)."""
_RAMP_S = 0.02
_STEP_S = 0.005


class EffectProcessor(Movable, Protocol):
    """Something that changes sound, ``latency`` samples late, with an echo of ``tail``."""

    name: str
    latency: int
    tail: int

    @property
    def faults(self) -> list[str]:
        """What has gone wrong so far."""
        ...

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n).

        Raises:
            Absent: there is nothing now, and may be later.
        """
        ...

    def reset(self) -> None:
        """Forget what was heard: no tail."""
        ...


class Absent(Exception):
    """An effect has no sound to give at the moment."""


class Insert:
    """An effect that can be bypassed, fail, and come back.

    One that raises, gives another number of samples, something that is no number or more than
    +24 dBFS stays out until it is reset.

    Args:
        effect: the effect.
        rate: hertz.
        channels: number of channels.
        bypass: to begin with.
        name: by default the effect's own.
        direct: whether the effect may add direct current. Where it may not, a high-pass takes that
            from what it adds, and leaves alone what was there before.

    Attributes:
        effect: as given.
    """

    def __init__(
        self,
        effect: EffectProcessor,
        rate: float,
        channels: int,
        bypass: float = 0.0,
        name: str = "",
        direct: bool = True,
    ) -> None:
        self.effect, self.name, self.latency = effect, name or effect.name, effect.latency
        self.tail = effect.tail
        self._dry = Delay(effect.latency, channels)
        self._blocker = None if direct else DCBlocker(rate, channels)
        self._ramp, self._length = 1.0 / (_RAMP_S * rate), round(_STEP_S * rate)
        self._bypass = bypass
        self._share = 1.0 - bypass  # of the effect, now
        self._last = np.zeros((channels, 1), np.float32)
        self._step = np.zeros((channels, 1), np.float32)  # that is being spread …
        self._left = 0  # … over so many samples more
        self._present = True
        self._fault = ""

    @property
    def faults(self) -> list[str]:
        """What has gone wrong so far."""
        own = [f"{self.name} left out: {self._fault}"] if self._fault else []
        return [*own, *self.effect.faults]

    def move(self, parameter: str, value: float) -> None:
        """Let a parameter of the effect, or its bypass, go to a value."""
        if parameter == BYPASS:
            self._bypass = min(max(value, 0.0), 1.0)
        else:
            self.effect.move(parameter, value)

    def reset(self) -> None:
        """Forget what was heard, and try again what has failed."""
        self.effect.reset()
        if self._blocker is not None:
            self._blocker.reset()
        self._fault = ""
        self._left = -1

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        if not block.shape[-1]:
            return block
        dry, made = self._dry.process(block), self._try(block)
        if made is None:
            if self._present and self._share > 0.0:
                self._left = -1
            self._share, out = 0.0, dry  # what comes back comes back slowly
        else:
            if self._blocker is not None:
                made = dry + self._blocker.process(made - dry)
            out = self._mixed(made, dry)
        self._present = made is not None
        return self._smooth(out)

    def _mixed(self, made: Audio, dry: Audio) -> Audio:
        to = 1.0 - self._bypass
        if self._share == to and to in (0.0, 1.0):
            return made if to else dry
        steps = self._ramp * np.arange(1, made.shape[-1] + 1)
        shares = np.clip(to, self._share - steps, self._share + steps).astype(np.float32)
        self._share = float(shares[-1])
        return np.asarray(dry + shares * (made - dry))

    def _smooth(self, out: Audio) -> Audio:
        """Spread a step between the last block and this one."""
        if self._left < 0:
            self._step, self._left = self._last - out[:, :1], self._length
        if self._left:
            n = min(self._left, out.shape[-1])
            shares: Array = np.arange(self._left, self._left - n, -1, dtype=np.float32)
            out = out.copy()
            out[:, :n] += self._step * (shares / self._length)
            self._left -= n
        self._last = out[:, -1:].copy()
        return out

    def _try(self, block: Audio) -> Audio | None:
        """What the effect makes of it; None where that cannot be used."""
        if self._fault:
            return None
        try:
            made = np.asarray(self.effect.process(block), np.float32)
        except Absent:
            return None
        except Exception as fault:  # whatever a plugin raises, the show goes on
            self._fault = f"{type(fault).__name__}: {fault}"
            return None
        if made.shape != block.shape:
            self._fault = f"{made.shape[-1]} samples for {block.shape[-1]}"
        elif not np.vdot(made, made) <= CEILING**2:  # never true of a NaN; the rule at 128 samples
            peak = float(np.abs(made).max())
            self._fault = "" if peak <= CEILING else f"peak {peak:g}"
        return None if self._fault else made
