"""The chains and macros that a rig asks for, built at a rate."""

from __future__ import annotations

from typing import Any

from engine.config.request import EngineConfig
from engine.dsp.latency import Trips
from engine.dsp.stft import STFT
from engine.effects.catalogue import Hosted
from engine.effects.chain import Branches, Chain
from engine.effects.insert import EffectProcessor, Insert
from engine.effects.macros import Macros, Move
from engine.effects.specs import (
    BranchesSpec,
    BuiltinSpec,
    ChainSpec,
    EffectSpec,
    MoveSpec,
    PluginSpec,
    SlotStrip,
)
from engine.plugins.remote import RemoteEffect


class Refused:
    """In the place of an effect that may not be played: the sound goes on past it."""

    latency = tail = 0

    def __init__(self, name: str, why: str) -> None:
        self.name, self.faults = name, [f"{name} refused: {why}"]

    def process(self, block: Any) -> Any:
        """Give back what was given."""
        return block

    def move(self, parameter: str, value: float) -> None:
        """Nothing to move."""

    def reset(self) -> None:
        """Nothing to forget."""


class ChainBuilder:
    """Builds chains.

    Args:
        rate: hertz.
        channels: number of channels.
        hop: samples that are worked on at once.
        patience_s: how long a plugin's answer is waited for, where nobody listens.

    Attributes:
        plugins: those that run in processes of their own, in the order in which they were built.
    """

    def __init__(
        self, rate: float, channels: int, hop: int, patience_s: float | None = None
    ) -> None:
        self._rate, self._channels, self._hop, self._patience_s = rate, channels, hop, patience_s
        self.plugins: list[RemoteEffect] = []

    def chain(self, specs: ChainSpec) -> Chain | None:
        """A chain; None for an empty one."""
        return self._chain(specs) if specs else None

    def _chain(self, specs: ChainSpec) -> Chain:
        inserts = [
            Insert(self._effect(spec), self._rate, self._channels, spec.bypass, spec.name)
            for spec in specs
        ]
        return Chain(inserts, self._rate)

    def _effect(self, spec: EffectSpec) -> EffectProcessor:
        match spec:
            case BranchesSpec():
                chains = [self._chain(branch.chain) for branch in spec.branches]
                gains_db = [branch.gain_db for branch in spec.branches]
                return Branches(chains, gains_db, self._channels)
            case BuiltinSpec():
                if spec.refused:
                    return Refused(spec.name, spec.refused)
                return Hosted(spec, self._rate, self._channels)
            case PluginSpec():
                latency = spec.latency.get(round(self._rate))
                if spec.refused or latency is None or not spec.channel:
                    why = spec.refused or f"was not tried at {self._rate:g} Hz"
                    return Refused(spec.name, why)
                form = self._rate, self._channels, self._hop, self._patience_s
                end = RemoteEffect(spec, latency, *form)
                self.plugins.append(end)
                return end


def latency_of(specs: ChainSpec, rate: float, hop: int) -> int:
    """Samples that a chain takes, without building it.

    Args:
        specs: the chain.
        rate: hertz.
        hop: samples at once, by which a plugin's process is later.
    """
    return sum(_latency(spec, rate, hop) for spec in specs)


def _latency(spec: EffectSpec, rate: float, hop: int) -> int:
    if isinstance(spec, BranchesSpec):
        return max(latency_of(branch.chain, rate, hop) for branch in spec.branches)
    if not isinstance(spec, PluginSpec) or spec.refused:
        return 0
    own = spec.latency.get(round(rate))
    return 0 if own is None else hop + own


def trips_of(config: EngineConfig, rate: float) -> Trips:
    """Ways through the effects' process at a rate, and what the effects of a rig take there, the
    slots side by side."""
    hop = STFT.low_delay(rate, config.settings.synthesis).hop
    before, behind = (
        max((latency_of(chain, rate, hop) for chain in chains if chain), default=None)
        for chains in ([s.before for s in config.strips], [s.after for s in config.strips])
    )
    if config.master:
        behind = (behind or 0) + latency_of(config.master, rate, hop)
    return Trips(before, behind)


class RigChains:
    """All that a rig asks for.

    Args:
        config: the rig.
        builder: builds it.

    Attributes:
        before, after: chains of each slot.
        master: behind all of them.
        macros: on these chains.
    """

    def __init__(self, config: EngineConfig, builder: ChainBuilder) -> None:
        strips = config.strips or [SlotStrip()] * len(config.models)
        self.before = [builder.chain(strip.before) for strip in strips]
        self.after = [builder.chain(strip.after) for strip in strips]
        self.master = builder.chain(config.master)
        self.macros = Macros([[self._move(spec) for spec in moves] for moves in config.macros])

    def _move(self, spec: MoveSpec) -> Move:
        after = self.after[spec.slot - 1] if spec.slot else self.master
        before = self.before[spec.slot - 1] if spec.slot else None
        if isinstance(spec.effect, int):
            assert after is not None  # the rig has been checked
            insert = after.inserts[spec.effect - 1]
        else:
            every = [insert for chain in (before, after) if chain for insert in chain.each()]
            insert = next(insert for insert in every if insert.name == spec.effect)
        return Move(insert, spec.parameter, spec.low, spec.high, spec.curve)
