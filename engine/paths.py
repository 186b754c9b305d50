"""Names of files: as libraries take them, and as long as file systems allow."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

LONGEST = 255
"""Bytes of a name, in all file systems that are in use."""


def native(path: Path) -> str | bytes:
    """A path for libraries written in C: they encode text as strict UTF-8, which a name with other
    bytes in it is not (PEP 383); Windows has names of characters."""
    return str(path) if os.name == "nt" else os.fsencode(path)


def fitting(name: str, ending: str = "", longest: int = LONGEST) -> str:
    """A name with an ending that a file system takes: of one too long the beginning, and what
    tells it from others that begin alike.

    Args:
        name: without ``ending``.
        ending: kept whole.
        longest: bytes of both.
    """
    room = longest - len(os.fsencode(ending))
    raw = os.fsencode(name)
    if len(raw) <= room:
        return name + ending
    mark = f"-{zlib.crc32(raw):08x}"
    whole = raw[: room - len(mark)].decode("utf-8", "ignore")  # no half of a character
    return whole + mark + ending
