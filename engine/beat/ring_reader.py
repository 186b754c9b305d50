"""A line of the stage as it is listened to: mono, at the rate of :mod:`engine.beat.features`, in
parts as they come. It is read out of a ring of the shared memory, and nothing is written there."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import soxr

from engine.beat.features import RATE
from engine.dsp.arrays import Audio
from engine.state import shared_state as b

Side = Literal["heard", "played"]
"""The device's number of samples: those of the line-in, or of the line-out."""


class Part(NamedTuple):
    """The next sound.

    Attributes:
        sound: mono at :data:`engine.beat.features.RATE`, (n,).
        peak: of what it was made of, full scale 1.
    """

    sound: Audio
    peak: float


class News(NamedTuple):
    """What has come since the last time.

    Attributes:
        session: its number; 0 while there is none.
        anew: whether it begins anew: another session, another rate, or more was missed than the
            ring keeps.
        parts: one after the other.
    """

    session: int
    anew: bool
    parts: list[Part]


class RingReader:
    """Reads a line.

    Args:
        shared: of the stage.
        side: which line.
        chunk_s: length of a part, seconds.

    Attributes:
        origin_s: when in the session it began, seconds.
    """

    def __init__(self, shared: b.SharedState, side: Side, chunk_s: float) -> None:
        self._shared, self._side, self._chunk_s = shared, side, chunk_s
        self._ring = shared.feed if side == "heard" else shared.out
        self._session = self._rate = self._at = 0
        self.origin_s = 0.0

    def read(self) -> News:
        """Take what is new."""
        opened = self._shared.opened()
        if opened is None:
            return News(0, False, [])
        now = opened.heard if self._side == "heard" else opened.played
        lost = now - self._at > self._ring.shape[-1] // 2 or now < self._at
        anew = (opened.number, opened.rate) != (self._session, self._rate) or lost
        if anew:
            self._session, self._rate, self._at = opened.number, opened.rate, now
            self.origin_s = now / opened.rate
            self._stream = soxr.ResampleStream(opened.rate, RATE, 1, dtype="float32", quality="HQ")
        n = round(self._chunk_s * self._rate)
        channels = max(1, opened.inputs) if self._side == "heard" else b.CHANNELS
        parts = []
        while now - self._at > n:
            block = self._shared.read(self._ring, self._at, n, channels)
            mono = np.clip(block, -1.0, 1.0).mean(axis=0)
            self._at += n
            parts.append(Part(self._stream.resample_chunk(mono), float(np.abs(mono).max())))
        return News(self._session, anew, parts)
