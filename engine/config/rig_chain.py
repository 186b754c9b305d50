"""What rigs and presets say of effects: chains, and macros that move their parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.config.names import beside, is_path
from engine.control.mapping import MOST_SLOTS
from engine.effects.catalogue import EFFECTS, Parameter
from engine.effects.insert import BYPASS
from engine.effects.macros import Curve
from engine.effects.specs import (
    BranchesSpec,
    BranchSpec,
    BuiltinSpec,
    ChainSpec,
    EffectSpec,
    MoveSpec,
    PluginSpec,
    SlotStrip,
)

_STRICT = ConfigDict(extra="forbid", frozen=True)
MOST_MACROS = 8
_SHARE = Parameter(0.0, 1.0, 0.0)


class Branch(BaseModel):
    """One of several chains side by side; an empty one is the sound as it is."""

    model_config = _STRICT

    gain_db: float = Field(default=0.0, ge=-60.0, le=12.0)
    chain: list[Effect] = []


class Effect(BaseModel):
    """An effect of a chain: one of pedalboard's own by its name, a plugin by its name or path, or
    branches; and any of its parameters."""

    model_config = ConfigDict(extra="allow", frozen=True)

    effect: str = ""
    plugin: str = ""
    branches: list[Branch] = []
    inside: str = Field(default="", description="which plugin of a file that holds several")
    state: str = Field(default="", description="file with the plugin's state")
    name: str = Field(default="", description="by which macros find it")
    bypass: float = Field(default=0.0, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _known(self) -> Effect:
        if sum(bool(kind) for kind in (self.effect, self.plugin, self.branches)) != 1:
            raise ValueError("an entry of a chain is one of effect, plugin and branches")
        if (self.inside or self.state) and not self.plugin:
            raise ValueError("inside and state are for plugins")
        if self.effect and self.effect not in EFFECTS:
            raise ValueError(f"effect {self.effect!r}: one of {', '.join(EFFECTS)}")
        for key, value in ({} if self.plugin else self.parameters).items():
            known = EFFECTS.get(self.effect, {})
            if key not in known:
                names = ", ".join(known) or "none"
                raise ValueError(f"{self.called} has no {key!r}; its parameters: {names}")
            one = known[key]
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not one.low <= value <= one.high:
                raise ValueError(f"{self.effect} {key} = {value!r}; {one.span}")
        return self

    @property
    def parameters(self) -> dict[str, Any]:
        """Those that are given."""
        return dict(self.model_extra or {})

    @property
    def called(self) -> str:
        """How macros find it, and messages name it."""
        return self.name or self.effect or Path(self.plugin).stem or "branches"

    def spec(self) -> EffectSpec:
        """What the engine builds of it."""
        if self.effect:
            return BuiltinSpec(self.effect, self.parameters, self.called, self.bypass)
        if self.plugin:
            asked = self.plugin, self.inside, self.state, self.parameters
            return PluginSpec(*asked, name=self.called, bypass=self.bypass)
        branches = (BranchSpec(one.gain_db, specs_of(one.chain)) for one in self.branches)
        return BranchesSpec(tuple(branches), self.called, self.bypass)

    def each(self) -> Iterator[Effect]:
        """It, and all that are in its branches."""
        yield self
        for branch in self.branches:
            for effect in branch.chain:
                yield from effect.each()

    def located(self, folder: Path) -> Effect:
        """The same, with files found from a folder: that of the rig or the preset. What the name of
        a plugin means, does not depend on what lies there."""
        found: dict[str, Any] = {}
        if self.state:
            found["state"] = str(beside(self.state, folder))
        if is_path(self.plugin) and beside(self.plugin, folder).exists():  # else it is a name
            found["plugin"] = str(beside(self.plugin, folder))
        if self.branches:
            found["branches"] = [
                branch.model_copy(update={"chain": located(branch.chain, folder)})
                for branch in self.branches
            ]
        return self.model_copy(update=found)


def specs_of(chain: Sequence[Effect]) -> ChainSpec:
    """What the engine builds of a chain."""
    return tuple(effect.spec() for effect in chain)


def located(chain: Sequence[Effect], folder: Path) -> list[Effect]:
    """A chain, with files found from a folder."""
    return [effect.located(folder) for effect in chain]


class Change(BaseModel):
    """What a macro of a preset does to a parameter of one of its effects: the one behind the
    generator of this number (from 1), or the first of this name before or behind it."""

    model_config = _STRICT

    effect: int | str
    parameter: str
    low: float
    high: float
    curve: Curve = "linear"

    @model_validator(mode="after")
    def _fits(self) -> Change:
        if self.curve == "exponential" and not min(self.low, self.high) > 0.0:
            raise ValueError(f"{self.parameter}: an exponential curve needs ends above 0")
        return self


class MacroMove(Change):
    """What a macro of a rig does: in a slot (from 1), or in the master chain (0)."""

    slot: int = Field(default=0, ge=0, le=MOST_SLOTS)

    def spec(self) -> MoveSpec:
        """The same for the engine."""
        return MoveSpec(**self.model_dump())


class Knob(BaseModel):
    """A knob of a preset that moves parameters of its effects."""

    model_config = _STRICT

    start: float = Field(default=0.0, ge=0.0, le=1.0)
    moves: list[Change] = Field(min_length=1)


class Macro(BaseModel):
    """A knob of a rig that moves parameters of effects."""

    model_config = _STRICT

    start: float = Field(default=0.0, ge=0.0, le=1.0)
    moves: list[MacroMove] = Field(min_length=1)


class Effects(BaseModel):
    """The effects of a slot: before the generator and behind it."""

    model_config = _STRICT

    before: list[Effect] = []
    after: list[Effect] = []

    def strip(self) -> SlotStrip:
        """What the engine builds of them."""
        return SlotStrip(specs_of(self.before), specs_of(self.after))

    def find(self, key: int | str) -> Effect | None:
        """The effect that a macro means."""
        if isinstance(key, int):
            return self.after[key - 1] if 1 <= key <= len(self.after) else None
        every = [e for first in (*self.before, *self.after) for e in first.each()]
        return next((effect for effect in every if effect.called == key), None)


def check_move(name: str, move: Change, effects: Effects, place: str) -> None:
    """Whether there is what a macro moves, as far as can be said without loading plugins.

    Args:
        name: of the macro.
        move: what it does.
        effects: among which it should be.
        place: whose they are.

    Raises:
        ValueError: there is no such effect or parameter, or it does not go so far.
    """
    found = effects.find(move.effect)
    if found is None:
        raise ValueError(f"{name}: there is no effect {move.effect} in {place}")
    if not found.plugin or move.parameter == BYPASS:
        check_ends(name, move, found.called, EFFECTS.get(found.effect, {}))


def check_ends(name: str, move: Change, called: str, known: dict[str, Parameter]) -> None:
    """Whether a parameter is there and goes so far.

    Args:
        name: of the macro, for messages.
        move: what it does.
        called: name of the effect, for messages.
        known: parameters of the effect, by name; ``bypass`` need not be among them.

    Raises:
        ValueError: it is not, or does not.
    """
    one = _SHARE if move.parameter == BYPASS else known.get(move.parameter)
    if one is None:
        names = ", ".join([*known, BYPASS])
        raise ValueError(f"{name}: {called} has no {move.parameter!r}; {names}")
    if not all(one.low <= end <= one.high for end in (move.low, move.high)):
        raise ValueError(f"{name}: {move.parameter} from {move.low:g} to {move.high:g}; {one.span}")
