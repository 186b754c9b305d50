"""Effects as the engine builds them: what was asked for, and what was found out of it.

A rig says them in TOML (:mod:`engine.config.rig_chain`); from there to the process that plays them
they are these. Without anything that takes long to import, or much memory: the process of the audio
device reads them too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.effects.macros import Curve

Value = float | bool | str
"""Of a plugin's parameter, in its units."""


@dataclass(frozen=True)
class BuiltinSpec:
    """An effect of pedalboard's own.

    Attributes:
        effect: which, see :data:`engine.effects.catalogue.EFFECTS`.
        parameters: those that are not to be at their defaults.
        name: by which macros find it, and messages name it.
        bypass: 0 … 1, share of the sound without it.
        refused: why it may not play; empty if it may.
    """

    effect: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    name: str = ""
    bypass: float = 0.0
    refused: str = ""


@dataclass(frozen=True)
class PluginSpec:
    """A VST3 or Audio Unit.

    Attributes:
        plugin: its file, or the name of one that is installed.
        inside: which plugin of a file that holds several.
        state: file with its state; empty for none.
        parameters: those that are given, in their units.
        name, bypass, refused: as of :class:`BuiltinSpec`.
        latency: samples that were measured, by the rate in hertz; none before it was tried.
        movable: names of its parameters that macros can move.
        channel: file of the memory that is shared with its process; empty without one.
    """

    plugin: str
    inside: str = ""
    state: str = ""
    parameters: Mapping[str, Value] = field(default_factory=dict)
    name: str = ""
    bypass: float = 0.0
    refused: str = ""
    latency: Mapping[int, int] = field(default_factory=dict)
    movable: tuple[str, ...] = ()
    channel: str = ""


@dataclass(frozen=True)
class BranchSpec:
    """One of several chains side by side.

    Attributes:
        gain_db: of its sound.
        chain: empty for the sound as it is.
    """

    gain_db: float = 0.0
    chain: ChainSpec = ()


@dataclass(frozen=True)
class BranchesSpec:
    """Chains side by side, added up.

    Attributes:
        branches: the chains.
        name, bypass: as of :class:`BuiltinSpec`.
    """

    branches: tuple[BranchSpec, ...]
    name: str = ""
    bypass: float = 0.0


EffectSpec = BuiltinSpec | PluginSpec | BranchesSpec
ChainSpec = tuple[EffectSpec, ...]


@dataclass(frozen=True)
class SlotStrip:
    """The effects of a slot.

    Attributes:
        before: the generator.
        after: behind it.
    """

    before: ChainSpec = ()
    after: ChainSpec = ()


@dataclass(frozen=True)
class MoveSpec:
    """What a macro does to one parameter.

    Attributes:
        effect: the one of this number behind the generator (from 1), or the first of this name.
        parameter: of it.
        low: value at the knob's beginning.
        high: value at its end.
        curve: between the two.
        slot: from 1; 0 for the chain behind all slots.
    """

    effect: int | str
    parameter: str
    low: float
    high: float
    curve: Curve = "linear"
    slot: int = 0


def each(chain: ChainSpec) -> Iterator[EffectSpec]:
    """All effects of a chain, those in branches too."""
    for spec in chain:
        yield spec
        if isinstance(spec, BranchesSpec):
            for branch in spec.branches:
                yield from each(branch.chain)


def changed(
    chain: ChainSpec, change: Callable[[BuiltinSpec | PluginSpec], BuiltinSpec | PluginSpec]
) -> ChainSpec:
    """A chain in which each effect that is no branches is another, in the order of :func:`each`."""
    made: list[EffectSpec] = []
    for spec in chain:
        if isinstance(spec, BranchesSpec):
            branches = tuple(
                BranchSpec(branch.gain_db, changed(branch.chain, change))
                for branch in spec.branches
            )
            made.append(BranchesSpec(branches, spec.name, spec.bypass))
        else:
            made.append(change(spec))
    return tuple(made)


def chain_of(values: list[dict[str, Any]]) -> ChainSpec:
    """A chain that was written as JSON, by ``dataclasses.asdict``."""
    return tuple(_spec(one) for one in values)


def strip_of(values: dict[str, Any]) -> SlotStrip:
    """The effects of a slot that were written as JSON."""
    return SlotStrip(chain_of(values["before"]), chain_of(values["after"]))


def _spec(values: dict[str, Any]) -> EffectSpec:
    if "branches" in values:
        branches = tuple(BranchSpec(b["gain_db"], chain_of(b["chain"])) for b in values["branches"])
        return BranchesSpec(**values | {"branches": branches})
    if "effect" in values:
        return BuiltinSpec(**values)
    latency = {int(rate): int(samples) for rate, samples in values["latency"].items()}
    return PluginSpec(**values | {"latency": latency, "movable": tuple(values["movable"])})
