"""Where the gains of a restyle stage come from, whatever kind its generator is of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from engine.dsp.arrays import Audio
from engine.dsp.gain import Quality
from engine.dsp.tempo import Tempo
from engine.stages.readings import Reading

Decided = Callable[[int, int], None]
"""Told of a column from which on columns are heard by another answer than those before, and by
which: the number of a lead, or what :mod:`engine.stages.stream_gains` has beside these."""
Decisions = Sequence[tuple[int, int]]
"""What was told so, in the order of columns."""


class GainSource(Protocol):
    """Hears the feed and says, hop by hop, what is put on it.

    Attributes:
        late: inferences or columns that came too late.
    """

    late: int

    @property
    def share(self) -> Counter[Quality]:
        """Hops that were heard, by where their gain came from."""
        ...

    def read(self, block: Audio, instant: int, heard: bool) -> Reading:
        """Hear one more hop, and the gains for an instant.

        Args:
            block: of the feed, (channels, hop).
            instant: on the feed's time line, at which a gain now takes effect.
            heard: whether it counts.
        """
        ...

    def hear(self, block: Audio) -> None:
        """Hear any number of hops while nobody listens to what is made of them."""
        ...

    def follow(self, tempo: Tempo, known: bool) -> None:
        """From now on the music goes at another tempo, or nobody knows at which.

        Raises:
            UsageError: this source cannot follow it.
        """
        ...
