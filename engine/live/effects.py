"""The effects of pedalboard that may stand in a chain, with their parameters, units and ranges.

Those that do not give as many samples as they take (PitchShift, Resample, the MP3 and GSM codecs,
BrickwallLimiter) are not among them; the ceiling is the engine's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.dsp.arrays import Audio
from engine.stages.chain import Chain
from engine.stages.macros import Macros, Move

_WARM = 128
_STEP = 32  # samples between two values of a parameter that moves
_RAMP_S = 0.02
MOST_MACROS = 8


@dataclass(frozen=True)
class Parameter:
    """A number that an effect takes; ``unit`` is empty for a share or a ratio."""

    low: float
    high: float
    default: float
    unit: str = ""


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
        spec: ``effect`` and its parameters.
        rate: hertz.
        channels: number of channels.
    """

    def __init__(self, spec: Mapping[str, Any], rate: float, channels: int) -> None:
        import pedalboard  # a second to import, for those who use it

        self.name, self._rate = str(spec["effect"]), rate
        given = {key: value for key, value in spec.items() if key != "effect"}
        defaults = {name: one.default for name, one in EFFECTS[self.name].items()}
        self._plugin = getattr(pedalboard, self.name)(**defaults | given)
        self._goes: dict[str, tuple[float, float]] = {}  # parameter: where to, and how far a step
        self.process(np.zeros((channels, _WARM), np.float32))  # it makes its buffers now

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        parts, at, n = [], 0, block.shape[-1]
        while at < n:
            length = min(_STEP, n - at) if self._goes else n - at
            self._step()
            parts.append(
                self._plugin.process(block[:, at : at + length], self._rate, length, False)
            )
            at += length
        if not parts:
            return block
        made = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)
        return np.asarray(made, np.float32)

    def move(self, parameter: str, value: float) -> None:
        """Let a parameter go to a value within 20 ms: pedalboard's jump within a sample."""
        steps = max(1.0, _RAMP_S * self._rate / _STEP)
        self._goes[parameter] = value, abs(value - getattr(self._plugin, parameter)) / steps

    def _step(self) -> None:
        for parameter, (to, most) in list(self._goes.items()):
            at = getattr(self._plugin, parameter)
            if abs(to - at) <= most:
                setattr(self._plugin, parameter, to)
                del self._goes[parameter]
            else:
                setattr(self._plugin, parameter, at + (most if to > at else -most))


def build_chain(specs: Sequence[Mapping[str, Any]], rate: float, channels: int) -> Chain | None:
    """The chain that a rig asks for; None for an empty one."""
    return Chain([Hosted(spec, rate, channels) for spec in specs], rate) if specs else None


def build_macros(
    asked: Sequence[Sequence[Mapping[str, Any]]],
    chains: Sequence[Chain | None],
    master: Chain | None,
) -> Macros:
    """The macros that a rig asks for, on the chains that were built for it.

    Args:
        asked: moves of each macro: ``slot`` (0 for the master chain), ``effect`` (from 1),
            ``parameter``, ``low``, ``high`` and ``curve``.
        chains, master: of the rig.
    """
    every = [master, *chains]

    def move(spec: Mapping[str, Any]) -> Move:
        chain = every[spec["slot"]]
        assert chain is not None  # the rig has been checked
        effect = chain.effects[spec["effect"] - 1]
        return Move(effect, spec["parameter"], spec["low"], spec["high"], spec["curve"])

    return Macros([[move(spec) for spec in moves] for moves in asked])
