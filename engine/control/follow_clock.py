"""The line-in as a clock: looks at what was played last, of which only those count that agree.

A look that is wrong is wrong in its own way; several in a row that find the same tempo and the same
downbeat are right. So the share that agrees is how sure it is.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from engine.dsp.tempo import Tempo

_LOOKS = 4
_SURE = 3  # of the last looks, to be followed …
_UNSURE = 1  # … and with so few it is not followed any more
_TEMPO = 0.01
_BEAT_S = 0.04
_SILENT_S = 10.0


@dataclass(frozen=True)
class TempoEstimate(Tempo):
    """What one look has found; its downbeat is a time of any monotonic clock."""

    def agrees(self, other: TempoEstimate, now_s: float) -> bool:
        """Whether both put the bar in the same place now, at the same tempo."""
        if abs(self.bpm / other.bpm - 1.0) > _TEMPO:
            return False
        own, its = ((now_s - x.downbeat_s) % x.bar_s for x in (self, other))
        off = (own - its + 0.5 * self.bar_s) % self.bar_s - 0.5 * self.bar_s
        return abs(off) < _BEAT_S

    def latest(self, now_s: float) -> TempoEstimate:
        """The same, by its last downbeat: another tempo would put a far one elsewhere."""
        return replace(self, downbeat_s=now_s - (now_s - self.downbeat_s) % self.bar_s)


class FollowClock:
    """Follows the looks.

    Attributes:
        confidence: share of the last looks that agree with what is followed, 0 … 1.
        last_s: when a look has last agreed.
    """

    def __init__(self) -> None:
        self._looks: deque[TempoEstimate | None] = deque(maxlen=_LOOKS)
        self._followed: TempoEstimate | None = None
        self.confidence = self.last_s = 0.0

    def hear(self, look: TempoEstimate | None, now_s: float) -> bool:
        """A look, or that there was nothing to be found.

        Returns:
            Whether from now on something else is followed.
        """
        look = look and look.latest(now_s)
        self._looks.append(look)
        before = self._followed
        best, most = None, 0
        for one in self._looks:
            count = self._agreeing(one, now_s)
            if count >= most and count:  # of two that are as good, the newer
                best, most = one, count
        followed = self._agreeing(self._followed, now_s)
        if most >= _SURE and followed < _SURE:
            self._followed, followed = best, most
        elif followed <= _UNSURE:
            self._followed, followed = None, 0
        self.confidence = (followed if self._followed else most) / _LOOKS
        if self._followed is not None and look is not None and self._followed.agrees(look, now_s):
            same = [x for x in self._looks if x is not None and x.agrees(look, now_s)]
            # The place is that of the newest; the tempo is the same over all of them.
            self._followed = replace(look, bpm=float(np.median([x.bpm for x in same])))
            self.last_s = now_s
        after = self._followed
        return after is not None and not (before is not None and before.agrees(after, now_s))

    def _agreeing(self, one: TempoEstimate | None, now_s: float) -> int:
        if one is None:
            return 0
        return sum(other is not None and one.agrees(other, now_s) for other in self._looks)

    @property
    def locked(self) -> bool:
        """Whether there is something to follow."""
        return self._followed is not None

    @property
    def bpm(self) -> float | None:
        """Of the music; None while it is not sure."""
        return self._followed.bpm if self._followed else None

    def is_lost(self, now_s: float) -> bool:
        """Whether nobody has looked for a while."""
        return self.locked and now_s - self.last_s > _SILENT_S

    def beat_at(self, time_s: float) -> float | None:
        """Beats since a downbeat; None while it is not sure."""
        if self._followed is None:
            return None
        return self._followed.beats_at(time_s)
