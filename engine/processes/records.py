"""Records that processes share: fields of a class in memory, published one by one or all at once.

One process writes each record. A field is published after what it speaks of (release) and read
before (acquire), with a fence between. Of a record that belongs together a count is odd while it is
being written (sequence lock: Lamport, "Concurrent reading and writing", 1977): nobody waits for a
lock, and a reader takes nothing that was written halfway. A writer that was killed in the middle
leaves an odd count; the next one mends it.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar, Self

import numpy as np

from engine.dsp.arrays import Array
from engine.machine_code import compiled, fence

_TRIES = 4  # to read what belongs together; the next block is another
_WAIT_S = 0.0002
_KINDS = {"int": "<i8", "float": "<f8"}


class Record:
    """Numbers in memory that is shared; the annotations of a class are its fields.

    Args:
        array: (1,) of the class's ``dtype``.

    Attributes:
        array: as given, for machine code.
    """

    dtype: ClassVar[np.dtype[np.void]]

    def __init_subclass__(cls) -> None:
        names = {name: kind for name, kind in cls.__annotations__.items() if kind in _KINDS}
        inherited = [(n, k) for base in cls.__mro__[1:] for n, k in getattr(base, "_own", ())]
        cls._own = [(name, _KINDS[kind]) for name, kind in names.items()]
        cls.dtype = np.dtype(inherited + cls._own, align=True)
        for name, kind in names.items():
            setattr(cls, name, _field(name, kind))

    _own: ClassVar[list[tuple[str, str]]] = []

    def __init__(self, array: Array | None = None) -> None:
        self.array = np.zeros(1, self.dtype) if array is None else array


def _field(name: str, kind: str) -> Any:
    """A field as an attribute."""
    make = int if kind == "int" else float

    def get(self: Record) -> float:
        value = make(self.array[name][0])
        _fence()
        return value

    def put(self: Record, value: float) -> None:
        _fence()
        self.array[name] = value
        _fence()

    return property(get, put)


class Together(Record):
    """A record that is written and read as one.

    Attributes:
        count: of its writings, twice; odd while it is being written.
    """

    count: int

    def __init__(self, array: Array | None = None) -> None:
        super().__init__(array)
        self._given, self._taken = np.zeros(1, self.dtype), np.zeros(1, self.dtype)
        self._has = False

    def write(self, **values: float) -> None:
        """Set its fields, all at once; only one process does."""
        for name, value in values.items():
            self._given[name] = value
        write_together(self.array, self._given)

    def read(self) -> Self:
        """A copy of it as it was written; of what was read last while it is just being written."""
        for _ in range(_TRIES):
            if read_together(self.array, self._taken):
                self._has = True
                break
        if not self._has:  # the first time, and its writer is in the middle of it
            time.sleep(_WAIT_S)
            return self.read()
        return type(self)(self._taken.copy())


@compiled()
def write_together(shared, given):  # type: ignore[no-untyped-def]
    """Write a record, all or none of which a reader takes."""
    count = shared[0].count | 1
    shared[0].count = count
    fence()
    given[0].count = count
    shared[0] = given[0]
    fence()
    shared[0].count = count + 1
    fence()


@compiled()
def read_together(shared, taken):  # type: ignore[no-untyped-def]
    """Read a record; whether it was whole."""
    before = shared[0].count
    fence()
    if before & 1 or before == taken[0].count:
        return not before & 1
    taken[0] = shared[0]
    fence()
    whole = shared[0].count == before
    if not whole:
        taken[0].count = -1
    return whole


@compiled()
def _fence():  # type: ignore[no-untyped-def]
    fence()
