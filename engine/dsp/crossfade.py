"""Crossfade laws: how loud two sounds are while one gives way to the other.

Sounds that have nothing in common keep their loudness with f² + g² = 1, equal ones with f + g = 1.
In between, the linear gains are divided by √(f² + g² + 2ρfg) with ρ the measured correlation, which
is either law at its end. Two restylings of one feed share its phase, so ρ is high and changes with
the music.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from engine.machine_code import compiled

Law = Literal["equal-power", "equal-gain", "measured"]
LAWS: tuple[Law, ...] = get_args(Law)
"""Machine code has their numbers."""
_EQUAL_POWER, _EQUAL_GAIN = LAWS.index("equal-power"), LAWS.index("equal-gain")
_MEMORY_S = 0.1


@compiled()
def fade_gains(position, law, correlation):  # type: ignore[no-untyped-def]
    """Gains of the old and of the new sound.

    Args:
        position: 0 (old) … 1 (new).
        law: its number in :data:`LAWS`.
        correlation: ρ, −1 … 1, for the law ``measured``; below 0 it counts as 0, for sounds that
            cancel out are not made louder.
    """
    if law == _EQUAL_POWER:
        return np.cos(0.5 * np.pi * position), np.sin(0.5 * np.pi * position)
    old, new = 1.0 - position, position
    if law == _EQUAL_GAIN:
        return old, new
    rho = min(max(correlation, 0.0), 1.0)
    norm = np.sqrt(old**2 + new**2 + 2.0 * rho * old * new)
    return old / norm, new / norm


@compiled()
def likeness(products, rate, one, other):  # type: ignore[no-untyped-def]
    """Correlation of two sounds over the last tenth of a second, 0 where there is silence.

    Args:
        products: (3,) float64, of both, the one and the other, so far; they are brought up to date.
        rate: in hertz.
        one: the next samples of one sound, (channels, n).
        other: those of the other, (channels, n).
    """
    keep = np.exp(-one.shape[1] / (_MEMORY_S * rate))
    both, first, second = 0.0, 0.0, 0.0
    for c in range(one.shape[0]):
        for i in range(one.shape[1]):
            both += one[c, i] * other[c, i]
            first += one[c, i] * one[c, i]
            second += other[c, i] * other[c, i]
    products[0] = keep * products[0] + both
    products[1] = keep * products[1] + first
    products[2] = keep * products[2] + second
    power = np.sqrt(products[1] * products[2])
    return products[0] / power if power > 1e-12 else 0.0
