"""How older R&B is composed: a band that plays together, from straight sixteenths to a shuffle.

Young, Broido & Ayumba, "Multi-instrumental genre transfer using CycleGAN", have it as "real
instrumentation and older analog recording quality".
"""

from __future__ import annotations

from train.compose.melody import Stroke
from train.compose.rhythm import Break
from train.compose.style import SONGS, VERSES, Style


def _break(kick: str, snare: str, ghost: str) -> Break:
    return {"kick": kick, "snare": snare, "ghost": ghost}


RNB = Style(
    breaks=(
        _break("X.....x.X.....o.", "....X.......X...", ".......-.-......"),
        _break("X.......X.x.....", "....X.......X...", "..-....-.......-"),
        _break("X..o....X.......", "....X.......X...", ".......-.-.-...."),
        _break("X.x.....X.....x.", "....X.......X...", "......-..-......"),
        _break("X.......x.X.....", "....X.......X...", ".......-.....-.-"),
        _break("X.....o.X..o....", "....X.......X...", "..-....-........"),
        _break("X..x..x.........", "....X.......X...", ".........-.-...-"),
        _break("X.......X..x..o.", "....X.......X...", ".......-........"),
        _break("X.o.....x.......", "....X.......X...", ".......-..-....-"),
        _break("X.....x...x.....", "....X.......X...", "..-......-......"),
    ),
    fills=(
        {"kick": "X.....x.X.......", "snare": "....X.......X.oo", "ghost": ".......-.-......"},
        {"kick": "X.......X.......", "snare": "....X.......X...", "tom": "..............oo"},
        {"kick": "X..o....X.......", "snare": "....X.....o.X..o", "ghost": ".......-........"},
        {"kick": "X.......X.x.....", "snare": "....X.......X...", "ghost": ".......-.-.-..--"},
    ),
    long_fills=(
        {"kick": "X.......X.......", "snare": "....X.......xoxo", "tom": "..........oo...."},
        {"kick": "X.....x.........", "snare": "....X...oo..X...", "tom": "..........oo..oo"},
        {"kick": "X.......X.......", "snare": "....X.......X.xx", "tom": "........o.o....."},
    ),
    hats=("x-o-x-o-x-o-x-o-", "x.o.x.o.x.o.x.o.", "x.oox.oox.oox.oo", "o-x-o-x-o-x-o-x-"),
    open_hats=("..............o.", "......o.......o.", "..o............."),
    rides=("x...x.o.x...x.o.", "x.o.x.o.x.o.x.o."),
    shakers=("-.o.-.o.-.o.-.o.", "o.o.o.o.o.o.o.o."),
    progressions=(
        (5, 4, 2, 2),
        (2, 0, 3, 6),
        (2, 0, 5, 6),
        (5, 6, 2, 0),
        (3, 6, 2, 2),
        (2, 4, 5, 6),
        (0, 3, 6, 2),
        (0, 3, 0, 4),
        (3, 4, 0, 0),
        (2, 6, 3, 6),
    ),
    bass_cells=(
        (
            Stroke(0.0, 0.9),
            Stroke(1.5, 0.4),
            Stroke(2.0, 0.9),
            Stroke(3.0, 0.4, 2),
            Stroke(3.5, 0.45, -1),
        ),
        (
            Stroke(0.0, 0.7),
            Stroke(0.75, 0.4, 2),
            Stroke(2.0, 0.7),
            Stroke(2.75, 0.5),
            Stroke(3.5, 0.45, -1),
        ),
        (Stroke(0.0, 1.4), Stroke(1.5, 0.4, 2), Stroke(2.0, 1.2), Stroke(3.25, 0.6, 3)),
        (Stroke(0.0, 1.8), Stroke(2.0, 0.7), Stroke(2.75, 0.7, 2), Stroke(3.5, 0.45, 3)),
        (
            Stroke(0.0, 0.45),
            Stroke(0.5, 0.9),
            Stroke(2.0, 0.45, 2),
            Stroke(2.5, 0.9),
            Stroke(3.5, 0.45, -1),
        ),
        (Stroke(0.0, 1.2), Stroke(1.5, 0.9, 1), Stroke(2.5, 0.9, 2), Stroke(3.5, 0.45, -1)),
    ),
    stabs=((),),
    keys=(
        ((0.0, 1.4), (1.5, 0.4), (2.0, 1.8)),
        ((0.0, 0.7), (1.0, 0.7), (2.0, 0.7), (3.0, 0.7)),
        ((0.0, 1.8), (2.0, 1.2), (3.5, 0.4)),
        ((0.0, 0.9), (1.5, 0.9), (2.5, 1.3)),
    ),
    lead=(
        ((0.0, 0.9), (1.0, 0.5), (1.5, 0.9), (2.5, 1.4)),
        ((0.5, 0.5), (1.0, 0.5), (1.5, 1.0), (3.0, 0.9)),
        ((0.0, 1.9), (2.0, 0.5), (2.5, 0.5), (3.0, 0.9)),
        ((0.0, 0.5), (0.5, 0.5), (1.0, 1.4), (2.75, 1.0)),
        ((1.0, 0.7), (1.75, 0.7), (2.5, 1.4)),
    ),
    sections={
        "intro": ("keys", "hats", "guitar?", "pad", "light kick?"),
        "verse": ("break", "hats", "sub", "keys", "chank", "pad?", "open hats?", "lead?"),
        "hook": (
            "crash",
            "break",
            "hats",
            "sub",
            "keys",
            "chank",
            "horns",
            "lead",
            "pad",
            "shaker?",
        ),
        "bridge": ("keys", "pad", "lead", "hats", "light kick", "sub", "horns?"),
        "outro": ("break", "hats", "sub", "keys", "chank", "pad?"),
    },
    swing=(0.0, 0.3),
    bpm=75.0,
    bpm_spread=0.15,
    forms=SONGS,
    develops=VERSES,
    chanks=(
        ((1.0, 0.12), (3.0, 0.12)),
        ((1.0, 0.12), (2.75, 0.1), (3.0, 0.12)),
        ((0.5, 0.1), (1.5, 0.1), (2.5, 0.1), (3.5, 0.1)),
        ((1.0, 0.12), (1.75, 0.1), (3.0, 0.12), (3.5, 0.1)),
    ),
    horns=(
        (),
        ((3.0, 0.3), (3.5, 0.4)),
        ((0.0, 0.4), (1.5, 0.3)),
        ((2.5, 1.4),),
        ((0.0, 2.6),),
    ),
    swung_frame=True,
    snare_late=0.008,
)
