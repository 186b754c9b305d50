"""What a slot's inference does with the feed, whatever kind its generator is of."""

from __future__ import annotations

from typing import Protocol

from engine.dsp.arrays import Audio
from engine.dsp.tempo import Tempo

Part = Audio | Tempo | None
"""What happens in the order of the feed: sound, another tempo, or None for an unknown one."""


class SlotInference(Protocol):
    """Hears the feed of a slot, and publishes the gains that its generator makes of it."""

    @property
    def due(self) -> int:
        """Until which sample there is nothing to do, counted as it hears."""
        ...

    def hear(self, block: Audio, runs: bool) -> None:
        """Hear more, in whole hops, or nothing: what has been finished meanwhile is published.

        Args:
            block: (channels, n).
            runs: whether gains are wanted; else it only listens, so that it can begin at once.
        """
        ...

    def follow(self, tempo: Tempo, known: bool) -> None:
        """From now on the music goes at another tempo, or nobody knows at which.

        Raises:
            UsageError: the window cannot follow it.
        """
        ...
