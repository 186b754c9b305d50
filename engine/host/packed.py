"""A tuple of arrays, tuples of arrays among them, behind one address: for code that is called with
a pointer and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.np import arrayobj

from engine.dsp.arrays import Array
from engine.machine_code import intrinsic

_DIMENSIONS = 4
_ROW = 1 + _DIMENSIONS  # address and shape
_INT = ir.IntType(64)


def packed(arrays: Any) -> Array:
    """Address and shape of each array, in order; the arrays have to be kept as long as this.

    Raises:
        ValueError: an array is not contiguous, or has too many dimensions.
    """
    rows = []
    for array in _leaves(arrays):
        if not array.flags.c_contiguous or array.ndim > _DIMENSIONS:
            raise ValueError(f"an array of shape {array.shape} that is not contiguous")
        rows.append([array.ctypes.data, *array.shape, *[0] * (_DIMENSIONS - array.ndim)])
    return np.array(rows, np.int64)


def _leaves(arrays: Any) -> Iterator[Array]:
    if isinstance(arrays, tuple):
        for part in arrays:
            yield from _leaves(part)
    else:
        yield arrays


def unpacker(example: Callable[[], Any]) -> Any:
    """A function for machine code that makes the tuple of what :func:`packed` made of one like it.

    Args:
        example: makes a tuple of the same types; called when something is compiled with it.
    """

    @intrinsic
    def unpack(typingctx, where):  # type: ignore[no-untyped-def]
        kind: Any = numba.typeof(example())  # type: ignore[no-untyped-call]

        def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            table = builder.bitcast(arguments[0], _INT.as_pointer())
            return _built(context, builder, table, kind, iter(range(1 << 20)))

        return kind(types.voidptr), code

    return unpack


def _built(context: Any, builder: Any, table: Any, kind: Any, row: Iterator[int]) -> Any:
    """The value of a type, whose arrays come from the next rows of a table."""
    if not isinstance(kind, types.Array):
        parts = [_built(context, builder, table, one, row) for one in kind.types]
        return context.make_tuple(builder, kind, parts)
    first = next(row) * _ROW
    loaded = [builder.load(builder.gep(table, [_INT(first + i)])) for i in range(1 + kind.ndim)]
    data = context.get_data_type(kind.dtype)
    size = kind.dtype.size if isinstance(kind.dtype, types.Record) else context.get_abi_sizeof(data)
    item = _INT(size)
    strides: list[Any] = []
    for length in reversed(loaded[1:]):
        strides.insert(0, item)
        item = builder.mul(item, length)
    made = arrayobj.make_array(kind)(context, builder)  # type: ignore[no-untyped-call]
    arrayobj.populate_array(  # type: ignore[no-untyped-call]
        made,
        data=builder.inttoptr(loaded[0], data.as_pointer()),
        shape=loaded[1:],
        strides=strides,
        itemsize=_INT(size),
        meminfo=None,
    )
    return made._getvalue()
