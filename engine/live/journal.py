"""What the engine and the device decided, and when: rows in shared memory that nobody waits for.

With the line-in and these rows a gig can be played again, sample for sample. Each of the two has
its own rows on the board; a reader that comes too late for some is told how many.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from engine.dsp.arrays import Array
from engine.live import board as b


class Kind(IntEnum):
    """What a row says; ``at`` is the sample of the session at which it took effect."""

    # Of the engine: it began (with the feed up to a sample), left out sound up to a sample,
    # worked on several hops at once, …
    BEGAN = 1
    LISTENED = 2
    HOPS = 3
    # … collected an inference of a slot (and whether it was one), …
    COLLECTED = 4
    # … and took over what the controls want.
    TEMPO = 5
    SWITCH = 6
    CROSS = 7
    AMOUNT = 8
    MACRO = 9
    PANIC = 10
    # What became of the sound of a plugin, see engine.live.external.Turn.
    PLUGIN = 11
    # From a column on, a slot of a streaming generator is heard by this answer.
    HEARD_BY = 14
    # Of the device: it began; from here on these are wanted, and the wet sound is or is not there.
    OPENED = b.OPENED
    TURNED = b.TURNED


FORMAT = 3
"""Of the entries of a take; another version may note other things."""
PLAYED = (2, FORMAT)
"""Those that can be played again: 2 knows no streaming generators."""
NAMES: dict[Kind, tuple[str, ...]] = {
    Kind.BEGAN: ("heard",),
    Kind.LISTENED: ("until",),
    Kind.HOPS: ("hops",),
    Kind.COLLECTED: ("slot", "done"),
    Kind.TEMPO: ("bpm", "downbeat_s", "known"),
    Kind.SWITCH: ("slot", "fade_s", "due"),
    Kind.CROSS: ("place",),
    Kind.AMOUNT: ("slot", "amount"),
    Kind.MACRO: ("number", "place"),
    Kind.PANIC: (),
    Kind.PLUGIN: ("number", "turn"),
    Kind.HEARD_BY: ("slot", "column", "by"),
    Kind.OPENED: ("wet",),
    Kind.TURNED: ("wet", "level", "ready"),
}
"""What the values of a row are called."""
_KEPT = b.ROWS - 1


def note(board: b.Board, kind: Kind, at: int, *values: float) -> None:
    """A row of the engine."""
    count = board.get(b.NOTED)
    row = board.notes[count % b.ROWS]
    row[0], row[1] = kind, at
    row[2 : 2 + len(values)] = values
    board.publish(b.NOTED, count + 1)


class Reader:
    """Takes rows as they come.

    Args:
        board: of the stage.

    Attributes:
        lost: rows that were overwritten before they were taken.
    """

    def __init__(self, board: b.Board) -> None:
        self._board = board
        self._taken = {b.NOTED: 0, b.TURNS: 0}
        self.lost = 0

    def take(self) -> list[dict[str, Any]]:
        """The new rows: those of the engine in order, then those of the device."""
        engine = self._new(b.NOTED, self._board.notes)
        return [as_entry(row) for row in (*engine, *self._new(b.TURNS, self._board.turns))]

    def _new(self, place: int, ring: Array) -> Array:
        count = self._board.get(place)
        first = max(self._taken[place], count - _KEPT)
        rows = ring[np.arange(first, count) % b.ROWS].copy()
        # While they were read, some may have been written over, and one may be just now.
        first_valid = min(count, max(first, self._board.get(place) - _KEPT))
        self.lost += first_valid - self._taken[place]
        self._taken[place] = count
        return np.asarray(rows[first_valid - first :])


def as_entry(row: Array) -> dict[str, Any]:
    """A row in words."""
    kind = Kind(int(row[0]))
    values = dict(zip(NAMES[kind], row[2:].tolist(), strict=False))
    return {"what": kind.name.lower(), "at": int(row[1])} | values
