"""Whoever started this process, watched from its first moment: with them it ends, in any phase.

stdin is a pipe of which the parent holds the other end, on every system: its end is theirs, however
they came by it. Linux ends the process by itself too, even one that stands still, hangs in machine
code or has not yet begun to look (prctl(2), PR_SET_PDEATHSIG; it goes by the *thread* that started
it, see :mod:`engine.processes.nursery`).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque

_PR_SET_PDEATHSIG = 1
_FADE_S = 1.0
_GONE = 4  # exit status, which nobody is there to see

told: deque[bytes] = deque()
"""Lines from the parent that nobody has read yet."""
_gone, _fades = threading.Event(), threading.Event()


def watch() -> None:
    """Begin to watch."""
    _end_with_parent(signal.SIGKILL if sys.platform == "linux" else 0)
    pipe = os.dup(0)  # ours alone: what a library reads from stdin is empty
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    threading.Thread(target=_listen, args=(pipe,), name="parent", daemon=True).start()


def is_gone() -> bool:
    """Whether the parent has ended; true for a second only, and only after :func:`fades`."""
    return _gone.is_set()


def fades() -> None:
    """From now on this process looks by itself whether the parent is gone: it has something to
    bring to an end, and a second for it."""
    _end_with_parent(0)
    _fades.set()


def _listen(pipe: int) -> None:
    with os.fdopen(pipe, "rb") as lines:
        told.extend(lines)
    _gone.set()
    if _fades.is_set():
        time.sleep(_FADE_S)
    os._exit(_GONE)


def _end_with_parent(number: int) -> None:
    """Ask the kernel for a signal when the thread that started this process ends; 0 for none."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
