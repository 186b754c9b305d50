"""Log-mel columns of a stream, cut at any centres; of its samples as recordings keep them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.frontend import Analyser
from engine.dsp.pcm import rounded

_BATCH = 64  # columns transformed at once


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
        db = np.empty((len(centres), a.spec.n_mels), np.float32)
        level = np.empty(len(centres), np.float32)
        origin = self._received - self._kept.shape[-1]
        for first in range(0, len(centres), _BATCH):
            part = slice(first, first + _BATCH)
            starts = [centre - a.before - origin for centre in centres[part]]
            frames = np.stack([self._kept[:, start : start + a.n] for start in starts])
            db[part], level[part] = a.columns(frames)
        if len(centres):
            self._kept = self._kept[:, centres[-1] - a.before - origin :].copy()
        return db, level
