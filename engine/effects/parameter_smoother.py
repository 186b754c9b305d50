"""Parameters on their way: pedalboard's jump within a sample, which is heard as a click."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.dsp.arrays import Audio

STEP = 32
"""Samples between two values of a parameter that moves."""
_RAMP_S = 0.02


class ParameterSmoother:
    """Brings parameters to where they are wanted within 20 ms, in steps of :data:`STEP` samples.

    Args:
        read: where a parameter stands, by its name.
        write: sets one, by its name.
    """

    def __init__(self, read: Callable[[str], float], write: Callable[[str, float], None]) -> None:
        self._read, self._write = read, write
        self._goes: dict[str, tuple[float, float]] = {}  # parameter: where to, and how far a step

    def to(self, parameter: str, value: float, rate: float) -> None:
        """Let a parameter go to a value.

        Args:
            parameter: its name.
            value: where to, in the unit of what ``read`` gives.
            rate: of the sound, hertz.
        """
        steps = max(1.0, _RAMP_S * rate / STEP)
        self._goes[parameter] = value, abs(value - self._read(parameter)) / steps

    def process(self, block: Audio, effect: Callable[[Audio], Audio]) -> Audio:
        """A block through an effect, whose parameters take their steps on the way."""
        if not self._goes:
            return effect(block)
        parts = []
        for at in range(0, block.shape[-1], STEP):
            self._step()
            parts.append(effect(block[:, at : at + STEP]))
        return np.concatenate(parts, axis=-1)

    def _step(self) -> None:
        for parameter, (to, most) in list(self._goes.items()):
            at = self._read(parameter)
            if abs(to - at) <= most:
                self._write(parameter, to)
                del self._goes[parameter]
            else:
                self._write(parameter, at + (most if to > at else -most))
