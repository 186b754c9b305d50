"""What a sound file promises and what is in it, and the file as a decoder should see it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Account:
    """Lengths in frames: samples of one channel.

    Attributes:
        promised: by the header; None where it promises nothing.
        there: in the file; None where only decoding tells.
        head: what stands for the file's first ``skip`` bytes, for a decoder to find all there is.
        skip: how many it stands for.
        ends: whether the file has the end it should have.
    """

    promised: int | None = None
    there: int | None = None
    head: bytes = b""
    skip: int = 0
    ends: bool = True


class Spliced:
    """A file with another beginning, as soundfile reads what is no path."""

    def __init__(self, path: Path, account: Account) -> None:
        self._file = path.open("rb")
        self._head, self._skip = account.head, account.skip
        size = os.fstat(self._file.fileno()).st_size
        self._size, self._at = len(account.head) + max(0, size - account.skip), 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As of files."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """As of files."""
        return self._at

    def read(self, size: int) -> bytes:
        """As of files; a disk that refuses is an end, for nothing may be raised through C."""
        part = self._head[self._at : self._at + size]
        if len(part) < size:
            try:
                self._file.seek(self._skip + max(0, self._at - len(self._head)))
                part += self._file.read(size - len(part))
            except OSError:
                pass
        self._at += len(part)
        return part

    def close(self) -> None:
        """As of files."""
        self._file.close()
