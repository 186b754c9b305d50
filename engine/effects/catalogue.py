"""The effects of pedalboard that may stand in a chain, with their parameters, units and ranges.

Those that do not give as many samples as they take (PitchShift, Resample, the MP3 and GSM codecs,
BrickwallLimiter) are not among them; the ceiling is the engine's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from engine.dsp.arrays import Audio
from engine.effects.chain import TAIL_S
from engine.effects.parameter_smoother import ParameterSmoother
from engine.effects.specs import BuiltinSpec

_LONGEST = 8192  # samples at once: a longer block than ever before would reset an effect


@dataclass(frozen=True)
class Parameter:
    """A number that an effect takes; ``unit`` is empty for a share or a ratio."""

    low: float
    high: float
    default: float
    unit: str = ""

    @property
    def span(self) -> str:
        """From where to where, in words."""
        return f"{self.low:g} to {self.high:g} {self.unit}".rstrip()


_HZ = 20.0, 20000.0
_MIX = Parameter(0.0, 1.0, 0.5)
_RATE = Parameter(0.01, 20.0, 1.0, "Hz")
_FEEDBACK = Parameter(0.0, 0.95, 0.0)
_GAIN_DB = Parameter(-24.0, 24.0, 0.0, "dB")
_Q = Parameter(0.1, 10.0, 0.7071)
_ATTACK, _RELEASE = Parameter(0.1, 500.0, 1.0, "ms"), Parameter(1.0, 2000.0, 100.0, "ms")
_SHELF = {
    "cutoff_frequency_hz": Parameter(*_HZ, 440.0, "Hz"),
    "gain_db": _GAIN_DB,
    "q": _Q,
}
EFFECTS: dict[str, dict[str, Parameter]] = {
    "Bitcrush": {"bit_depth": Parameter(1.0, 32.0, 8.0, "bits")},
    "Chorus": {
        "rate_hz": _RATE,
        "depth": Parameter(0.0, 1.0, 0.25),
        "centre_delay_ms": Parameter(1.0, 99.0, 7.0, "ms"),
        "feedback": _FEEDBACK,
        "mix": _MIX,
    },
    "Clipping": {"threshold_db": Parameter(-48.0, 0.0, -6.0, "dB")},
    "Compressor": {
        "threshold_db": Parameter(-60.0, 0.0, 0.0, "dB"),
        "ratio": Parameter(1.0, 50.0, 1.0),
        "attack_ms": _ATTACK,
        "release_ms": _RELEASE,
    },
    "Delay": {
        "delay_seconds": Parameter(0.0, 2.0, 0.5, "s"),
        "feedback": _FEEDBACK,
        "mix": _MIX,
    },
    "Distortion": {"drive_db": Parameter(0.0, 48.0, 25.0, "dB")},
    "Gain": {"gain_db": Parameter(-60.0, 24.0, 0.0, "dB")},
    "HighShelfFilter": _SHELF,
    "HighpassFilter": {"cutoff_frequency_hz": Parameter(*_HZ, 50.0, "Hz")},
    "Invert": {},
    "LadderFilter": {
        "cutoff_hz": Parameter(*_HZ, 200.0, "Hz"),
        "resonance": Parameter(0.0, 1.0, 0.0),
        "drive": Parameter(1.0, 20.0, 1.0),
    },
    "LowShelfFilter": _SHELF,
    "LowpassFilter": {"cutoff_frequency_hz": Parameter(*_HZ, 20000.0, "Hz")},
    "NoiseGate": {
        "threshold_db": Parameter(-100.0, 0.0, -100.0, "dB"),
        "ratio": Parameter(1.0, 50.0, 10.0),
        "attack_ms": _ATTACK,
        "release_ms": _RELEASE,
    },
    "PeakFilter": _SHELF,
    "Phaser": {
        "rate_hz": _RATE,
        "depth": Parameter(0.0, 1.0, 0.5),
        "centre_frequency_hz": Parameter(*_HZ, 1300.0, "Hz"),
        "feedback": _FEEDBACK,
        "mix": _MIX,
    },
    "Reverb": {
        "room_size": Parameter(0.0, 1.0, 0.5),
        "damping": Parameter(0.0, 1.0, 0.5),
        "wet_level": Parameter(0.0, 1.0, 0.33),
        "dry_level": Parameter(0.0, 1.0, 0.4),
        "width": Parameter(0.0, 1.0, 1.0),
    },
}


class Hosted:
    """An effect of pedalboard at a rate, ready to play.

    Args:
        spec: which, and its parameters.
        rate: hertz.
        channels: number of channels.
    """

    latency = 0
    faults: ClassVar[list[str]] = []

    def __init__(self, spec: BuiltinSpec, rate: float, channels: int) -> None:
        import pedalboard  # a second to import, for those who use it

        self.name, self._rate = spec.effect, rate
        self.tail = round(TAIL_S * rate)
        known = EFFECTS[self.name]
        given = {name: spec.parameters.get(name, one.default) for name, one in known.items()}
        self._plugin = plugin = getattr(pedalboard, self.name)(**given)
        self._smoother = ParameterSmoother(partial(getattr, plugin), partial(setattr, plugin))
        self.process(np.zeros((channels, _LONGEST), np.float32))  # it makes its buffers now

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        return np.asarray(self._smoother.process(block, self._made), np.float32)

    def move(self, parameter: str, value: float) -> None:
        """Let a parameter go to a value within 20 ms."""
        self._smoother.to(parameter, value, self._rate)

    def reset(self) -> None:
        """No tail."""
        self._plugin.reset()

    def _made(self, block: Audio) -> Audio:
        if not block.shape[-1]:
            return block
        return np.asarray(self._plugin.process(block, self._rate, _LONGEST, False))
