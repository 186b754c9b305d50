"""How a genre composes: its breaks, progressions, bass lines and forms, drawn into one score.

A score is neutral: what makes it liquid or dancefloor to the ear is how it is performed
(``liquid``, ``dancefloor``), so that each composition can be performed in the other genre too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.dsp.tempo import Tempo
from train.compose import melody, rhythm
from train.compose.arrange import Bar, Layer, Section, arrange
from train.compose.harmony import NATURAL_MINOR, Key, above
from train.compose.melody import BassCell, Rhythm
from train.compose.rhythm import Break, Groove, draw
from train.compose.score import Feel, Note, Score

TAIL_S = 1.6
PAD_LOWEST = 53
_BLOCK = 8  # bars
SCALES = (NATURAL_MINOR, NATURAL_MINOR, NATURAL_MINOR, (0, 2, 3, 5, 7, 9, 10))  # and dorian
Form = tuple[tuple[str, int], ...]
"""Sections in a row: name and number of bars, a multiple of four."""


def _form(
    *, intro: int, build: int, drop: int, breakdown: int, rebuild: int, second: int, outro: int
) -> Form:
    """A form of two drops, by the bars of each section."""
    return (
        *(("intro", intro), ("build", build), ("drop", drop), ("breakdown", breakdown)),
        *(("build", rebuild), ("drop", second), ("outro", outro)),
    )


FORMS: tuple[Form, ...] = (
    _form(intro=8, build=8, drop=16, breakdown=8, rebuild=4, second=16, outro=4),
    _form(intro=16, build=4, drop=16, breakdown=8, rebuild=4, second=16, outro=8),
    _form(intro=8, build=4, drop=16, breakdown=8, rebuild=4, second=24, outro=8),
    _form(intro=8, build=8, drop=24, breakdown=8, rebuild=4, second=16, outro=4),
    _form(intro=8, build=8, drop=24, breakdown=8, rebuild=4, second=24, outro=4),
)


@dataclass(frozen=True)
class Style:
    """What a genre composes with.

    Attributes:
        breaks: bars of drums, at least eight.
        fills, long_fills: for the last of four and of eight bars.
        hats, open_hats, rides, shakers: bars of cymbals.
        progressions: degrees of four bars.
        bass_cells, stabs: bars of bass, and of the growl between.
        keys, lead: rhythms of a bar.
        sections: layers that may play in each kind of section; those after ``"?"`` by chance.
        swing: smallest and largest, parts of a sixteenth.
    """

    breaks: tuple[Break, ...]
    fills: tuple[Mapping[str, str], ...]
    long_fills: tuple[Mapping[str, str], ...]
    hats: tuple[str, ...]
    open_hats: tuple[str, ...]
    rides: tuple[str, ...]
    shakers: tuple[str, ...]
    progressions: tuple[tuple[int, ...], ...]
    bass_cells: tuple[BassCell, ...]
    stabs: tuple[BassCell, ...]
    keys: tuple[Rhythm, ...]
    lead: tuple[Rhythm, ...]
    sections: Mapping[str, tuple[str, ...]]
    swing: tuple[float, float]


@dataclass(frozen=True)
class Composition:
    """A score and where its sections are.

    Attributes:
        score: the notes.
        key: of all chords.
        sections: name, first bar and number of bars of each.
    """

    score: Score
    key: Key
    sections: tuple[tuple[str, int, int], ...]


def compose(
    manner: Style, tempo: Tempo, rng: np.random.Generator, form: Form | None = None
) -> Composition:
    """Draw a piece.

    Args:
        manner: of the genre.
        tempo: with the time of its first downbeat.
        rng: decides everything.
        form: its sections; by default one of ``FORMS``, 64 to 80 bars.
    """
    key = Key(int(rng.integers(12)), SCALES[int(rng.integers(len(SCALES)))])
    sound = [p for p in manner.progressions if not any(key.diminished(degree) for degree in p)]
    progressions = [sound[i] for i in rng.permutation(len(sound))[:3]]
    sections, places, bar = [], [], 0
    for name, bars in form or draw(rng, FORMS):
        for part in range(0, bars, _BLOCK if name == "drop" else bars):
            # A drop develops: every eight bars other layers, every second time the other chords.
            length = min(_BLOCK, bars - part) if name == "drop" else bars
            degrees = progressions[part // _BLOCK % 2 if name == "drop" else 2]
            sections.append(
                Section(_layers_of(manner.sections[name], rng), degrees * (length // 4))
            )
        places.append((name, bar, bars))
        bar += bars
    sections.append(Section(("final",), (0,)))
    notes = arrange(sections, _layers(manner, key, rng), key, PAD_LOWEST)
    score = Score(tempo, tuple(notes), tempo.downbeat_s + bar * tempo.bar_s + TAIL_S)
    return Composition(score, key, tuple(places))


def _layers_of(names: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    return tuple(n.rstrip("?") for n in names if not n.endswith("?") or rng.random() < 0.5)


def _layers(manner: Style, key: Key, rng: np.random.Generator) -> dict[str, Layer]:
    hands = Feel(swing=float(rng.uniform(*manner.swing)), drift_beats=0.006, touch=0.08)
    groove = Groove.drawn(manner.breaks, manner.fills, manner.long_fills, hands, rng)
    order = tuple(int(cell) for cell in rng.integers(len(manner.bass_cells), size=4))
    stabs = tuple(int(cell) for cell in rng.integers(len(manner.stabs), size=4))
    return {
        "break": rhythm.breakbeat(groove, rng),
        "hats": rhythm.ostinato("hat", manner.hats, hands, rng),
        "open hats": rhythm.ostinato("open hat", manner.open_hats, hands, rng),
        "ride": rhythm.ostinato("ride", manner.rides, hands, rng),
        "shaker": rhythm.ostinato("shaker", manner.shakers, hands, rng),
        "light kick": rhythm.ostinato("kick", ("x.........o.....",), Feel(), rng),
        "roll": rhythm.roll,
        "crash": rhythm.crash,
        "riser": rhythm.riser,
        "swell": rhythm.swell,
        "sub": melody.bass("sub", manner.bass_cells, order),
        "reese": melody.bass("reese", manner.bass_cells, order),
        "growl": melody.bass("growl", manner.stabs, stabs, melody.GROWL_LOWEST),
        "pad": melody.pad(),
        "keys": melody.keys(manner.keys, hands, rng),
        "lead": melody.lead(key, manner.lead, hands, rng),
        "guitar": melody.on_tonic("guitar", third=0, lowest=40, beats=8.0),
        "choir": melody.on_tonic("choir", third=2, lowest=66, beats=4.0),
        "atmosphere": _atmosphere,
        "final": _final,
    }


def _atmosphere(bar: Bar) -> Iterable[Note]:
    if bar.opens:
        yield Note("atmosphere", bar.beat, 4.0 * bar.section_bars)


def _final(bar: Bar) -> Iterable[Note]:
    yield Note("kick", bar.beat)
    yield Note("crash", bar.beat, velocity=0.7)
    yield Note("sub", bar.beat, 2.0, above(bar.chord.pitch_class(0), melody.SUB_LOWEST), 0.7)
    for pitch in bar.voicing:
        yield Note("pad", bar.beat, 1.0, pitch, 0.7)
        yield Note("keys", bar.beat, 2.0, pitch, 0.7)
