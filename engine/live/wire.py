"""Shared memory between the engine and an effect that runs in a process of its own.

Two rings of sound and a few numbers. The engine puts a hop in and takes what became of the hop
before: so the process has a hop's time, nobody waits for anybody, and one that is late, hangs or
dies is a number that does not grow.
"""

from __future__ import annotations

from pathlib import Path

from engine.dsp.arrays import Array, Audio
from engine.live.board import CHANNELS
from engine.live.memory import Layout, Numbers, Part

RING = 1 << 15
"""Samples; an effect that is further behind begins anew."""
MOVES = 1 << 12
"""Places for moves of parameters, until the process has made them."""
_NUMBERS = 16
# Written by the engine: sessions begun, of which rate, hop and channels; samples given; moves of
# parameters so far, and when the session began; the count of what a session is …
(SESSION, RATE, HOP, INPUTS, SENT, MOVED, MOVED_BEFORE, BEGINNING) = range(8)
# … by the process: times it has begun; session and samples given back, in one …
READY, BACK = 8, 9
# … and by whoever looks after it.
DISABLED = 10
_BITS = 40  # of BACK, for the samples: six months

_PARTS: list[Part] = [
    ("numbers", (_NUMBERS,), "i8"),
    ("moves", (MOVES, 3), "f8"),
    ("there", (CHANNELS, RING), "f4"),
    ("back", (CHANNELS, RING), "f4"),
]
_LAYOUT = Layout(_PARTS)


class Wire(Numbers):
    """The memory, mapped by this process.

    Args:
        path: of the file that was made by :func:`lay`.

    Attributes:
        numbers: (16,), int64; the places are the constants of this module.
        moves: rows of sample of the session, place of the parameter, and value in its units.
        there, back: rings (2, n); sample t of a session lies at t modulo n.
    """

    moves: Array
    there: Audio
    back: Audio

    def __init__(self, path: Path) -> None:
        self.path = path
        _LAYOUT.map(path, self)

    def asked(self) -> tuple[int, int, int, int, int] | None:
        """The session that the engine has begun, its rate, hop and channels, and how many moves
        there were before it; None while one begins."""
        get = self.get
        return self.steady(
            BEGINNING,
            lambda: (get(SESSION), get(RATE), get(HOP), get(INPUTS), get(MOVED_BEFORE)),
        )

    def given_back(self, session: int) -> int:
        """Samples of a session that have come back; -1 while it has not been taken up."""
        begun, samples = divmod(self.get(BACK), 1 << _BITS)
        return samples if begun == session else -1

    def give_back(self, session: int, samples: int) -> None:
        """So many samples of the session have come back."""
        self.publish(BACK, session << _BITS | samples)


def lay() -> Wire:
    """A new one, in memory where the system has a place for that."""
    return Wire(_LAYOUT.claim())
