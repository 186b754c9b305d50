"""Eight numbers at once in machine code, where a compiler would not find out that it may.

A :data:`VECTOR` is eight float32: LLVM makes of it what a processor has, one register of AVX or two
of SSE and NEON. There is as much of it as :mod:`engine.dsp.transform` needs.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import types as _types
from numba.extending import models, overload, register_model

from engine.machine_code import intrinsic

types: Any = _types  # of which numba types a part
LANES = 8
_LANES = ir.VectorType(ir.FloatType(), LANES)
_MATHS = ("contract", "nsz")


class _Vector(types.Type):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__("Vector")


VECTOR = _Vector()


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, kind) -> None:  # type: ignore[no-untyped-def]
        super().__init__(manager, kind, _LANES)  # type: ignore[no-untyped-call]


def _address(context: Any, builder: Any, kind: Any, array: Any, place: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [place]), _LANES.as_pointer())


def _shuffled(builder: Any, one: Any, other: Any, places: Sequence[int]) -> Any:
    """Of two vectors the lanes at these places, those of the other one counted from ``LANES``."""
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), list(places))
    return builder.shuffle_vector(one, other, mask)


@intrinsic
def load(typingctx, array, place):  # type: ignore[no-untyped-def]
    """The eight numbers of a contiguous array of float32 that begin at a place.

    Args:
        typingctx: of numba.
        array: (n,) float32.
        place: of the first of them, 0 … n − 8.
    """

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.load(_address(context, builder, signature.args[0], *arguments), align=4)

    return VECTOR(array, types.intp), code


@intrinsic
def store(typingctx, array, place, vector):  # type: ignore[no-untyped-def]
    """Eight numbers into a contiguous array of float32, from a place on.

    Args:
        typingctx: of numba.
        array: (n,) float32, is written.
        place: of the first of them, 0 … n − 8.
        vector: the eight numbers.
    """

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array, place, vector = arguments
        where = _address(context, builder, signature.args[0], array, place)
        builder.store(vector, where, align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, VECTOR), code


@intrinsic
def fill(typingctx, number):  # type: ignore[no-untyped-def]
    """Eight times the same number."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        first = ir.Constant(ir.IntType(32), 0)
        one = builder.insert_element(ir.Constant(_LANES, ir.Undefined), arguments[0], first)
        return _shuffled(builder, one, one, [0] * LANES)

    return VECTOR(types.float32), code


@intrinsic
def transposed(typingctx, a, b, c, d, e, f, g, h):  # type: ignore[no-untyped-def]
    """Of eight vectors the first lanes, the second ones, and so on: eight again.

    Args:
        typingctx: of numba.
        a: row 0.
        b: row 1.
        c: row 2.
        d: row 3.
        e: row 4.
        f: row 5.
        g: row 6.
        h: row 7.
    """

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        rows, lanes = list(arguments), range(LANES)
        for step in (4, 2, 1):  # blocks of this size off the diagonal change places
            upper = [k if k // step % 2 == 0 else k - step + LANES for k in lanes]
            lower = [k + step if k // step % 2 == 0 else k + LANES for k in lanes]
            for i in (i for i in lanes if i // step % 2 == 0):
                pair = rows[i], rows[i + step]
                rows[i] = _shuffled(builder, *pair, upper)
                rows[i + step] = _shuffled(builder, *pair, lower)
        return context.make_tuple(builder, signature.return_type, rows)

    return types.UniTuple(VECTOR, LANES)(*[VECTOR] * LANES), code


def _lane_by_lane(operation: Callable[[Any, Any], Any], instruction: str) -> None:
    """Let an operator of Python work on vectors."""

    @intrinsic
    def worked(typingctx, one, other):  # type: ignore[no-untyped-def]
        def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            return getattr(builder, instruction)(*arguments, flags=_MATHS)

        return VECTOR(VECTOR, VECTOR), code

    @overload(operation)
    def of_vectors(one, other):  # type: ignore[no-untyped-def]
        if one is VECTOR and other is VECTOR:
            return lambda one, other: worked(one, other)  # noqa: PLW0108  (numba compiles it)
        return None


_lane_by_lane(operator.add, "fadd")
_lane_by_lane(operator.sub, "fsub")
_lane_by_lane(operator.mul, "fmul")
