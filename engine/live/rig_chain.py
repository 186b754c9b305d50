"""What a rig says of effects: chains, and macros that move their parameters."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.control.mapping import MOST_SLOTS
from engine.live.effects import EFFECTS
from engine.stages.macros import Curve

_STRICT = ConfigDict(extra="forbid", frozen=True)


class Effect(BaseModel):
    """An effect of a chain: its name, and any of its parameters."""

    model_config = ConfigDict(extra="allow", frozen=True)

    effect: str

    @model_validator(mode="after")
    def _known(self) -> Effect:
        if self.effect not in EFFECTS:
            raise ValueError(f"effect {self.effect!r}: one of {', '.join(EFFECTS)}")
        known = EFFECTS[self.effect]
        for key, value in (self.model_extra or {}).items():
            if key not in known:
                names = ", ".join(known) or "none"
                raise ValueError(f"{self.effect} has no {key!r}; its parameters: {names}")
            one = known[key]
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not one.low <= value <= one.high:
                span = f"{one.low:g} to {one.high:g} {one.unit}".rstrip()
                raise ValueError(f"{self.effect} {key} = {value!r}; {span}")
        return self


class Move(BaseModel):
    """What a macro does to a parameter: of an effect (from 1) of a slot's chain (from 1), or of the
    master chain (slot 0)."""

    model_config = _STRICT

    slot: int = Field(default=0, ge=0, le=MOST_SLOTS)
    effect: int = Field(ge=1)
    parameter: str
    low: float
    high: float
    curve: Curve = "linear"


class Macro(BaseModel):
    """A knob that moves parameters of effects."""

    model_config = _STRICT

    start: float = Field(default=0.0, ge=0.0, le=1.0)
    moves: list[Move] = Field(min_length=1)


def check_move(name: str, move: Move, chains: Sequence[Sequence[Effect]]) -> None:
    """Whether there is what a macro moves.

    Args:
        name: of the macro.
        move: what it does.
        chains: the master chain, and that of each slot.

    Raises:
        ValueError: there is no such effect or parameter, or it does not go so far.
    """
    if move.slot >= len(chains) or move.effect > len(chains[move.slot]):
        raise ValueError(f"{name}: there is no effect {move.effect} in slot {move.slot}")
    effect = chains[move.slot][move.effect - 1].effect
    one = EFFECTS[effect].get(move.parameter)
    if one is None:
        names = ", ".join(EFFECTS[effect])
        raise ValueError(f"{name}: {effect} has no {move.parameter!r}; {names}")
    ends = move.low, move.high
    if not all(one.low <= end <= one.high for end in ends):
        span = f"{one.low:g} to {one.high:g} {one.unit}".rstrip()
        raise ValueError(f"{name}: {move.parameter} from {ends[0]:g} to {ends[1]:g}; {span}")
    if move.curve == "exponential" and not min(ends) > 0.0:
        raise ValueError(f"{name}: an exponential curve needs ends above 0")
