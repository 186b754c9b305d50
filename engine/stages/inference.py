"""What the restyle stage asks of inference, whoever runs it and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from engine.dsp.arrays import Array
from engine.dsp.frontend import FrontEnd
from engine.dsp.gain import GainImage

Job = Callable[[], GainImage | None]
"""Restyles the window; or only listens, and has no result."""


class Generator(Protocol):
    """A network that restyles a window."""

    front_end: FrontEnd
    level_db: float
    view: int
    """Columns around "now" that it wants to see on the stage; 0 for the whole window."""

    def __call__(self, image: Array, period: float) -> Array:
        """Image 0…1 of shape (width, n_mels), and the exact length of the phrase in columns, to
        an image of the same shape."""
        ...


class Inference(Protocol):
    """Runs one job at a time beside the hop loop; time is counted in samples of the feed."""

    done: int

    def idle(self) -> bool:
        """Whether a job can be submitted."""
        ...

    def submit(self, job: Job, now: int) -> None:
        """Start a job."""
        ...

    def collect(self, now: int) -> GainImage | None:
        """The result that is there by now, once."""
        ...
