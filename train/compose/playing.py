"""How a genre plays what is written: hats that are thinned or that stutter, a bass that slides.

A score is neutral. Where the manner of a genre is in the notes themselves, as with the hi-hats of
trap, its performer rewrites these notes; kick, snare and harmony stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np

from train.compose.arrange import BEATS_PER_BAR
from train.compose.rhythm import draw
from train.compose.score import Note, Score, steps

Playing = Callable[[Score, np.random.Generator], Score]
"""Rewrites a score as a genre plays it."""

_HAT_BARS = 4  # until the rolls of the hats repeat
_MIDDLE = 60  # pitch of a drum that is not moved
_LONGEST_808 = 2.5  # beats


@dataclass(frozen=True)
class Roll:
    """A stretch of a bar in which the hats stutter.

    Attributes:
        beat: where in the bar it begins.
        beats: how long it is.
        strokes: how many there are; at 75 BPM, 8 a beat are 1/32 and 12 are their triplets.
    """

    beat: float
    beats: float
    strokes: int


ROLLS = (
    *(Roll(3.0, 1.0, 8), Roll(2.5, 0.5, 4), Roll(1.5, 0.5, 4), Roll(3.5, 0.5, 4)),
    *(Roll(3.5, 0.5, 6), Roll(1.0, 0.5, 6), Roll(2.0, 0.5, 6), Roll(0.5, 0.5, 4)),
    *(Roll(0.75, 0.25, 2), Roll(1.75, 0.25, 3), Roll(2.75, 0.25, 2), Roll(3.75, 0.25, 4)),
    *(Roll(3.0, 1.0, 12), Roll(2.0, 1.0, 8), Roll(2.5, 0.5, 3), Roll(3.25, 0.25, 3)),
)
HATS = ("x.x.x.x.x.x.x.x.", "xoxoxoxoxoxoxoxo", "x.x.x.xox.x.x.xo", "xox.xox.xox.xox.")
_RAMPS = (-7, -4, -2, 0, 0, 3, 5, 7)  # semitones from the first to the last stroke of a roll


def as_written(score: Score, _: np.random.Generator) -> Score:
    """The score itself."""
    return score


def thinned(least_beats: float) -> Playing:
    """Hats no nearer to each other than so many beats; the others are left out."""

    def play(score: Score, _: np.random.Generator) -> Score:
        kept: list[Note] = []
        last = -np.inf
        for note in score.notes:
            if note.part == "hat":
                if note.beat - last < least_beats:
                    continue
                last = note.beat
            kept.append(note)
        return replace(score, notes=tuple(kept))

    return play


def stuttering(score: Score, rng: np.random.Generator) -> Score:
    """The score with the hats of trap and an 808 that rings and slides.

    Every bar with hats gets a straight pattern of them, drawn once for the piece, and one to three
    rolls that repeat every four bars.
    """
    pattern = draw(rng, HATS)
    bars = [_bar_of_rolls(rng, last=at == _HAT_BARS - 1) for at in range(_HAT_BARS)]
    played = {int(note.beat // BEATS_PER_BAR) for note in score.notes if note.part == "hat"}
    notes = [note for note in score.notes if note.part not in ("hat", "sub")]
    for bar in sorted(played):
        first = float(bar * BEATS_PER_BAR)
        hats = bars[bar % _HAT_BARS]
        for note in steps("hat", first, pattern):
            if not any(0 <= note.beat - first - roll[0].beat < roll[0].beats for roll in hats):
                notes.append(note)
        for roll in hats:
            notes += _strokes(*roll, first)
    notes += _eight_oh_eight([note for note in score.notes if note.part == "sub"], rng)
    order = sorted(notes, key=lambda note: (note.beat, note.part, note.pitch))
    return replace(score, notes=tuple(order))


_Ramp = tuple[Roll, int, float, float]
"""A roll, the semitones it moves by, and its velocities at both ends."""


def _bar_of_rolls(rng: np.random.Generator, last: bool) -> list[_Ramp]:
    """One to three rolls that do not overlap; two at least in the last bar of the pattern."""
    wanted = int(rng.integers(2 if last else 1, 4))
    chosen: list[Roll] = []
    for place in rng.permutation(len(ROLLS)):
        roll = ROLLS[place]
        free = all(
            roll.beat >= one.beat + one.beats or one.beat >= roll.beat + roll.beats
            for one in chosen
        )
        if free and len(chosen) < wanted:
            chosen.append(roll)
    ramps: list[_Ramp] = []
    for roll in chosen:
        quiet, loud = float(rng.uniform(0.35, 0.6)), float(rng.uniform(0.8, 1.0))
        ends = (quiet, loud) if rng.random() < 0.6 else (loud, quiet)
        ramps.append((roll, draw(rng, _RAMPS), *ends))
    return ramps


def _strokes(roll: Roll, semitones: int, first: float, last: float, bar: float) -> list[Note]:
    notes = []
    for stroke, progress in enumerate(np.linspace(0.0, 1.0, roll.strokes)):
        beat = bar + roll.beat + stroke * roll.beats / roll.strokes
        pitch = _MIDDLE + round(semitones * float(progress))
        velocity = first + (last - first) * float(progress)
        notes.append(Note("hat", beat, roll.beats / roll.strokes, pitch, velocity))
    return notes


def _eight_oh_eight(bass: list[Note], rng: np.random.Generator) -> list[Note]:
    """Notes that ring until the next, some of them sliding to its pitch or an octave up."""
    played = []
    for note, following in zip_longest(bass, bass[1:]):
        gap = following.beat - note.beat if following else _LONGEST_808
        held = min(max(note.beats, min(gap, _LONGEST_808)), gap)
        slide, chance = 0, rng.random()
        if following and gap <= _LONGEST_808 and following.pitch != note.pitch and chance < 0.6:
            slide = following.pitch - note.pitch
        elif held >= 1.0 and chance > 0.85:
            slide = 12
        played.append(replace(note, beats=held, slide=slide))
    return played
