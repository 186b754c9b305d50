"""Tap tempo: the tempo of a hand."""

from __future__ import annotations

from collections import deque

import numpy as np

from engine.dsp.tempo import MAX_BPM, MIN_BPM

_LEAST = 4
_MOST = 16
_FORGET_S = 2.5  # a pause this long begins a new series
_BOUNCE_S = 0.5 * 60.0 / MAX_BPM  # nobody taps as fast as this: a contact bounces
_STRAY = 0.35  # a beat this far from the others is a slip of the hand


class Tap:
    """Averages taps; where beat 1 is, is said by another control."""

    def __init__(self) -> None:
        self._taps: deque[float] = deque(maxlen=_MOST)

    def tap(self, time_s: float) -> float | None:
        """A tap.

        Returns:
            Beats per minute of the line through the taps, once there are four of them.
        """
        since_s = time_s - self._taps[-1] if self._taps else _FORGET_S
        if since_s < _BOUNCE_S:
            return None
        if since_s > _FORGET_S:
            self._taps.clear()
        self._taps.append(time_s)
        if len(self._taps) < _LEAST:
            return None
        times = np.array(self._taps)
        gap = float(np.median(np.diff(times)))
        beats = np.round((times - times[-1]) / gap)
        near = np.abs((times - times[-1]) / gap - beats) < _STRAY
        if np.ptp(beats[near]) < _LEAST - 1:
            return None
        slope = float(np.polyfit(beats[near], times[near], 1)[0])
        return min(max(60.0 / slope, MIN_BPM), MAX_BPM)
