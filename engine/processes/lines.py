"""What another process says, line by line: JSON objects, and anything else it may come up with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

LONGEST = 1 << 20
"""Bytes of a line."""
_EXCERPT = 80

Line = dict[str, Any]


class LineReader:
    """Bytes in, as they come; lines out. Whatever the bytes are, nothing here raises, and no more
    of them is kept than one line."""

    def __init__(self) -> None:
        self._rest = b""
        self._skips = False

    def feed(self, data: bytes) -> Iterator[tuple[int, Line | str]]:
        """Bytes of each line that is over by now, and the object it is, or the beginning of what is
        none."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            if self._skips:  # the end of one that was too long
                self._skips = False
            elif line.strip():
                yield len(line), understood(line)
        if len(self._rest) > LONGEST:
            if not self._skips:
                yield len(self._rest), excerpt(self._rest)
            self._rest, self._skips = b"", True


def understood(line: bytes) -> Line | str:
    """A line as an object, or the beginning of it where it is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return excerpt(line)
    return value if isinstance(value, dict) else excerpt(line)


def excerpt(line: bytes) -> str:
    """The beginning of a line."""
    return line[:_EXCERPT].decode("utf-8", "backslashreplace")
