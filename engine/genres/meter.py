"""The end of the line-in, or of the line-out, and which genre it is of."""

from __future__ import annotations

from collections import deque
from typing import Literal

import numpy as np
import soxr

from engine.beat.features import RATE
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

Side = Literal["heard", "played"]
"""The device's number of samples: those of the line-in, or of the line-out."""


class Line:
    """Frames of the last seconds of a line.

    Args:
        shared: of the stage.
        side: which line.
    """

    def __init__(self, shared: b.SharedState, side: Side) -> None:
        self._shared, self._side = shared, side
        self._ring = shared.feed if side == "heard" else shared.out
        self._session = self._at = 0
        self._begin(RATE, 0)

    def _begin(self, rate: int, at: int) -> None:
        self._rate, self._at = rate, at
        self._stream = soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="HQ")
        self._parts = [np.zeros(0, np.float32)]  # since the last frame that is whole
        self._frames = _NO_FRAMES
        self._peaks: deque[float] = deque(maxlen=round(HEARD_S / _CHUNK_S))

    def hear(self) -> int:
        """Take in what is new; the number of the session, 0 while there is none."""
        opened = self._shared.opened()
        if opened is None:
            return 0
        now = opened.heard if self._side == "heard" else opened.played
        lost = now - self._at > self._ring.shape[-1] // 2 or now < self._at
        if opened.number != self._session or opened.rate != self._rate or lost:
            self._session = opened.number
            self._begin(opened.rate, now)
        n = round(_CHUNK_S * self._rate)
        channels = max(1, opened.inputs) if self._side == "heard" else b.CHANNELS
        while now - self._at > n:
            block = self._shared.read(self._ring, self._at, n, channels)
            part = np.clip(block, -1.0, 1.0).mean(axis=0)
            self._at += n
            self._parts.append(self._stream.resample_chunk(part))
            self._peaks.append(float(np.abs(part).max()))
        return self._session

    def features(self) -> Array | None:
        """The 44 numbers of what was heard last; None for silence, or too little of it."""
        sound = np.concatenate(self._parts)
        made = frames(sound)
        self._parts = [sound[len(made) * HOP :]]
        self._frames = Frames.join(self._frames, made)[-round(HEARD_S * FRAMES_PER_S) :]
        if len(self._frames) < LEAST_S * FRAMES_PER_S or max(self._peaks) < _SILENT:
            return None
        return summary(self._frames)
