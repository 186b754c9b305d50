"""What meters show: loudness and true peak (ITU-R BS.1770-5; EBU R 128, Tech 3341).

Own code, for the libraries there are measure whole files, or have no wheels for current Pythons.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from itertools import islice

import numpy as np

from engine.dsp.arrays import Audio
from engine.dsp.loudness import k_sections
from engine.machine_code import compiled

MOMENTARY_S, SHORT_TERM_S = 0.4, 3.0
FLOOR_DB = -99.0
_STEP_S = 0.01  # between two readings of the momentary loudness
_GATE_EVERY = 10  # of them: gating blocks overlap by three quarters
_SILENCE_DB, _BELOW_DB = -70.0, -10.0  # gates: absolute, and relative to what is left
_OFFSET_DB = -0.691


class LoudnessMeter:
    """Loudness of what goes on, LUFS.

    Args:
        rate: hertz.
        channels: number of channels, all of weight 1: mono or stereo.

    """

    def __init__(self, rate: float, channels: int) -> None:
        self._sections, self._state = k_sections(rate), np.zeros((channels, 2, 2))
        self._step = round(_STEP_S * rate)
        self._rest = np.zeros((channels, 0), np.float32)
        steps = round(SHORT_TERM_S / _STEP_S)
        self._powers = deque([0.0] * steps, steps)
        self._count = 0
        self._gated = array("d")

    def hear(self, block: Audio) -> None:
        """The next samples, (channels, n)."""
        sound = np.concatenate([self._rest, block], axis=-1)
        for at in range(0, sound.shape[-1] - self._step + 1, self._step):
            step = np.ascontiguousarray(sound[:, at : at + self._step])
            self._take(_weigh(step, self._sections, self._state) / self._step)
        self._rest = sound[:, sound.shape[-1] // self._step * self._step :]

    @property
    def momentary(self) -> float:
        """Of the last 400 ms."""
        return _db(self._mean(MOMENTARY_S)) + _OFFSET_DB

    @property
    def short_term(self) -> float:
        """Of the last 3 s."""
        return _db(self._mean(SHORT_TERM_S)) + _OFFSET_DB

    @property
    def integrated(self) -> float:
        """Of everything heard so far, with both gates."""
        powers = np.frombuffer(self._gated) if self._gated else np.zeros(0)
        powers = powers[powers > _power(_SILENCE_DB)]
        if len(powers):
            powers = powers[powers > 10 ** (_BELOW_DB / 10) * powers.mean()]
        return _db(float(powers.mean())) + _OFFSET_DB if len(powers) else FLOOR_DB

    def _take(self, power: float) -> None:
        self._powers.append(power)
        self._count += 1
        if self._count >= round(MOMENTARY_S / _STEP_S) and self._count % _GATE_EVERY == 0:
            self._gated.append(self._mean(MOMENTARY_S))

    def _mean(self, seconds: float) -> float:
        """Power of the last seconds."""
        steps = round(seconds / _STEP_S)
        return math.fsum(islice(self._powers, len(self._powers) - steps, None)) / steps


@compiled()
def _weigh(block, sections, state):  # type: ignore[no-untyped-def]
    """Energy of a block after the sections, over all channels."""
    energy = 0.0
    for channel in range(block.shape[0]):
        for n in range(block.shape[1]):
            x = float(block[channel, n])
            for section in range(sections.shape[0]):
                b0, b1, b2, _, a1, a2 = sections[section]
                first, second = state[channel, section]
                y = b0 * x + first
                state[channel, section, 0] = b1 * x - a1 * y + second
                state[channel, section, 1] = b2 * x - a2 * y
                x = y
            energy += x * x
    for place in range(state.size):
        if abs(state.flat[place]) < 1e-30:  # no denormal numbers
            state.flat[place] = 0.0
    return energy


def peak_db(peak: float) -> float:
    """Level of a peak, dB re full scale; ``FLOOR_DB`` for silence."""
    return _db(peak * peak)


def _power(level_db: float) -> float:
    return float(10 ** ((level_db - _OFFSET_DB) / 10))


def _db(power: float) -> float:
    return float(10.0 * np.log10(max(power, 10 ** (FLOOR_DB / 10))))
