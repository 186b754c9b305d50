"""Memory that processes share: arrays one after the other in one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engine.processes.leftovers import claim

Part = tuple[str, tuple[int, ...], npt.DTypeLike]
"""Name, shape and type of an array."""
_LINE = 64  # of a cache, in bytes: no two parts share one


class Layout:
    """Arrays one after the other.

    Args:
        parts: in order.

    Attributes:
        size: of all, in bytes.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts, self.size = parts, 0
        self._offsets: dict[str, int] = {}
        for name, shape, kind in parts:
            self._offsets[name] = self.size
            self.size += -(-_length(shape, kind) // _LINE) * _LINE

    def map(self, path: Path | None, owner: Any, only_read: bool = False) -> None:
        """Map the memory, and set each part as an attribute of its owner.

        Args:
            path: of the file; None for memory of this process alone.
            owner: of the attributes.
            only_read: whether the system is to let nobody write to it here.
        """
        memory = np.zeros(self.size, np.uint8)
        if path is not None:
            how: Literal["r", "r+"] = "r" if only_read else "r+"
            memory = np.asarray(np.memmap(path, np.uint8, how, shape=(self.size,)))
        for name, shape, kind in self._parts:
            first = self._offsets[name]
            part = memory[first : first + _length(shape, kind)]
            setattr(owner, name, part.view(kind).reshape(shape))

    def claim(self) -> Path:
        """A new file for it, see :mod:`engine.processes.leftovers`."""
        return claim(self.size)


def _length(shape: tuple[int, ...], kind: npt.DTypeLike) -> int:
    return int(np.prod(shape)) * np.dtype(kind).itemsize
