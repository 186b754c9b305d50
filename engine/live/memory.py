"""Memory that processes share: what lies where, numbers that are published, and rings of sound.

One process writes each number. A number is published after what it speaks of (release) and read
before (acquire); numba emits no fences of its own, so :func:`fence` does. What belongs together is
behind a count that is odd while it is being written (sequence lock: Lamport, "Concurrent reading
and writing", 1977): nobody waits for a lock, and a reader takes nothing that was written halfway. A
writer that was killed in the middle leaves an odd count; the next one mends it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numba.core import types
from numba.extending import intrinsic

from engine.dsp.arrays import Array, Audio
from engine.live.leftovers import claim
from engine.machine_code import compiled

Value = TypeVar("Value")
Part = tuple[str, tuple[int, ...], str]
"""Name, shape and kind of an array."""
_LINE = 64  # of a cache, in bytes: no two parts share one
_TRIES = 4  # to read what belongs together; the next hop is another
_WAIT_S = 0.0002


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
        """A new file for it, see :mod:`engine.live.leftovers`."""
        return claim(self.size)


def _length(shape: tuple[int, ...], kind: str) -> int:
    return int(np.prod(shape)) * int(kind[1])


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

    @contextmanager
    def changing(self, place: int) -> Iterator[None]:
        """While what belongs together behind a count is written, by the one who writes it."""
        self.publish(place, self.get(place) | 1)
        yield
        self.publish(place, self.get(place) + 1)

    def steady(self, place: int, read: Callable[[], Value]) -> Value | None:
        """What is read together, or None where it was being written meanwhile.

        Args:
            place: of the count.
            read: reads it.
        """
        before = self.get(place)
        value = read()
        return value if not before & 1 and int(_again(self.numbers, place)) == before else None


class Together:
    """Levels that are written and read as one, in machine code.

    Args:
        numbers: of the memory, int64.
        place: of the count.
        levels: the part of the memory, (n,), float64.
    """

    def __init__(self, numbers: Array, place: int, levels: Array) -> None:
        self._numbers, self._place, self._levels = numbers, place, levels
        self._given, self._taken = (np.zeros(len(levels)) for _ in range(2))
        self._last: tuple[int, list[float]] | None = None

    def write(self, *values: float) -> None:
        """Set them all; only one process does."""
        self._given[:] = values
        write_together(self._numbers, self._place, self._levels, self._given)

    def read(self) -> tuple[int, list[float]]:
        """The count that belongs to them, and all of them, as they were written; those that were
        read last while others are just being written."""
        for _ in range(_TRIES):
            count = int(read_together(self._numbers, self._place, self._levels, self._taken))
            if count >= 0:
                self._last = count, self._taken.tolist()
                break
        if self._last is None:  # the first time, and their writer is in the middle of it
            time.sleep(_WAIT_S)
            return self.read()
        return self._last


@compiled()
def write_together(numbers, place, levels, values):  # type: ignore[no-untyped-def]
    """Write values, all or none of which a reader takes."""
    numbers[place] = numbers[place] | 1
    fence()  # type: ignore[call-arg]
    for i in range(len(levels)):
        levels[i] = values[i]
    fence()
    numbers[place] += 1
    fence()


@compiled()
def read_together(numbers, place, levels, values):  # type: ignore[no-untyped-def]
    """Read them; their count, or -1 where they were being written meanwhile."""
    before = numbers[place]
    fence()  # type: ignore[call-arg]
    for i in range(len(levels)):
        values[i] = levels[i]
    fence()
    return before if not before & 1 and numbers[place] == before else -1


@compiled()
def _again(numbers, place):  # type: ignore[no-untyped-def]
    fence()  # type: ignore[call-arg]
    return numbers[place]


@compiled()
def _load(numbers, place):  # type: ignore[no-untyped-def]
    value = numbers[place]
    fence()  # type: ignore[call-arg]
    return value


@compiled()
def _store(numbers, place, value):  # type: ignore[no-untyped-def]
    fence()  # type: ignore[call-arg]
    numbers[place] = value
    fence()
