"""The output's ceiling: a look-ahead limiter for true peaks, one gain for all channels.

The gain that a peak needs is held over the look-ahead, released slowly, and averaged over
the look-ahead: it has arrived when the peak does, and it never jumps.

Compiled, for the audio callback, where there is no interpreter. ``pedalboard.Limiter`` is none: it
lets peaks of 0 dBFS through at a threshold of −1 dB.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.true_peak import TABLE, TAPS, find_peaks
from engine.machine_code import compiled, internal

CEILING_DB = -1.0
LOOKAHEAD = 64
_MARGIN_DB = 0.7  # a gain that moves makes peaks of its own
_NEAR = 2  # samples beside a peak between samples that it also depends on
_SMOOTH = LOOKAHEAD - TAPS // 2 - _NEAR + 1
_HELD = _SMOOTH + 2 * _NEAR + 1
_RELEASE_S = 0.08
_CEILING = 10 ** ((CEILING_DB - _MARGIN_DB) / 20)
_POSITION, _RELEASED, _SUM, _LEAST, _RELEASE, _NEEDED = range(6)
_HELD_UNTIL = _NEEDED + _HELD
_PEAKS = _HELD_UNTIL + _SMOOTH
STATE = _PEAKS + LOOKAHEAD
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
    reduction, state[_LEAST] = reduction_db(state), 1.0
    return reduction


def reduction_db(state: Array) -> float:
    """Deepest gain since it was taken last, dB, 0 for none; nothing is changed."""
    return float(20 * np.log10(state[_LEAST]))


@compiled()
def limit(block, sound, state, table):  # type: ignore[no-untyped-def]
    """Limit (channels, n) in place.

    Args:
        block: float32; comes out :data:`LOOKAHEAD` samples late.
        sound: (channels, 2·LOOKAHEAD), float32: what is still to come out, and room for as much.
        state: (STATE,), float64.
        table: of :mod:`engine.dsp.true_peak`.
    """
    channels, n = block.shape
    for first in range(0, n, LOOKAHEAD):
        here = block[:, first : min(first + LOOKAHEAD, n)]
        more = here.shape[1]
        for c in range(channels):
            for i in range(more):
                sound[c, LOOKAHEAD + i] = here[c, i]
                here[c, i] = sound[c, i]
        find_peaks(sound[:, LOOKAHEAD - TAPS + 1 :], state[_PEAKS : _PEAKS + more], table)
        _turn_down(here, state)
        for c in range(channels):
            for i in range(LOOKAHEAD):
                sound[c, i] = sound[c, more + i]


@internal(fastmath={"contract", "nnan", "nsz"})
def _turn_down(block, state):  # type: ignore[no-untyped-def]
    """The gain that the peaks ask for, onto what comes out."""
    needed, smooth, peaks = state[_NEEDED:_HELD_UNTIL], state[_HELD_UNTIL:_PEAKS], state[_PEAKS:]
    position, released, total = int(state[_POSITION]), state[_RELEASED], state[_SUM]
    for i in range(block.shape[1]):
        needed[position % _HELD] = _CEILING / peaks[i] if peaks[i] > _CEILING else 1.0
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
            for c in range(len(block)):
                block[c, i] *= gain
        position += 1
    state[_POSITION], state[_RELEASED], state[_SUM] = position, released, total
