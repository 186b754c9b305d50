"""A high-pass filter below everything audible."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Audio
from engine.machine_code import compiled

_CUTOFF_HZ = 2.0  # where a bass drum of 30 Hz is turned by less than 4 degrees
_TAIL_S = 1.1  # until -120 dB


class DCBlocker:
    """First-order high-pass: y = x − x₋₁ + r·y₋₁.

    Args:
        rate: hertz.
        channels: number of channels.
    """

    latency = 0

    def __init__(self, rate: float, channels: int) -> None:
        r = float(np.exp(-2 * np.pi * _CUTOFF_HZ / rate))
        self._r, self._state = r, np.zeros((channels, 2))
        self.tail = round(_TAIL_S * rate)

    def reset(self) -> None:
        """Forget what was heard."""
        self._state[:] = 0.0

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        out = np.empty(block.shape, np.float32)
        _pass(block, out, self._state, self._r)
        return out


@compiled()
def _pass(block, out, state, r):  # type: ignore[no-untyped-def]
    for channel in range(block.shape[0]):
        x, y = state[channel]
        for n in range(block.shape[1]):
            y = 0.5 * (1.0 + r) * (block[channel, n] - x) + r * y
            x = block[channel, n]
            out[channel, n] = y
        state[channel, 0] = x
        state[channel, 1] = y if abs(y) > 1e-30 else 0.0  # no denormal numbers
