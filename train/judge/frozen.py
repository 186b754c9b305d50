"""A generator whose gain stands still: the control that unmasks an equaliser."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.dsp.arrays import Array
from engine.models.generator import AnyGenerator, OnnxGenerator, StreamingOnnx
from engine.models.onnx_model import read_file


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


class FrozenStream(StreamingOnnx):
    """The same of a streaming generator: its answers averaged over all columns so far."""

    def begin(self) -> Array:
        """See :meth:`StreamingOnnx.begin`."""
        self._sum, self._count = np.zeros(1), 0
        return super().begin()

    def answer(self, column: Array, state: Array) -> tuple[Array, Array]:
        """See :meth:`StreamingOnnx.answer`."""
        values, following = super().answer(column, state)
        self._sum, self._count = self._sum + values, self._count + 1
        return np.asarray(self._sum / self._count, np.float32), following

    def _check_example(self) -> None:
        """The example is the generator's own and not this one's."""


def frozen(model: Path) -> AnyGenerator:
    """The generator of a file, its gain standing still."""
    file = read_file(model)
    made = FrozenStream if file.info.kind == "streaming" else Frozen
    return made(file, "auto")
