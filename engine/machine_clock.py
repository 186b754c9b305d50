"""The clock of ``time.monotonic``, for machine code."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numba.core import types

from engine.machine_code import compiled

# On macOS that is the one that stands still while the machine sleeps.
_MONOTONIC = getattr(time, "CLOCK_UPTIME_RAW", getattr(time, "CLOCK_MONOTONIC", None))
_IS_THERE = _MONOTONIC is not None and hasattr(time, "clock_gettime")
_clock_gettime: Any = (
    types.ExternalFunction(  # POSIX; reads memory that the kernel keeps up to date
        "clock_gettime", types.int32(types.int32, types.uintp)
    )
)
_NUMBER = np.int32(_MONOTONIC or 0)

if _IS_THERE:

    @compiled()
    def now_s(work):  # type: ignore[no-untyped-def]
        """Seconds; 0 where the system has no such clock. ``work``: (2,) int64, to work in."""
        _clock_gettime(_NUMBER, work.ctypes.data)
        return work[0] + 1e-9 * work[1]

else:

    @compiled()
    def now_s(work):  # type: ignore[no-untyped-def]
        """Seconds; 0 where the system has no such clock. ``work``: (2,) int64, to work in."""
        return 0.0
