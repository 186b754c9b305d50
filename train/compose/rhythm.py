"""Drum layers: the break with its ghosts and fills, cymbals, and what announces a section."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from train.compose.arrange import Bar, Layer
from train.compose.score import STEPS_PER_BEAT, Feel, Note, steps

Choice = TypeVar("Choice")

FRAME = frozenset({"kick", "snare"})  # of the break: it stays on the grid if no player is named


Break = Mapping[str, str]
"""A bar of ``kick``, ``snare`` and ``ghost``, each in sixteenths; see ``steps``."""


@dataclass(frozen=True)
class Groove:
    """The drums of a piece.

    Attributes:
        home: the break that most bars play.
        others: breaks of the second and the sixth of eight bars.
        fills: for the last of four bars, a pattern for each part that plays in it.
        long_fills: the same for the last of eight bars.
        feel: how everything but kick and snare is played.
        frame: how kick and snare are played; exactly on the grid where they are not named.
    """

    home: Break
    others: tuple[Break, Break]
    fills: tuple[Mapping[str, str], ...]
    long_fills: tuple[Mapping[str, str], ...]
    feel: Feel
    frame: Mapping[str, Feel] = field(default_factory=dict)

    @classmethod
    def drawn(
        cls,
        breaks: tuple[Break, ...],
        fills: tuple[Mapping[str, str], ...],
        long_fills: tuple[Mapping[str, str], ...],
        feel: Feel,
        rng: np.random.Generator,
        frame: Mapping[str, Feel] | None = None,
    ) -> Groove:
        """Three different breaks of a genre, and two fills of each length.

        Args:
            breaks: of the genre, three or more.
            fills: of the genre, for the last of four bars.
            long_fills: of the genre, for the last of eight bars.
            feel: how everything but kick and snare is played.
            rng: of the choice.
            frame: how kick and snare are played, if not exactly on the grid.
        """
        home, second, sixth = rng.permutation(len(breaks))[:3]
        return cls(
            breaks[home],
            (breaks[second], breaks[sixth]),
            tuple(fills[i] for i in rng.permutation(len(fills))[:2]),
            tuple(long_fills[i] for i in rng.permutation(len(long_fills))[:2]),
            feel,
            frame or {},
        )


def draw(rng: np.random.Generator, choices: tuple[Choice, ...]) -> Choice:
    """One of the choices."""
    return choices[int(rng.integers(len(choices)))]


def breakbeat(groove: Groove, rng: np.random.Generator) -> Layer:
    """Kick, snare and ghosts, with a fill in every fourth and a longer one in every eighth bar."""

    def write(bar: Bar) -> Iterable[Note]:
        place = bar.section_bar % 8
        patterns: Mapping[str, str] = groove.home
        if place == 7:
            patterns = draw(rng, groove.long_fills)
        elif place == 3:
            patterns = draw(rng, groove.fills)
        elif place in (1, 5):
            patterns = groove.others[place // 4]
        for part, pattern in patterns.items():
            notes = steps(part, bar.beat, pattern)
            feel = groove.frame.get(part) if part in FRAME else groove.feel
            yield from notes if feel is None else feel.play(notes, rng)

    return write


def ostinato(part: str, patterns: tuple[str, ...], feel: Feel, rng: np.random.Generator) -> Layer:
    """One part that repeats a pattern drawn once for the piece.

    Args:
        part: who plays it.
        patterns: to draw from, a bar each; see :func:`steps`.
        feel: how it is played.
        rng: of the pattern and of the feel.
    """
    pattern = draw(rng, patterns)

    def write(bar: Bar) -> Iterable[Note]:
        return feel.play(steps(part, bar.beat, pattern), rng)

    return write


def roll(bar: Bar) -> Iterable[Note]:
    """Snares that double and swell through the last two bars of a section, then hold breath."""
    remaining = bar.section_bars - bar.section_bar
    if remaining > 2:
        return
    stride = 2 if remaining == 2 else 1
    length = 16 if remaining == 2 else 12  # the last beat is left empty before the drop
    for step in range(0, length, stride):
        progress = (step + 16 * (2 - remaining)) / 28
        yield Note("roll", bar.beat + step / STEPS_PER_BEAT, velocity=0.15 + 0.8 * progress**1.5)


def crash(bar: Bar) -> Iterable[Note]:
    """A crash on the first beat of a section."""
    if bar.opens:
        yield Note("crash", bar.beat)


def riser(bar: Bar) -> Iterable[Note]:
    """Noise that climbs through a whole section and stops just before the next."""
    if bar.opens:
        yield Note("riser", bar.beat, beats=4.0 * bar.section_bars - 0.5)


def swell(bar: Bar) -> Iterable[Note]:
    """A reversed cymbal through the last bar of a section."""
    if bar.closes:
        yield Note("swell", bar.beat, beats=4.0)
