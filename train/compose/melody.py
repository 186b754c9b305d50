"""Layers with pitch: bass, pads, keys and the lead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from train.compose.arrange import Bar, Layer
from train.compose.harmony import Key, above
from train.compose.rhythm import draw
from train.compose.score import Feel, Note

SUB_LOWEST = 27  # E flat, 39 Hz: lower roots are felt by few loudspeakers
GROWL_LOWEST = 39
PENTATONIC = (0, 2, 3, 4, 6)  # degrees of the minor scale that no chord of it rubs against
LEAD_LOWEST, LEAD_HIGHEST = 68, 85
LEAD_MOVES = (-2, -1, -1, 1, 1, 2)  # rungs of the pentatonic ladder


@dataclass(frozen=True)
class Stroke:
    """A place in a bar, in beats; ``third`` picks the chord tone, −1 the step to the next root."""

    beat: float
    beats: float
    third: int = 0


BassCell = tuple[Stroke, ...]
Rhythm = tuple[tuple[float, float], ...]
"""Places and lengths within a bar, in beats."""


def bass(
    part: str, cells: tuple[BassCell, ...], order: tuple[int, ...], lowest: int = SUB_LOWEST
) -> Layer:
    """A bass line from one-bar cells; layers with the same order play the same line.

    Args:
        part: who plays it.
        cells: the rhythms.
        order: which cell each bar takes, repeated.
        lowest: MIDI pitch below which the line does not go.
    """

    def write(bar: Bar) -> Iterable[Note]:
        root = above(bar.chord.pitch_class(0), lowest)
        for stroke in cells[order[bar.number % len(order)]]:
            if stroke.third < 0:
                target = above(bar.following.pitch_class(0), lowest)
                scale = {(s + bar.chord.key.tonic) % 12 for s in bar.chord.key.scale}
                pitch = next(p for p in (target - 1, target - 2) if p % 12 in scale)
            else:
                pitch = above(bar.chord.pitch_class(stroke.third), root)
            yield Note(part, bar.beat + stroke.beat, stroke.beats, pitch, 1.0)

    return write


def pad() -> Layer:
    """The chord, held for the bar."""

    def write(bar: Bar) -> Iterable[Note]:
        for pitch in bar.voicing:
            yield Note("pad", bar.beat, 4.0, pitch)

    return write


def keys(
    rhythms: tuple[Rhythm, ...], feel: Feel, rng: np.random.Generator, part: str = "keys"
) -> Layer:
    """The chord in broken rhythm; two bars alternate, the top voice is played hardest.

    Args:
        rhythms: that the two bars are drawn from.
        feel: how it is played.
        rng: of the rhythms and of the feel.
        part: who plays it.
    """
    pair = draw(rng, rhythms), draw(rng, rhythms)

    def write(bar: Bar) -> Iterable[Note]:
        for beat, beats in pair[bar.number % 2]:
            strength = 0.75 if beat == int(beat) else 0.55
            for voice, pitch in enumerate(bar.voicing):
                note = Note(part, bar.beat + beat, beats, pitch, strength * (0.7 + 0.1 * voice))
                yield from feel.play([note], rng)

    return write


def lead(key: Key, rhythms: tuple[Rhythm, ...], feel: Feel, rng: np.random.Generator) -> Layer:
    """A melody of two sentences of four bars, in the order A A B A.

    A sentence is statement, answer, statement, and a close that rests. Its contour is drawn once,
    so that the melody can be recognised; notes on the beat move to the nearest tone of the chord,
    the others stay pentatonic.

    Args:
        key: of the pentatonic ladder.
        rhythms: that the bars of the sentences are drawn from.
        feel: how it is played.
        rng: of the melody and of the feel.
    """
    ladder = [
        pitch
        for pitch in range(LEAD_LOWEST, LEAD_HIGHEST + 1)
        if pitch % 12 in {key.pitch(degree) % 12 for degree in PENTATONIC}
    ]
    sentences = [_sentence(rhythms, rng) for _ in range(2)]

    def write(bar: Bar) -> Iterable[Note]:
        rhythm, contour = sentences[bar.number // 4 % 4 == 2][bar.number % 4]
        rung = len(ladder) // 2
        for (beat, beats), move in zip(rhythm, contour, strict=True):
            rung += int(move if 0 <= rung + move < len(ladder) else -move)
            pitch = ladder[rung]
            if beat == int(beat):
                classes = bar.chord.pitch_classes
                pitch = min(
                    (p for p in range(pitch - 4, pitch + 5) if p % 12 in classes),
                    key=lambda p: (abs(p - ladder[rung]), p),
                )
            note = Note("lead", bar.beat + beat, beats, pitch, 0.9 if beat < 1 else 0.75)
            yield from feel.play([note], rng)

    return write


def _sentence(
    rhythms: tuple[Rhythm, ...], rng: np.random.Generator
) -> list[tuple[Rhythm, list[int]]]:
    """Four bars, each a rhythm and the moves between its notes."""
    statement, answer = draw(rng, rhythms), draw(rng, rhythms)
    bars = [
        (rhythm, [int(move) for move in rng.choice(LEAD_MOVES, len(rhythm))])
        for rhythm in (statement, answer, statement, ((0.0, 1.5), (1.5, 2.0)))
    ]
    bars[2] = bars[0]
    return bars


def on_tonic(part: str, third: int, lowest: int, beats: float) -> Layer:
    """A sampled phrase on bars of the tonic, tuned to one of its tones.

    Args:
        part: who plays it.
        third: the tone: root (0), third (1), fifth (2), seventh (3) or ninth (4).
        lowest: MIDI pitch below which it does not go.
        beats: how long it is held.
    """

    def write(bar: Bar) -> Iterable[Note]:
        if bar.chord.degree == 0:
            yield Note(part, bar.beat, beats, above(bar.chord.pitch_class(third), lowest))

    return write
