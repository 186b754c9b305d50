"""A generator whose gain stands still: the control that unmasks an equaliser."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array
from engine.live.generator import OnnxGenerator


class Frozen(OnnxGenerator):
    """The generator with its gain averaged over the window's columns.

    If outputs are still called the target, the network was a static equaliser.
    """

    def __call__(self, image: Array, period: float) -> Array:
        """Image (width, n_mels), 0…1, plus the time average of what would be changed."""
        change = super().__call__(image, period) - image
        return np.asarray(image + change.mean(axis=0, keepdims=True), np.float32)

    def _check_example(self) -> None:
        """The example is the generator's own and not this one's."""
