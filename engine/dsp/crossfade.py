"""Crossfade laws: how loud two sounds are while one gives way to the other.

Sounds that have nothing in common keep their loudness with f² + g² = 1, equal ones with f + g = 1.
In between, the linear gains are divided by √(f² + g² + 2ρfg) with ρ the measured correlation, which
is either law at its end. Two restylings of one feed share its phase, so ρ is high and changes with
the music.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.dsp.arrays import Array, Audio

Law = Literal["equal-power", "equal-gain", "measured"]
_MEMORY_S = 0.1


def gains(position: Array, law: Law, correlation: float = 0.0) -> tuple[Array, Array]:
    """Gains of the old and of the new sound.

    Args:
        position: 0 (old) … 1 (new).
        law: see the module.
        correlation: ρ, −1 … 1, for the law ``measured``; below 0 it counts as 0, for sounds that
            cancel out are not made louder.
    """
    if law == "equal-power":
        return np.cos(0.5 * np.pi * position), np.sin(0.5 * np.pi * position)
    old, new = 1.0 - position, position
    if law == "equal-gain":
        return old, new
    rho = min(max(correlation, 0.0), 1.0)
    norm = np.sqrt(old**2 + new**2 + 2.0 * rho * old * new)
    return old / norm, new / norm


class Correlation:
    """Correlation of two sounds over the last tenth of a second.

    Args:
        rate: in hertz.
    """

    def __init__(self, rate: float) -> None:
        self._memory = _MEMORY_S * rate
        self._products = np.zeros(3)

    def hear(self, one: Audio, other: Audio) -> float:
        """Take two blocks (channels, n); the correlation so far, 0 where there is silence."""
        keep = np.exp(-one.shape[-1] / self._memory)
        fresh = (np.vdot(one, other), np.vdot(one, one), np.vdot(other, other))
        self._products = keep * self._products + np.array(fresh, np.float64)
        both, first, second = self._products
        power = float(np.sqrt(first * second))
        return float(both) / power if power > 1e-12 else 0.0
