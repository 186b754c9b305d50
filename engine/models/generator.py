"""Generators of every kind as the engine runs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.crop import shown_columns
from engine.dsp.frontend import FrontEnd
from engine.dsp.path_state import KIND_DRY, KIND_STREAMING, KIND_WINDOW
from engine.dsp.tempo import Tempo
from engine.dsp.window import Use
from engine.errors import GeneratorError
from engine.models.model_format import (
    ANSWERS,
    COLUMN,
    DEFAULT_LEVEL_DB,
    IMAGE,
    NEXT_STATE,
    PERIOD,
    STATE,
)
from engine.models.onnx_contract import Declared
from engine.models.onnx_model import LONGEST_S, STAGE_S, OnnxModel, read_file, read_model

__all__ = [
    "LONGEST_S",
    "STAGE_S",
    "AnyGenerator",
    "IdentityGenerator",
    "OnnxGenerator",
    "StreamingOnnx",
    "kind_of",
    "open_generator",
    "read_model",
]


class OnnxGenerator(OnnxModel):
    """A network that restyles a window; arguments and errors are those of
    :class:`engine.models.onnx_model.OnnxModel`.

    Attributes:
        view: columns around "now" that it wants to see on the stage; 0 for the whole window.
    """

    kind = "window"

    def _take(self, declared: Declared) -> None:
        self._wants_period, self.view = declared.wants_period, self.info.view

    def __call__(self, image: Array, period: float) -> Array:
        """Image (width, n_mels), 0…1, to the restyled image of the same shape.

        Raises:
            GeneratorError: the provider failed, took too long, or gave another shape.
        """  # noqa: DOC501
        feed = {IMAGE: np.ascontiguousarray(image.T, np.float32)[None, None]}
        if self._wants_period:
            feed[PERIOD] = np.array([period], np.float32)
        (generated,) = self.run(feed)
        if generated.shape != feed[IMAGE].shape or generated.dtype != np.float32:
            raise _of_another_shape(generated, feed[IMAGE].shape)
        return np.ascontiguousarray(generated[0, 0].T)

    def warm(self, tempo: Tempo, use: Use, runs: int = 2) -> None:
        """Run as it will at a tempo, so that the first window takes no longer than the rest.

        Args:
            tempo: of the music, which decides the width of the window.
            use: of the window.
            runs: how often.
        """
        width = shown_columns(self.view, self.front_end, tempo, use)
        image = np.full((width, self.front_end.n_mels), 0.5, np.float32)
        for _ in range(runs):
            self(image, float(width))

    def example_output(self) -> Array:
        """See :meth:`OnnxModel.example_output`."""
        return self(self.info.example.source, self.info.example.period)

    @staticmethod
    def distance(generated: Array, wanted: Array) -> float:
        """See :meth:`OnnxModel.distance`."""
        return float(np.max(np.abs(generated - wanted)))


class StreamingOnnx(OnnxModel):
    """A network that answers column by column, see :mod:`engine.dsp.streaming`.

    Arguments and errors are those of :class:`engine.models.onnx_model.OnnxModel`. ``auto`` is the
    CPU, with one thread: a column is about a millisecond, and the same feed gives the same bits.

    Attributes:
        receptive: columns before the newest that an answer depends on.
    """

    kind = "streaming"
    auto = "cpu"
    most_threads = 1

    def _take(self, declared: Declared) -> None:
        shape = tuple(size or 1 for size in declared.shapes[STATE])
        self._state, self.receptive = np.zeros(shape, np.float32), shape[1]

    def begin(self) -> Array:
        """The state before the first column."""
        return self._state

    def answer(self, column: Array, state: Array) -> tuple[Array, Array]:
        """The next column.

        Args:
            column: what :func:`engine.dsp.streaming.describe` says of it.
            state: as it came from the column before.

        Returns:
            Gains and noise, dB, (2, leads, n_mels), and the state behind this column.

        Raises:
            GeneratorError: the provider failed, took too long, or gave what is no answer.
        """  # noqa: DOC501
        feed = {COLUMN: column[None, :, None], STATE: state}
        answers, following = self.run(feed, [ANSWERS, NEXT_STATE])
        if following.shape != state.shape or answers.ndim != 5:
            raise _of_another_shape(following, state.shape)
        if not (np.isfinite(answers).all() and np.isfinite(following).all()):
            raise GeneratorError(
                "generator",
                "returned values that are not finite",
                cure="The preset is faulty: export it again.",
            )
        return answers[0, ..., 0], following

    def warm(self, tempo: Tempo, use: Use, runs: int = 2) -> None:
        """Run, so that the first real column takes no longer than the rest.

        Args:
            tempo: of no effect here.
            use: of no effect here.
            runs: how often.
        """
        del tempo, use  # each column is like the other
        column = np.zeros(self.info.example.source.shape[1], np.float32)
        for _ in range(runs):
            self.answer(column, self.begin())

    def example_output(self) -> Array:
        """See :meth:`OnnxModel.example_output`."""
        state = self.begin()
        for column in self.info.example.source:
            answers, state = self.answer(column, state)
        return answers.reshape(1, -1)

    @staticmethod
    def distance(generated: Array, wanted: Array) -> float:
        """See :meth:`OnnxModel.distance`."""
        return float(np.sqrt(np.mean((generated - wanted) ** 2)))


class IdentityGenerator:
    """The generator that changes nothing: what a slot plays whose own cannot be loaded."""

    kind = "window"

    def __init__(self) -> None:
        self.front_end, self.level_db, self.view = FrontEnd(), DEFAULT_LEVEL_DB, 0
        self.longest_s = LONGEST_S

    def __call__(self, image: Array, period: float) -> Array:
        """The image itself."""
        return image


AnyGenerator = OnnxGenerator | StreamingOnnx
"""A network of any kind."""


def open_generator(
    path: Path,
    provider: str = "auto",
    front_end: FrontEnd | None = None,
    threads: int | None = None,
    tried: bool = False,
) -> AnyGenerator:
    """The generator of a file, of the kind that it is; arguments and errors of
    :class:`engine.models.onnx_model.OnnxModel`."""
    file = read_file(path, front_end)
    made = StreamingOnnx if file.info.kind == "streaming" else OnnxGenerator
    return made(file, provider, front_end, threads, tried)


def _of_another_shape(found: Array, expected: tuple[int, ...]) -> GeneratorError:
    return GeneratorError(
        "generator",
        f"returned {found.dtype} of shape {found.shape}",
        expected=f"float32 of shape {expected}",
        cure="The preset is faulty: export it again.",
    )


def kind_of(generator: AnyGenerator | IdentityGenerator) -> int:
    """Of a generator, as the signal path knows it."""
    if isinstance(generator, IdentityGenerator):
        return KIND_DRY
    return KIND_STREAMING if isinstance(generator, StreamingOnnx) else KIND_WINDOW
