"""Macros: one knob that moves parameters of effects, each over a range of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Curve = Literal["linear", "exponential"]


class Movable(Protocol):
    """An effect whose parameters can be moved while it plays."""

    def move(self, parameter: str, value: float) -> None:
        """Let a parameter go to a value, without a step that can be heard."""
        ...


@dataclass(frozen=True)
class Move:
    """What a macro does to one parameter.

    Attributes:
        effect: whose parameter it is.
        parameter: its name.
        low, high: where it stands with the knob at 0 and at 1; ``low`` may be the higher.
        curve: by equal steps, or by equal ratios, as ears take frequencies and times.
    """

    effect: Movable
    parameter: str
    low: float
    high: float
    curve: Curve = "linear"

    def at(self, place: float) -> float:
        """The parameter with the knob at a place, 0 … 1."""
        if self.curve == "exponential":
            return float(self.low * (self.high / self.low) ** place)
        return self.low + (self.high - self.low) * place


class Macros:
    """Knobs and what they move.

    Args:
        moves: of each knob.
    """

    def __init__(self, moves: Sequence[Sequence[Move]]) -> None:
        self._moves = moves
        self._places: list[float | None] = [None] * len(moves)

    def __len__(self) -> int:
        return len(self._moves)

    def turn(self, number: int, place: float) -> None:
        """Turn a knob to a place, 0 … 1."""
        if place != self._places[number]:
            self._places[number] = place
            for move in self._moves[number]:
                move.effect.move(move.parameter, move.at(place))
