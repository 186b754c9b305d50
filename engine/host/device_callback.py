"""``PaStreamCallback`` in machine code, compiled when this module is imported, or from the disk."""

from __future__ import annotations

import numba
import numpy as np
from numba import carray, types  # type: ignore[attr-defined]

from engine.config.request import EngineConfig
from engine.dsp.settings import Settings
from engine.host.callback import Live, exchange
from engine.host.live_path import live_of, shape_of
from engine.host.packed import unpacker
from engine.state import shared_state as b

_BAD_FLAGS = 1 | 2 | 4 | 8  # input and output, underflow and overflow; 16 is the beginning
_STATUS = types.uint64  # unsigned long, where it has 64 bits; the flags fit into the lower half
_SIGNATURE = types.int32(
    types.voidptr, types.voidptr, types.uint64, types.voidptr, _STATUS, types.voidptr
)


def example() -> Live:
    """One of the type of all."""
    config = EngineConfig([""], "cpu", 120.0, 0.0, Settings())
    shared = b.private(shape_of(config))
    shared.device.rate = 48000
    return live_of(shared, config)


_unpack = unpacker(example)


@numba.cfunc(_SIGNATURE, cache=True)
def callback(given, taken, frames, time, flags, where):  # type: ignore[no-untyped-def]
    """What PortAudio calls, see ``PaStreamCallback``.

    Args:
        given: pointer to the input, (frames, inputs) single precision.
        taken: pointer to the output, (frames, outputs), which is written.
        frames: samples of a channel.
        time: of the block by the device's clock; not looked at.
        flags: bits of ``PaStreamCallbackFlags``.
        where: pointer to what :func:`engine.host.packed.packed` makes of a
            :class:`engine.host.callback.Live`.

    Returns:
        0: go on.
    """
    live = _unpack(where)
    device = live.ends.device[0]
    device.flags += 1 if flags & _BAD_FLAGS else 0
    heard = carray(given, (frames, device.inputs), np.float32)
    due = carray(taken, (frames, device.outputs), np.float32)
    for first in range(0, frames, b.MOST):
        exchange(heard[first : first + b.MOST], due[first : first + b.MOST], live)
    return 0
