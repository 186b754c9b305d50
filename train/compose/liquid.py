"""Liquid drum & bass: a two-step break under ninth chords, melody and pads up front."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.dsp.tempo import Tempo
from train.compose import melody, rhythm
from train.compose.arrange import Bar, Layer, Section, arrange
from train.compose.harmony import Key, above
from train.compose.melody import BassCell, Rhythm, Stroke
from train.compose.rhythm import Groove
from train.compose.score import Feel, Note, Score

BPM = 175.0
DOWNBEAT_S = 0.25
TAIL_S = 1.6
PICKUP_BEATS = 0.7
PAD_LOWEST = 53

HANDS = Feel(swing=0.14, drift_beats=0.006, touch=0.08)

GROOVE = Groove(
    kicks=("X.........X.....", "X.........X..o..", "X.o.......X.....", "X.....o...X....."),
    snare="....X.......X...",
    ghosts=(".......-.-......", ".......-.-.....-", "..-....-.......-", ".......-..-...--"),
    hats=("x-o-x-o-x-o-x-o-", "o.x-o.x-o.x-o.x-"),
    fills=(
        {"kick": "X.........X.o...", "snare": "....X.......X..o", "ghost": ".......-.-....-."},
        {"kick": "X.....x...X.....", "snare": "....X.....o.X...", "ghost": ".......-.-....--"},
    ),
    long_fills=(
        {
            "kick": "X.....x...X.....",
            "snare": "....X.......XoxX",
            "ghost": ".......--o-.....",
            "tom": "..........o.....",
        },
        {
            "kick": "X.........X.....",
            "snare": "....X..o.o..X.xX",
            "ghost": "......-.-.-..o..",
        },
    ),
    feel=HANDS,
)
OPEN_HATS = ("..o...o...o...o.", "......o.......o.")
RIDES = ("o...x...o...x...", "..x...x...x...x.")
LIGHT_KICKS = ("x.........o.....",)
SHAKERS = ("-o-o-o-o-o-o-o-o", "o-x-o-x-o-x-o-x-")

BASS: tuple[BassCell, ...] = (
    (Stroke(0.0, 2.25), Stroke(2.5, 1.4)),
    (Stroke(0.0, 1.5), Stroke(1.5, 0.75), Stroke(2.5, 1.0), Stroke(3.5, 0.45, -1)),
    (Stroke(0.0, 2.25), Stroke(2.5, 0.7), Stroke(3.25, 0.7, 2)),
)
GROWL: tuple[BassCell, ...] = ((), (Stroke(1.5, 0.5), Stroke(3.0, 0.4), Stroke(3.5, 0.45, 2)))
KEYS: tuple[Rhythm, ...] = (
    ((0.0, 1.4), (1.5, 1.0), (2.75, 1.2)),
    ((0.0, 0.7), (0.75, 1.5), (2.5, 1.4)),
    ((0.5, 1.0), (1.75, 0.7), (2.5, 1.4)),
)
LEAD: tuple[Rhythm, ...] = (
    ((0.0, 0.7), (0.75, 0.7), (1.5, 1.0), (2.5, 0.5), (3.0, 0.9)),
    ((0.5, 0.5), (1.0, 0.7), (1.75, 0.7), (2.5, 1.4)),
    ((0.0, 1.4), (1.5, 0.5), (2.0, 0.7), (2.75, 1.2)),
)

HOME = (0, 5, 2, 6)
AWAY = (3, 0, 5, 6)
TURN = (0, 5, 3, 6)

DRUMS = ("break", "hats", "shaker")
SONG = ("pad", "keys", "sub")
ARRANGEMENT = (
    Section(("atmosphere", "pad", "guitar", "hats", "swell"), HOME),
    Section(("pad", "keys", "hats", "shaker", "light kick", "choir", "roll", "riser"), TURN),
    Section(("crash", *DRUMS, *SONG, "lead"), HOME),
    Section((*DRUMS, *SONG, "open hats", "growl", "choir", "lead", "swell"), AWAY),
    Section(("crash", *DRUMS, *SONG, "ride", "reese", "choir"), HOME),
    Section((*DRUMS, *SONG, "ride", "reese", "growl", "lead"), AWAY),
    Section(("crash", "atmosphere", "pad", "keys", "guitar", "choir", "riser", "swell"), TURN),
    Section(("crash", *DRUMS, *SONG, "ride", "open hats", "reese", "guitar", "lead"), HOME),
    Section(("final",), (0,)),
)


def compose(key: Key, rng: np.random.Generator) -> Score:
    """A short piece: intro, build, sixteen bars of drop, breakdown, last drop and a final chord.

    Args:
        key: its key, minor.
        rng: decides patterns, melody and touch.
    """
    notes = arrange(ARRANGEMENT, _layers(key, rng), key, PAD_LOWEST)
    tempo = Tempo(BPM, DOWNBEAT_S)
    bars = sum(len(section.degrees) for section in ARRANGEMENT)
    # The last bar is the final chord alone: it rings for the tail.
    return Score(tempo, tuple(notes), DOWNBEAT_S + (bars - 1) * tempo.bar_s + TAIL_S)


def _layers(key: Key, rng: np.random.Generator) -> dict[str, Layer]:
    order = tuple(int(cell) for cell in rng.integers(len(BASS), size=4))
    return {
        "break": rhythm.breakbeat(GROOVE, rng),
        "hats": rhythm.ostinato("hat", GROOVE.hats, HANDS, rng),
        "open hats": rhythm.ostinato("open hat", OPEN_HATS, HANDS, rng),
        "ride": rhythm.ostinato("ride", RIDES, HANDS, rng),
        "shaker": rhythm.ostinato("shaker", SHAKERS, HANDS, rng),
        "light kick": rhythm.ostinato("kick", LIGHT_KICKS, Feel(), rng),
        "roll": rhythm.roll,
        "crash": rhythm.crash,
        "riser": rhythm.riser,
        "swell": rhythm.swell,
        "sub": melody.bass("sub", BASS, order),
        "reese": melody.bass("reese", BASS, order),
        "growl": melody.bass("growl", GROWL, (0, 1), melody.GROWL_LOWEST),
        "pad": melody.pad(PICKUP_BEATS),
        "keys": melody.keys(KEYS, HANDS, rng),
        "lead": melody.lead(key, LEAD, HANDS, rng),
        "guitar": melody.on_tonic("guitar", third=0, lowest=40, beats=8.0),
        "choir": melody.on_tonic("choir", third=2, lowest=66, beats=4.0),
        "atmosphere": _atmosphere,
        "final": _final,
    }


def _atmosphere(bar: Bar) -> Iterable[Note]:
    if bar.opens:
        early = PICKUP_BEATS if bar.number == 0 else 0.0
        yield Note("atmosphere", bar.beat - early, 4.0 * bar.section_bars + early)


def _final(bar: Bar) -> Iterable[Note]:
    yield Note("kick", bar.beat)
    yield Note("crash", bar.beat, velocity=0.7)
    yield Note("sub", bar.beat, 4.0, above(bar.chord.pitch_class(0), melody.SUB_LOWEST), 0.7)
    yield Note("lead", bar.beat, 1.5, above(bar.chord.pitch_class(2), melody.LEAD_LOWEST))
    for pitch in bar.voicing:
        yield Note("pad", bar.beat, 1.0, pitch, 0.7)
        yield Note("keys", bar.beat, 2.0, pitch, 0.7)
