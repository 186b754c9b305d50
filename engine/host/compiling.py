"""Compiles the audio path, and keeps it on the disk: ``engine.host.compiling``.

In a process of its own, for what a compiler takes of memory the process of the device would keep.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.meters import LoudnessMeter
from engine.dsp.true_peak import TruePeakMeter
from engine.host.callback import exchange
from engine.machine_code import is_kept


def is_compiled() -> bool:
    """Whether the audio path is on the disk."""
    return is_kept(exchange)


def load() -> None:
    """Have it in this process, from the disk, or compiled."""
    from engine.host.device_callback import example

    nothing = np.zeros((0, 2), np.float32)
    exchange(nothing, nothing, example())


if __name__ == "__main__":
    load()
    for meter in (LoudnessMeter(48000, 2), TruePeakMeter(1.0, 48000, 2)):  # of the screen
        meter.hear(np.zeros((2, 480), np.float32))
