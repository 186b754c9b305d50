"""What there is to be seen of the stage, in memory that any number of processes may read.

One process writes it: texts of JSON, each as a whole, and rows of images. Those that read map it
read-only; none can disturb another, or the stage, and one that is started anew finds everything
there. Without machine code, so that a process that only shows things stays small: a text carries a
count that is odd while it is being written (sequence lock), and a checksum beside it.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from engine.dsp.arrays import Array
from engine.processes.leftovers import release
from engine.processes.memory import Layout

BANDS = 128
"""Of a row of an image."""
IMAGES = 3
"""In a row one after the other: the line-in, what the generator makes of it, the gain between."""
ROWS = 1024
"""Rows that are kept, 11.6 ms apart."""
_STATUS, _FACTS = 1 << 17, 1 << 19  # bytes
_MARGIN = 64  # rows that may be written while others are read
_TRIES = 8
_LAYOUT = Layout(
    [
        *(("status_head", (3,), "<i8"), ("status_text", (_STATUS,), "u1")),
        *(("facts_head", (3,), "<i8"), ("facts_text", (_FACTS,), "u1")),
        *(("made", (1,), "<i8"), ("rows", (ROWS, IMAGES * BANDS), "u1")),
    ]
)
_COUNT, _LENGTH, _SUM = range(3)


class Text(NamedTuple):
    """A text, and the number of its writing."""

    number: int
    data: bytes


class SharedStatus:
    """Written by one process, read by many.

    Args:
        path: of a file that was made by :meth:`create`; None for memory of this process alone.
        only_read: whether this process only reads.

    Attributes:
        path: as given.
        status, facts: what changes all the time, and what seldom does.
    """

    status_head: Array
    status_text: Array
    facts_head: Array
    facts_text: Array
    made: Array
    rows: Array

    def __init__(self, path: Path | None, only_read: bool = True) -> None:
        self.path = path
        _LAYOUT.map(path, self, only_read)
        self.status = _Texts(self.status_head, self.status_text)
        self.facts = _Texts(self.facts_head, self.facts_text)

    @classmethod
    def create(cls) -> Self:
        """A new one, to be written by this process."""
        return cls(_LAYOUT.claim(), only_read=False)

    def close(self) -> None:
        """Remove it; whoever reads it still can."""
        if self.path is not None:
            release(self.path)

    def put_rows(self, rows: Array) -> None:
        """The next rows, (n, IMAGES · BANDS) of bytes."""
        made = int(self.made[0])
        self.rows[np.arange(made, made + len(rows)) % ROWS] = rows
        self.made[0] = made + len(rows)

    def take_rows(self, since: int) -> tuple[int, Array]:
        """Rows after the first ``since``, as far as they are kept, (n, IMAGES · BANDS), and the
        number of the first of them."""
        made = int(self.made[0])
        first = min(max(since, made - ROWS + _MARGIN, 0), made)
        rows = self.rows[np.arange(first, made) % ROWS].copy()
        lost = max(0, int(self.made[0]) - ROWS - first)  # written over while they were read
        return first + lost, rows[lost:]


class _Texts:
    """A text that is written again and again.

    Args:
        head: count of its writings, twice, its length and its checksum.
        text: room for it.
    """

    def __init__(self, head: Array, text: Array) -> None:
        self._head, self._text = head, text

    @property
    def count(self) -> int:
        """Of its writings: another one, another text."""
        return int(self._head[_COUNT]) // 2

    def put(self, data: bytes) -> bool:
        """Write it; whether there is room."""
        if len(data) > len(self._text):
            return False
        head, count = self._head, int(self._head[_COUNT]) | 1
        head[_COUNT] = count
        self._text[: len(data)] = np.frombuffer(data, np.uint8)
        head[_LENGTH], head[_SUM] = len(data), zlib.crc32(data)
        head[_COUNT] = count + 1
        return True

    def take(self) -> Text | None:
        """The text as it was written; None before the first, and while it is just being written."""
        for _ in range(_TRIES):
            count, length, checksum = self._head.tolist()
            if not count or count & 1:
                continue
            data = self._text[: min(max(length, 0), len(self._text))].tobytes()
            if int(self._head[_COUNT]) == count and zlib.crc32(data) == checksum:
                return Text(count // 2, data)
        return None
