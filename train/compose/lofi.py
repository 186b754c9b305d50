"""How lo-fi hip hop is composed: late, swung boom-bap under loops of ninth chords.

The genre is one of three of Young, Broido & Ayumba, "Multi-instrumental genre transfer using
CycleGAN", section "Dataset and features".
"""

from __future__ import annotations

from train.compose.melody import Stroke
from train.compose.rhythm import Break
from train.compose.style import SONGS, VERSES, Style


def _break(kick: str, snare: str, ghost: str) -> Break:
    return {"kick": kick, "snare": snare, "ghost": ghost}


LOFI = Style(
    breaks=(
        _break("X......x..X.....", "....X.......X...", "...............-"),
        _break("X.........X..x..", "....X.......X...", ".......-........"),
        _break("X..x......X.....", "....X.......X...", ".........-......"),
        _break("X......o.xX.....", "....X.......X...", "................"),
        _break("X.......X.x.....", "....X.......X...", ".......-......-."),
        _break("X.....x...X..o..", "....X.......X...", "..............-."),
        _break("X..o...x..X.....", "....X.......X...", "...............-"),
        _break("X.........x....o", "....X.......X...", ".......-.-......"),
        _break("X.o....x........", "....X.......X...", "..........-....."),
        _break("X.....o..x......", "....X.......X...", "...............-"),
    ),
    fills=(
        {"kick": "X......x..X...o.", "snare": "....X.......X...", "ghost": ".......-.-.....-"},
        {"kick": "X.........X.....", "snare": "....X.......X..o", "ghost": ".......-........"},
        {"kick": "X..x......X.x...", "snare": "....X.......X...", "ghost": "..............-."},
        {"kick": "X...............", "snare": "....X.......X...", "ghost": ".......-......--"},
    ),
    long_fills=(
        {"kick": "X......x..X.....", "snare": "....X.......X.o.", "tom": "..............o."},
        {"kick": "X.........X.....", "snare": "....X..o....X..x", "ghost": ".........-......"},
        {"kick": "X.......X.......", "snare": "....X.......X...", "tom": "..........o..o.o"},
    ),
    hats=("x.o.x.o.x.o.x.o.", "x...x...x...x...", "o.x.o.x.o.x.o.x.", "..x...x...x...x."),
    open_hats=("..............o.", "......o.........", "..o.......o....."),
    rides=("x.....o.x.....o.", "x...x.o.x...x.o."),
    shakers=("o...o...o...o...", "..o...o...o...o."),
    progressions=(
        (3, 6, 2, 5),
        (3, 6, 0, 0),
        (0, 3, 6, 2),
        (5, 4, 0, 0),
        (5, 6, 0, 3),
        (0, 5, 3, 4),
        (2, 5, 3, 4),
        (3, 4, 0, 6),
        (0, 6, 3, 3),
        (3, 2, 0, 4),
    ),
    bass_cells=(
        (Stroke(0.0, 1.4), Stroke(1.75, 0.5), Stroke(2.5, 1.2)),
        (Stroke(0.0, 1.8), Stroke(2.5, 0.9), Stroke(3.5, 0.45, -1)),
        (Stroke(0.0, 0.9), Stroke(1.5, 0.5, 2), Stroke(2.5, 1.3)),
        (Stroke(0.0, 2.4), Stroke(2.5, 0.6, 2), Stroke(3.25, 0.6)),
        (Stroke(0.0, 3.0), Stroke(3.5, 0.45, -1)),
        (Stroke(0.0, 0.7), Stroke(0.75, 0.9), Stroke(2.5, 0.7), Stroke(3.25, 0.6, 2)),
    ),
    stabs=((),),
    keys=(
        ((0.0, 1.8), (2.5, 1.3)),
        ((0.0, 0.7), (1.75, 2.0)),
        ((0.0, 3.6),),
        ((0.5, 1.2), (2.0, 0.5), (2.75, 1.1)),
        ((0.0, 1.4), (1.5, 0.4), (3.25, 0.6)),
    ),
    lead=(
        ((0.0, 0.7), (0.75, 0.9), (2.5, 0.5), (3.0, 0.9)),
        ((0.5, 0.5), (1.0, 1.4), (3.25, 0.6)),
        ((0.0, 1.4), (1.5, 0.5), (2.0, 1.6)),
        ((1.0, 0.5), (1.5, 0.5), (2.0, 0.7), (2.75, 1.0)),
        ((0.75, 0.7), (1.5, 2.2)),
    ),
    sections={
        "intro": ("atmosphere", "keys", "pad?", "guitar?", "hats?"),
        "verse": ("break", "hats", "keys", "sub", "pad?", "lead?", "open hats?"),
        "hook": ("break", "hats", "keys", "sub", "lead", "pad", "open hats?", "guitar?", "shaker?"),
        "bridge": ("atmosphere", "keys", "lead", "pad?", "sub?", "guitar?"),
        "outro": ("break", "hats", "keys", "sub", "pad?"),
    },
    swing=(0.12, 0.26),
    bpm=75.0,
    bpm_spread=0.15,
    forms=SONGS,
    develops=VERSES,
    swung_frame=True,
    snare_late=0.02,
)
