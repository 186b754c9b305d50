"""The end of the line-in, or of the line-out, and which genre it is of."""

from __future__ import annotations

from collections import deque

import numpy as np

from engine.beat.ring_reader import RingReader, Side
from engine.dsp.arrays import Array
from engine.genres.features import FRAMES_PER_S, HOP, Frames, frames, summary
from engine.state import shared_state as b

HEARD_S = 15.0
"""Sound that a genre is named by: half a clip of training, so that a change is soon seen."""
LEAST_S = 5.0
"""Sound without which none is named."""
_CHUNK_S = 0.4  # seldom enough to be cheap; the ring of the line-out holds more at any rate
_SILENT = 1e-4  # full scale: what a cable without music carries
_NO_FRAMES = frames(np.zeros(0, np.float32))


class Line:
    """Frames of the last seconds of a line.

    Args:
        shared: of the stage.
        side: which line.
    """

    def __init__(self, shared: b.SharedState, side: Side) -> None:
        self._line = RingReader(shared, side, _CHUNK_S)
        self._begin()

    def _begin(self) -> None:
        self._parts = [np.zeros(0, np.float32)]  # since the last frame that is whole
        self._frames = _NO_FRAMES
        self._peaks: deque[float] = deque(maxlen=round(HEARD_S / _CHUNK_S))

    def hear(self) -> int:
        """Take in what is new; the number of the session, 0 while there is none."""
        news = self._line.read()
        if news.anew:
            self._begin()
        for part in news.parts:
            self._parts.append(part.sound)
            self._peaks.append(part.peak)
        return news.session

    def features(self) -> Array | None:
        """The 44 numbers of what was heard last; None for silence, or too little of it."""
        sound = np.concatenate(self._parts)
        made = frames(sound)
        self._parts = [sound[len(made) * HOP :]]
        self._frames = Frames.join(self._frames, made)[-round(HEARD_S * FRAMES_PER_S) :]
        if len(self._frames) < LEAST_S * FRAMES_PER_S or max(self._peaks) < _SILENT:
            return None
        return summary(self._frames)
