"""The slow gain that brings the model's view of the feed to the loudness it was trained at."""

from __future__ import annotations

import math

GATE = 10 ** (-60 / 10)  # below −60 dBFS there is nothing to learn about the loudness
MEMORY_S = 10.0
RANGE_DB = 24.0


class ModelLevel:
    """Running mean of the feed's power, gated, and the gain it asks for.

    The listener never hears this gain: it is added to the image before the generator and taken
    off the generated image after it.

    Args:
        target_db: mean power of the training material, dB re full scale.
        hop_s: time between columns, seconds.
    """

    def __init__(self, target_db: float, hop_s: float) -> None:
        self._target_db = target_db
        self._memory = MEMORY_S / hop_s
        self._count = 0
        self._mean = 0.0

    def push(self, level: float) -> None:
        """Hear one more column, given as mean square."""
        if level > GATE:
            self._count += 1
            # A plain mean until the memory is full, then an exponential one.
            self._mean += (level - self._mean) / min(self._count, self._memory)

    @property
    def gain_db(self) -> float:
        """Gain for the model's view, dB, within ±24; 0 until something was heard."""
        if not self._count:
            return 0.0
        gain = self._target_db - 10 * math.log10(self._mean)
        return min(max(gain, -RANGE_DB), RANGE_DB)
