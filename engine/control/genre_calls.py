"""Slots that are called by the genre of the line-in, with hysteresis. Bars are arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ENTER, LEAVE = 0.6, 0.4
"""A genre is there from the first share on, and until it falls below the second."""


@dataclass(frozen=True)
class GenreRule:
    """When a slot is called.

    Attributes:
        slot: its number, from 0.
        genre: that the line-in has to be of.
        for_bars: for how long.
    """

    slot: int
    genre: str
    for_bars: float


class GenreCalls:
    """Which slot the genre of the line-in calls. Once a genre has called, it does not again until
    it has been away, so that a performer who goes elsewhere is left there.

    Args:
        rules: of the rig.
    """

    def __init__(self, rules: Sequence[GenreRule]) -> None:
        self._rules = rules
        self._since: list[float | None] = [None] * len(rules)
        self._called = [False] * len(rules)

    def hear(self, shares: Mapping[str, float], bar: float) -> GenreRule | None:
        """The rule that calls now.

        Args:
            shares: of the genres, 0 … 1; empty for silence.
            bar: place in the music, bars; it may jump where the tempo is found anew.
        """
        due: list[GenreRule] = []
        for number, rule in enumerate(self._rules):
            share, since = shares.get(rule.genre, 0.0), self._since[number]
            if share < LEAVE:
                self._since[number], self._called[number] = None, False
                continue
            begins = share >= ENTER if since is None else bar < since
            if begins:
                self._since[number] = since = bar
            if since is not None and not self._called[number] and bar - since >= rule.for_bars:
                self._called[number] = True
                due.append(rule)
        return max(due, key=lambda rule: shares[rule.genre], default=None)
