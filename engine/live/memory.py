"""Memory that processes share: what lies where, numbers that are published, and rings of sound.

One process writes each number. A number is published after what it speaks of (release) and read
before (acquire); numba emits no fences of its own, so :func:`fence` does.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic

from engine.dsp.arrays import Array, Audio

Part = tuple[str, tuple[int, ...], str]
"""Name, shape and kind of an array."""
_LINE = 64  # of a cache, in bytes: no two parts share one


class Layout:
    """Arrays one after the other.

    Args:
        parts: in order.

    Attributes:
        offsets: where each begins, in bytes.
        size: of all, in bytes.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts, self.size = parts, 0
        self.offsets: dict[str, int] = {}
        for name, shape, kind in parts:
            self.offsets[name] = self.size
            self.size += -(-_length(shape, kind) // _LINE) * _LINE

    def map(self, path: Path, owner: Any) -> Array:
        """Map the file, and set each part as an attribute of its owner; the bytes of all."""
        memory = np.asarray(np.memmap(path, np.uint8, "r+", shape=(self.size,)))
        for name, shape, kind in self._parts:
            first = self.offsets[name]
            part = memory[first : first + _length(shape, kind)]
            setattr(owner, name, part.view(kind).reshape(shape))
        return memory

    def claim(self) -> Path:
        """A new file for it, in memory where the system has a place for that."""
        try:
            return _file(Path("/dev/shm"), self.size)
        except OSError:  # there is no such place, or it is full
            return _file(Path(tempfile.gettempdir()), self.size)


def _length(shape: tuple[int, ...], kind: str) -> int:
    return int(np.prod(shape)) * int(kind[1])


def _file(folder: Path, size: int) -> Path:
    """An empty file of the size, whose place is taken: a write to it cannot fail later."""
    handle, name = tempfile.mkstemp(prefix="doubledrop-", dir=folder)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle, 0, size)
        os.truncate(handle, size)
    except OSError:
        os.unlink(name)
        raise
    finally:
        os.close(handle)
    return Path(name)


def put(ring: Audio, first: int, block: Audio) -> None:
    """Put (channels, n) where sample ``first`` belongs; a mono block fills both channels."""
    n, size = block.shape[-1], ring.shape[-1]
    at = first % size
    head = min(n, size - at)
    ring[:, at : at + head] = block[:, :head]
    ring[:, : n - head] = block[:, head:]


def take(ring: Audio, first: int, n: int, channels: int) -> Audio:
    """Samples first … first + n of a ring, (channels, n)."""
    size = ring.shape[-1]
    at = first % size
    head = min(n, size - at)
    return np.concatenate([ring[:channels, at : at + head], ring[:channels, : n - head]], axis=1)


@intrinsic
def fence(typingctx):  # type: ignore[no-untyped-def]
    """Nothing that stands before is done after, and the other way round; for all cores."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), code


class Numbers:
    """Numbers that are published, in memory that processes share.

    Attributes:
        numbers: int64.
    """

    numbers: Array

    def get(self, place: int) -> int:
        """A number, and with it all that was written before it was published."""
        return int(_load(self.numbers, place))

    def publish(self, place: int, value: int) -> None:
        """Set a number after all that was written before."""
        _store(self.numbers, place, value)


@numba.njit(cache=True)
def _load(numbers, place):  # type: ignore[no-untyped-def]
    value = numbers[place]
    fence()  # type: ignore[call-arg]
    return value


@numba.njit(cache=True)
def _store(numbers, place, value):  # type: ignore[no-untyped-def]
    fence()  # type: ignore[call-arg]
    numbers[place] = value
    fence()
