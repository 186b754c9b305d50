"""Shared memory between the effects and one that runs in a process of its own.

Two rings of sound and a few numbers. The effects put a hop in and take what became of the hop
before: so the process has a hop's time, nobody waits for anybody, and one that is late, hangs or
dies is a number that does not grow.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.dsp.arrays import Array, Audio
from engine.processes.memory import Layout, Part
from engine.processes.records import Record
from engine.state.shared_state import CHANNELS

RING = 1 << 15
"""Samples; an effect that is further behind begins anew."""
MOVES = 1 << 12
"""Places for moves of parameters, until the process has made them."""
_BITS = 40  # of what came back, for the samples: six months


class There(Record):
    """Written by the effects: sessions begun, of which rate, hop and channels (``beginning`` is odd
    meanwhile); samples given; moves of parameters so far, and when the session began."""

    session: int
    beginning: int
    rate: int
    hop: int
    inputs: int
    sent: int
    moved: int
    moved_before: int


class Back(Record):
    """Written by the process: times it has begun; session and samples given back, in one."""

    ready: int
    back: int


class Care(Record):
    """Written by whoever looks after it: whether it stays out."""

    disabled: int


@dataclass(frozen=True)
class Session:
    """What the process is asked for, and how many moves there were before."""

    number: int
    rate: int
    hop: int
    inputs: int
    moved_before: int


_PARTS: list[Part] = [
    ("_there", (1,), There.dtype),
    ("_back", (1,), Back.dtype),
    ("_care", (1,), Care.dtype),
    ("moves", (MOVES, 3), "f8"),
    ("sent", (CHANNELS, RING), "f4"),
    ("returned", (CHANNELS, RING), "f4"),
]
_LAYOUT = Layout(_PARTS)


class AudioChannel:
    """The memory, mapped by this process.

    Args:
        path: of the file that was made by :func:`lay`.

    Attributes:
        there, back, care: records.
        moves: rows of sample of the session, place of the parameter, and value in its units.
        sent, returned: rings (2, n); sample t of a session lies at t modulo n.
    """

    moves: Array
    sent: Audio
    returned: Audio
    _there: Array
    _back: Array
    _care: Array

    def __init__(self, path: Path) -> None:
        self.path = path
        _LAYOUT.map(path, self)
        self.there, self.back, self.care = There(self._there), Back(self._back), Care(self._care)

    def asked(self) -> Session | None:
        """The session that the effects have begun; None while one begins."""
        t, before = self.there, self.there.beginning
        found = Session(t.session, t.rate, t.hop, t.inputs, t.moved_before)
        return found if not before & 1 and t.beginning == before else None

    def given_back(self, session: int) -> int:
        """Samples of a session that have come back; -1 while it has not been taken up."""
        begun, samples = divmod(self.back.back, 1 << _BITS)
        return samples if begun == session else -1

    def give_back(self, session: int, samples: int) -> None:
        """So many samples of the session have come back."""
        self.back.back = session << _BITS | samples


def lay() -> AudioChannel:
    """A new one, in memory where the system has a place for that."""
    return AudioChannel(_LAYOUT.claim())
