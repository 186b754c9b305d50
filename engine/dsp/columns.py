"""Log-mel columns of a stream, cut at any centres; of its samples as recordings keep them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.frontend import Analyser
from engine.dsp.pcm import rounded


class ColumnStream:
    """Keeps as much of the stream as the next columns may need.

    Args:
        analyser: front end at the stream's rate.
        channels: number of channels.
    """

    def __init__(self, analyser: Analyser, channels: int) -> None:
        self._analyser = analyser
        self._kept = np.zeros((channels, analyser.n), np.float32)  # silence before the feed
        self._received = 0

    def push(self, blocks: Sequence[Audio]) -> None:
        """Hear more, as blocks of (channels, n)."""
        self._kept = np.concatenate([self._kept, *map(rounded, blocks)], axis=-1)
        self._received += sum(block.shape[-1] for block in blocks)

    def take(self, centres: Sequence[int]) -> tuple[Array, Array]:
        """The columns at these centres, in order and later than those taken before.

        Returns:
            dB (columns, n_mels), not clipped, and mean squares (columns,).
        """
        a = self._analyser
        origin = self._received - self._kept.shape[-1]
        starts = np.array(centres, np.int64) - (a.before + origin)
        found = a.columns(self._kept, starts)
        if len(centres):
            self._kept = self._kept[:, starts[-1] :].copy()
        return found
