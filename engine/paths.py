"""Names of files: as libraries take them, as long as file systems allow, and whole or not there."""

from __future__ import annotations

import os
import secrets
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file that takes the place of ``path`` when it is whole, and of which nothing is left when
    it is not. A symlink stays one.

    Yields:
        Where to write: a new file beside it, of a short name that nobody can guess.

    Raises:
        OSError: it cannot be written.
    """
    final = Path(os.path.realpath(path))
    part = final.with_name(f".doubledrop-{secrets.token_hex(8)}{final.suffix[:16]}")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    try:
        with suppress(FileNotFoundError):
            os.chmod(part, stat.S_IMODE(final.stat().st_mode))
        yield part
        os.replace(part, final)
    finally:
        part.unlink(missing_ok=True)
