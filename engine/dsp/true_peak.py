"""True peaks: what a sound reaches between its samples (ITU-R BS.1770-5, annex 2).

They are found on an 8-times oversampled copy; the standard asks for 4 times.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.machine_code import compiled

TAPS = 32
"""Samples that a place between them depends on: 15 before it, 16 behind."""
_PHASES, _KAISER = 8, 5.0


class TruePeakMeter:
    """The largest of the true peaks of late.

    Args:
        seconds: how long a peak is shown.
        rate: hertz.
        channels: number of channels.
    """

    def __init__(self, seconds: float, rate: float, channels: int) -> None:
        self._kept, self._heard = round(seconds * rate), 0
        self._past = np.zeros((channels, TAPS - 1), np.float32)
        self._peaks: deque[tuple[int, float]] = deque()

    def hear(self, block: Audio) -> None:
        """The next samples, (channels, n)."""
        sound = np.concatenate([self._past, block], axis=-1)
        peaks = np.empty(block.shape[-1])
        find_peaks(sound, peaks, TABLE)
        self._past = sound[:, sound.shape[-1] - TAPS + 1 :]
        self._heard += len(peaks)
        self._peaks.append((self._heard, float(peaks.max(initial=0.0))))
        while self._peaks[0][0] <= self._heard - self._kept:
            self._peaks.popleft()

    @property
    def peak(self) -> float:
        """Of the blocks that reach into the last seconds, full scale 1."""
        return max((peak for _, peak in self._peaks), default=0.0)


@compiled(fastmath={"contract", "nnan", "nsz"})  # no sum in another order, whatever comes at once
def find_peaks(sound, peaks, table):  # type: ignore[no-untyped-def]
    """The largest magnitude beside each sample, of all channels. The loop over the samples is the
    inner one, so that a processor takes several at once.

    Args:
        sound: (channels, at least n + TAPS − 1), float32; the n samples begin behind TAPS − 1.
        peaks: (n,), float64; written.
        table: :data:`TABLE`.
    """
    for i in range(len(peaks)):
        peaks[i] = 0.0
    for c in range(len(sound)):
        signal = sound[c]
        for phase in range(_PHASES):
            taps = table[phase]
            for i in range(len(peaks)):
                between = np.float32(0.0)
                for t in range(TAPS):
                    between += taps[t] * signal[i + t]
                peaks[i] = max(peaks[i], abs(between))


def _interpolation() -> Array:
    """Sinc filters at eighths of a sample after the middle, (phases, taps), Kaiser window."""
    at = np.arange(TAPS) - (TAPS // 2 - 1)
    shifts = np.arange(_PHASES)[:, None] / _PHASES
    inside = np.clip(1 - ((at - shifts) / (TAPS / 2)) ** 2, 0, None)
    table = np.sinc(at - shifts) * np.i0(_KAISER * np.sqrt(inside)) / np.i0(_KAISER)
    return np.asarray(table / table.sum(axis=1, keepdims=True), np.float32)


TABLE = _interpolation()
"""Read only."""
