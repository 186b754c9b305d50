"""What was decided, and when: rows in shared memory that nobody waits for.

With the line-in and these rows a gig can be played again, sample for sample. The signal path, the
network and the effects have rows of their own; a reader that comes too late for some is told how
many.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from engine.dsp import path_state as path
from engine.dsp.arrays import Array
from engine.state.shared_state import SharedState


class Kind(IntEnum):
    """What a row says; ``at`` is the sample of the session at which it took effect."""

    # Of the network: it began (with the feed up to a sample); an image was made of the feed up to
    # ``at``.
    BEGAN = 1
    PUBLISHED = 2
    # Of the effects, with the sample of what was made (``at``) and of what was heard (``fed``) that
    # come next: they began; a knob, a panic; what became of the sound of a plugin, see
    # engine.plugins.remote.PluginTransition.
    EFFECTS = 3
    MACRO = 9
    PANIC = 10
    PLUGIN = 11
    # Of the signal path: a slot took over an image; columns of a streaming generator are heard by
    # this answer from one on; …
    TAKEN = path.TAKEN
    HEARD_BY = path.HEARD_BY
    # … it took over what the controls want; …
    TEMPO = path.TEMPO
    SWITCH = path.SWITCH
    CROSS = path.CROSS
    AMOUNT = path.AMOUNT
    # … a session began; from here on this is wanted, and the effects' sound is or is not there,
    # behind the generators and before them.
    OPENED = path.OPENED
    TURNED = path.TURNED
    FED = path.FED


FORMAT = 4
"""Of the entries of a take; another version noted other things, and cannot be played again."""
NAMES: dict[Kind, tuple[str, ...]] = {
    Kind.BEGAN: ("heard",),
    Kind.PUBLISHED: ("slot", "number"),
    Kind.EFFECTS: ("fed",),
    Kind.MACRO: ("fed", "number", "place"),
    Kind.PANIC: ("fed",),
    Kind.PLUGIN: ("fed", "number", "turn"),
    Kind.TAKEN: ("slot", "number"),
    Kind.HEARD_BY: ("slot", "column", "by"),
    Kind.TEMPO: ("bpm", "downbeat_s", "known"),
    Kind.SWITCH: ("slot", "fade_s", "due"),
    Kind.CROSS: ("place",),
    Kind.AMOUNT: ("slot", "amount"),
    Kind.OPENED: ("wet", "level"),
    Kind.TURNED: ("wet", "level", "ready"),
    Kind.FED: ("fed",),
}
"""What the values of a row are called."""
OF_NETWORK = frozenset({Kind.BEGAN, Kind.PUBLISHED})
OF_EFFECTS = frozenset({Kind.EFFECTS, Kind.MACRO, Kind.PANIC, Kind.PLUGIN})
_KEPT = path.ROWS - 1


def note(shared: SharedState, kind: Kind, at: int, *values: float) -> None:
    """Note a row of the network or of the effects.

    Args:
        shared: memory of the stage.
        kind: what the row says, which also decides whose it is.
        at: sample of the session at which it took effect.
        *values: up to three, called as :data:`NAMES` says.
    """
    record, rows = (
        (shared.network, shared.network_rows)
        if kind in OF_NETWORK
        else (shared.effects, shared.effects_rows)
    )
    row = rows[record.noted % len(rows)]
    row[0], row[1] = kind, at
    row[2 : 2 + len(values)] = values
    record.noted += 1


class Rows:
    """Takes rows of one writer as they come.

    Args:
        record: that counts them, (1,), and
        count: the name of the count there.
        rows: the ring.

    Attributes:
        lost: rows that were overwritten before they were taken.
    """

    def __init__(self, record: Array, count: str, rows: Array) -> None:
        self._record, self._count, self._rows, self._taken = record, count, rows, 0
        self.lost = 0

    def take(self) -> Array:
        """The new rows, (n, VALUES)."""
        count = int(self._record[self._count][0])
        first = max(self._taken, count - _KEPT)
        rows = self._rows[np.arange(first, count) % len(self._rows)].copy()
        # While they were read, some may have been written over, and one may be just now.
        first_valid = min(count, max(first, int(self._record[self._count][0]) - _KEPT))
        self.lost += first_valid - self._taken
        self._taken = count
        return np.asarray(rows[first_valid - first :])


class JournalReader:
    """Takes the rows of all as they come.

    Args:
        shared: of the stage.
    """

    def __init__(self, shared: SharedState) -> None:
        self._all = [
            Rows(shared.network.array, "noted", shared.network_rows),
            Rows(shared.effects.array, "noted", shared.effects_rows),
            Rows(shared.state, "noted", shared.device_rows),
        ]

    @property
    def lost(self) -> int:
        """Rows that were overwritten before they were taken."""
        return sum(rows.lost for rows in self._all)

    def take(self) -> list[dict[str, Any]]:
        """The new rows of each in order. Those of the device are read last, so that the session is
        among them in which others began, and come first."""
        found = [rows.take() for rows in self._all]
        return [as_entry(row) for rows in reversed(found) for row in rows]


def as_entry(row: Array) -> dict[str, Any]:
    """A row in words."""
    kind = Kind(int(row[0]))
    values = dict(zip(NAMES[kind], row[2:].tolist(), strict=False))
    return {"what": kind.name.lower(), "at": int(row[1])} | values
