"""Drum layers: the break with its ghosts and fills, cymbals, and what announces a section."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from train.compose.arrange import Bar, Layer
from train.compose.score import STEPS_PER_BEAT, Feel, Note, steps

Choice = TypeVar("Choice")

STRAIGHT = frozenset({"kick", "snare"})  # the frame of the break stays on the grid


@dataclass(frozen=True)
class Groove:
    """The drum patterns of a genre, each one bar of sixteenths; see ``steps``.

    Attributes:
        kicks: bars of kick, drawn anew for every second bar; the first one is home.
        snare: the backbeat.
        ghosts: soft strokes between the backbeats.
        hats: closed hats.
        fills: for the last of four bars, a pattern for each part that plays in it.
        long_fills: the same for the last of eight bars.
        feel: how everything but kick and snare is played.
    """

    kicks: tuple[str, ...]
    snare: str
    ghosts: tuple[str, ...]
    hats: tuple[str, ...]
    fills: tuple[Mapping[str, str], ...]
    long_fills: tuple[Mapping[str, str], ...]
    feel: Feel


def draw(rng: np.random.Generator, choices: tuple[Choice, ...]) -> Choice:
    """One of the choices."""
    return choices[int(rng.integers(len(choices)))]


def breakbeat(groove: Groove, rng: np.random.Generator) -> Layer:
    """Kick, snare and ghosts, with a fill in every fourth and a longer one in every eighth bar."""

    def write(bar: Bar) -> Iterable[Note]:
        patterns: Mapping[str, str] = {
            "kick": groove.kicks[0] if bar.number % 2 == 0 else draw(rng, groove.kicks),
            "snare": groove.snare,
            "ghost": draw(rng, groove.ghosts),
        }
        if bar.number % 8 == 7:
            patterns = draw(rng, groove.long_fills)
        elif bar.number % 4 == 3:
            patterns = draw(rng, groove.fills)
        for part, pattern in patterns.items():
            notes = steps(part, bar.beat, pattern)
            yield from notes if part in STRAIGHT else groove.feel.play(notes, rng)

    return write


def ostinato(part: str, patterns: tuple[str, ...], feel: Feel, rng: np.random.Generator) -> Layer:
    """One part that repeats a pattern drawn once for the piece."""
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
