"""Samples as words of 24 bits: what converters give, what recordings keep, what generators hear.

So a recording of the line-in holds exactly what a generator was told: its products in 8 bits would
make differences of −100 dB of what a recording had rounded away.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Audio

_FULL_SCALE = np.float32(1 << 23)


def rounded(block: Audio) -> Audio:
    """The nearest words, as float32, any shape; ±1 is full scale, and more is not clipped."""
    words: Audio = np.rint(block * _FULL_SCALE) * np.float32(1.0 / _FULL_SCALE)
    return words
