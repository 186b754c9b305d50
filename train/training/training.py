"""What a training of any kind is to the loop that runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from engine.dsp.arrays import Array
from train.training.losses import Losses

Shown = Callable[[str, Array, Array], None]
"""Called with a name, a picture (height, width), 0…1, and its sound, mono (samples,)."""


class Training(Protocol):
    """Networks of one kind, what they learn from, and how."""

    @property
    def about(self) -> dict[str, Any] | None:
        """What a card has to say of it that is neither in its recipe nor in its dataset."""
        return None

    def state(self) -> dict[str, Any]:
        """Everything that decides what the next step does, as ``torch.save`` takes it."""
        ...

    def load(self, state: dict[str, Any]) -> None:
        """Take a state back."""
        ...

    def begin_with(self, state: dict[str, Any], other: dict[str, Any]) -> None:
        """Begin with the weights of another run.

        Args:
            state: of that run.
            other: its recipe.

        Raises:
            RuntimeError: its networks are of another size.
        """
        ...

    def read(self, folder: Path) -> None:
        """Read what is learnt from, once the networks are what they begin with.

        Args:
            folder: of the run, for messages.
        """
        ...

    def rate_at(self, step: int) -> float:
        """Learning rate of a step."""
        ...

    def step(self, done: int, rng: np.random.Generator, share: slice) -> Losses:
        """Learn once.

        Args:
            done: steps so far.
            rng: of this step, the same in every process.
            share: this process's part of a batch.
        """
        ...

    def look(self, shown: Shown) -> None:
        """Show what the generators make of held-out music."""
        ...
