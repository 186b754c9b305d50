"""The newest stretch of the feed as a window, for when there is no clock (use ``edge``)."""

from __future__ import annotations

import math

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.frontend import Analyser
from engine.dsp.tempo import Tempo
from engine.dsp.window import EDGE_REACH_S, SILENCE_DB, WindowSnapshot


class TrailingWindow:
    """The newest columns of the feed, the last one at the right edge.

    Args:
        analyser: front end at the device's rate.
        width: number of columns.
    """

    def __init__(self, analyser: Analyser, width: int) -> None:
        self.period = float(width)
        self._hop = analyser.hop
        self._reach = EDGE_REACH_S * analyser.rate
        self._db = np.full((width, analyser.spec.n_mels), SILENCE_DB, np.float32)
        self._level = np.zeros(width, np.float32)
        self._after = analyser.after
        self._column = self._first_after(0)

    def _first_after(self, sample: int) -> int:
        """The first column that ends after a sample."""
        column = math.floor((sample - self._after) / self._hop)
        while round(column * self._hop) + self._after <= sample:
            column += 1
        return column

    def end_of_column(self, sample: int) -> int:
        """First time after ``sample`` at which a column has been heard to its end."""
        return round(self._first_after(sample) * self._hop) + self._after

    def centres(self, until: int) -> list[int]:
        """Centres of the next columns up to and including sample ``until``."""
        last = math.floor((until + 0.5) / self._hop)
        found = [round(column * self._hop) for column in range(self._column, last + 1)]
        return [centre for centre in found if centre <= until]

    def push(self, db: Array, level: float) -> None:
        """Put in the next column; the oldest goes."""
        slot = self._column % len(self._db)
        self._db[slot], self._level[slot] = db, level
        self._column += 1

    def follow(self, tempo: Tempo, found: bool = False) -> None:
        """A window without a clock has no tempo."""

    def trailing(self, width: int) -> WindowSnapshot:
        """The window: it is none but that."""
        return self.snapshot()

    def snapshot(self) -> WindowSnapshot:
        """The window, oldest column first."""
        width = len(self._db)
        turn = -(self._column % width)
        newest = (self._column - 1) * self._hop
        return WindowSnapshot(
            db=np.roll(self._db, turn, axis=0),
            level=np.roll(self._level, turn),
            start=newest - (width - 1) * self._hop,
            hop=self._hop,
            newest=newest,
            reach=self._reach,
            period=self.period,
            circular=False,
        )
