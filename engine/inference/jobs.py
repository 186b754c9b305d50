"""What a slot asks of inference, whoever runs it and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from engine.dsp.arrays import Array
from engine.dsp.frontend import FrontEnd
from engine.dsp.gain import GainImage


@dataclass(frozen=True)
class Answered:
    """What a streaming generator answered after a column.

    Attributes:
        column: its number.
        gain_db: for the columns that come ``LEADS`` later, (leads, n_mels).
        noise: variance a sample and band, (leads, n_mels), or None.
        level: mean square of the feed.
        heard: sample up to which the feed was there when the column was complete.
    """

    column: int
    gain_db: Array
    noise: Array | None
    level: float
    heard: int


Result = GainImage | tuple[Answered, ...]
Job = Callable[[], Result | None]
"""Restyles the window, or answers to columns; or only listens, and has no result."""


class GeneratorModel(Protocol):
    """A network."""

    front_end: FrontEnd
    level_db: float


class WindowGenerator(GeneratorModel, Protocol):
    """One that restyles a window."""

    view: int
    """Columns around "now" that it wants to see; 0 for the whole window."""

    def __call__(self, image: Array, period: float) -> Array:
        """Image 0…1 of shape (width, n_mels), and the exact length of the phrase in columns, to
        an image of the same shape."""
        ...


@runtime_checkable
class StreamGenerator(GeneratorModel, Protocol):
    """One that answers column by column, see :mod:`engine.dsp.streaming`."""

    receptive: int
    """Columns before the newest that an answer depends on."""

    def begin(self) -> Array:
        """The state before the first column."""
        ...

    def answer(self, column: Array, state: Array) -> tuple[Array, Array]:
        """Gains and noise, dB, (2, leads, n_mels), and the state behind a column."""
        ...


class Executor(Protocol):
    """Runs one job at a time beside the sound; time is counted in samples of the feed."""

    done: int

    def idle(self) -> bool:
        """Whether a job can be submitted."""
        ...

    def submit(self, job: Job, now: int) -> None:
        """Start a job."""
        ...

    def collect(self, now: int) -> Result | None:
        """The result that is there by now, once."""
        ...


@runtime_checkable
class Awaited(Executor, Protocol):
    """One whose results are there when they are there, and can be waited for."""

    @property
    def works(self) -> bool:
        """Whether a job has been begun, and not been collected."""
        ...

    def wait(self) -> None:
        """Until the job that was begun is done; at once where there is none."""
        ...
