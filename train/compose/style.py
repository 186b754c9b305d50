"""How a genre composes: its breaks, progressions, bass lines and forms, drawn into one score.

A score is neutral: what makes it liquid or dancefloor to the ear is how it is performed
(``liquid``, ``dancefloor``), so that each composition can be performed in the other genre too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

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
DROPS: Mapping[str, tuple[int, ...]] = {"drop": (0, 1)}
SONGS: tuple[Form, ...] = (
    (
        ("intro", 4),
        ("verse", 8),
        ("hook", 8),
        ("verse", 8),
        ("bridge", 4),
        ("hook", 8),
        ("outro", 4),
    ),
    (("intro", 4), ("verse", 16), ("hook", 8), ("bridge", 4), ("hook", 8), ("outro", 4)),
    (
        ("intro", 8),
        ("hook", 8),
        ("verse", 8),
        ("bridge", 4),
        ("verse", 8),
        ("hook", 8),
        ("outro", 4),
    ),
    (("intro", 4), ("hook", 8), ("verse", 16), ("bridge", 4), ("hook", 16), ("outro", 4)),
    (("intro", 8), ("verse", 8), ("hook", 8), ("bridge", 8), ("hook", 8), ("outro", 4)),
)
"""Verses and hooks, 44 to 52 bars: two to three and a half minutes at 60 to 90 BPM."""
VERSES: Mapping[str, tuple[int, ...]] = {"verse": (0,), "hook": (1,)}


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
        bpm, bpm_spread: tempi lie within bpm·(1 ± spread).
        forms: sections that a piece may have.
        develops: sections that change their layers every eight bars, each with the progressions
            (the first, second or third of the piece) that it takes in turn; others have the third.
        chanks, horns: rhythms of a bar of guitar and of brass, in genres that have them.
        swung_frame: whether kick and snare swing too.
        snare_late: how far the snare is behind the beat, beats.
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
    bpm: float = 175.0
    bpm_spread: float = 0.0
    forms: tuple[Form, ...] = FORMS
    develops: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: DROPS)
    chanks: tuple[Rhythm, ...] = ()
    horns: tuple[Rhythm, ...] = ()
    swung_frame: bool = False
    snare_late: float = 0.0


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
        form: its sections; by default one of the manner's.
    """
    key = Key(int(rng.integers(12)), SCALES[int(rng.integers(len(SCALES)))])
    sound = [p for p in manner.progressions if not any(key.diminished(degree) for degree in p)]
    progressions = [sound[i] for i in rng.permutation(len(sound))[:3]]
    sections, places, bar = [], [], 0
    for name, bars in form or draw(rng, manner.forms):
        turns = manner.develops.get(name, (2,))
        block = _BLOCK if name in manner.develops else bars
        for part in range(0, bars, block):
            # Every eight bars other layers, and the next of the section's chords.
            length = min(block, bars - part)
            degrees = progressions[turns[part // block % len(turns)]]
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
    frame = {}
    if manner.swung_frame:
        frame["kick"] = replace(hands, touch=0.04)
        frame["snare"] = replace(hands, touch=0.03, late_beats=manner.snare_late)
    groove = Groove.drawn(manner.breaks, manner.fills, manner.long_fills, hands, rng, frame)
    order = tuple(int(cell) for cell in rng.integers(len(manner.bass_cells), size=4))
    stabs = tuple(int(cell) for cell in rng.integers(len(manner.stabs), size=4))
    layers = {
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
    # Drawn last, and only where a genre has them: the others stay as they are.
    for name, rhythms in (("chank", manner.chanks), ("horns", manner.horns)):
        if rhythms:
            layers[name] = melody.keys(rhythms, hands, rng, name)
    return layers


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
