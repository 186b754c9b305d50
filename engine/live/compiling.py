"""Compiles the audio path, and keeps it on the disk: ``engine.live.compiling``.

In a process of its own, for what a compiler takes of memory the process of the device would keep.
"""

from __future__ import annotations

import numpy as np

from engine.live.callback import exchange
from engine.machine_code import is_kept


def is_compiled() -> bool:
    """Whether the audio path is on the disk."""
    return is_kept(exchange)


def load() -> None:
    """Have it in this process, from the disk, or compiled."""
    from engine.live.device_callback import example

    nothing = np.zeros((0, 2), np.float32)
    exchange(nothing, nothing, example())


if __name__ == "__main__":
    load()
