"""The output's ceiling: a look-ahead limiter for true peaks, one gain for all channels.

Peaks between samples are found on an 8-times oversampled copy (ITU-R BS.1770-5, annex 2, asks for
4 times). The gain that a peak needs is held over the look-ahead, released slowly, and averaged over
the look-ahead: it has arrived when the peak does, and it never jumps.

Compiled, for the audio callback, where there is no interpreter. ``pedalboard.Limiter`` is none: it
lets peaks of 0 dBFS through at a threshold of −1 dB.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.machine_code import compiled

CEILING_DB = -1.0
LOOKAHEAD = 64
_MARGIN_DB = 0.7  # a gain that moves makes peaks of its own
_PHASES, _TAPS, _KAISER = 8, 32, 5.0
_NEAR = 2  # samples beside a peak between samples that it also depends on
_SMOOTH = LOOKAHEAD - _TAPS // 2 - _NEAR + 1
_HELD = _SMOOTH + 2 * _NEAR + 1
_RELEASE_S = 0.08
_CEILING = 10 ** ((CEILING_DB - _MARGIN_DB) / 20)
_POSITION, _RELEASED, _SUM, _LEAST, _RELEASE, _NEEDED = range(6)
STATE = _NEEDED + _HELD + _SMOOTH
"""Numbers that the limiter keeps beside its sound."""


class Limiter:
    """A stage that keeps true peaks below :data:`CEILING_DB`.

    Args:
        rate: in hertz.
        channels: number of channels.
    """

    latency = LOOKAHEAD
    tail = LOOKAHEAD

    def __init__(self, rate: float, channels: int) -> None:
        self._sound = np.zeros((channels, 2 * LOOKAHEAD), np.float32)
        self._state = np.zeros(STATE)
        reset(self._state, rate)

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        out = np.ascontiguousarray(block).copy()
        limit(out, self._sound, self._state, TABLE)
        return out

    def take_reduction_db(self) -> float:
        """Deepest gain since the last call, dB, 0 for none."""
        return take_reduction_db(self._state)


def reset(state: Array, rate: float) -> None:
    """Begin anew, for a sample rate."""
    state[:] = 1.0
    state[_POSITION], state[_SUM] = 0.0, float(_SMOOTH)
    state[_RELEASE] = 1.0 - np.exp(-1.0 / (_RELEASE_S * rate))


def take_reduction_db(state: Array) -> float:
    """Deepest gain since the last call, dB, 0 for none."""
    least, state[_LEAST] = float(state[_LEAST]), 1.0
    return float(20 * np.log10(least))


@compiled(fastmath=True)
def limit(block, sound, state, table):  # type: ignore[no-untyped-def]
    """Limit (channels, n) in place.

    Args:
        block: float32; comes out :data:`LOOKAHEAD` samples late.
        sound: (channels, 2·LOOKAHEAD), float32: what is still to come out, twice.
        state: (STATE,), float64.
        table: :data:`TABLE`.
    """
    channels, n = block.shape
    needed, smooth = state[_NEEDED : _NEEDED + _HELD], state[_NEEDED + _HELD :]
    position, released, total = int(state[_POSITION]), state[_RELEASED], state[_SUM]
    for i in range(n):
        at = position % LOOKAHEAD
        first = at + LOOKAHEAD - _TAPS + 1
        peak = np.float32(0.0)
        for c in range(channels):
            leaving = sound[c, at]
            sound[c, at] = sound[c, at + LOOKAHEAD] = block[c, i]
            block[c, i] = leaving
            for phase in range(_PHASES):
                between = np.float32(0.0)
                for t in range(_TAPS):
                    between += table[phase, t] * sound[c, first + t]
                peak = max(peak, abs(between))
        needed[position % _HELD] = _CEILING / peak if peak > _CEILING else 1.0
        held = needed[0]
        for k in range(1, _HELD):
            held = min(held, needed[k])
        released = min(held, released + (1.0 - released) * state[_RELEASE])
        if released > 1.0 - 1e-6:
            released = 1.0
        total += released - smooth[position % _SMOOTH]
        smooth[position % _SMOOTH] = released
        gain = total / _SMOOTH
        if gain < 1.0 - 1e-9:
            state[_LEAST] = min(state[_LEAST], gain)
            for c in range(channels):
                block[c, i] *= gain
        position += 1
    state[_POSITION], state[_RELEASED], state[_SUM] = position, released, total


def _interpolation() -> Array:
    """Sinc filters at eighths of a sample after the middle, (phases, taps), Kaiser window."""
    at = np.arange(_TAPS) - (_TAPS // 2 - 1)
    shifts = np.arange(_PHASES)[:, None] / _PHASES
    inside = np.clip(1 - ((at - shifts) / (_TAPS / 2)) ** 2, 0, None)
    table = np.sinc(at - shifts) * np.i0(_KAISER * np.sqrt(inside)) / np.i0(_KAISER)
    return np.asarray(table / table.sum(axis=1, keepdims=True), np.float32)


TABLE = _interpolation()
"""Read only."""
