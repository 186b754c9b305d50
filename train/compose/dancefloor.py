"""How dancefloor drum & bass is composed: a straight, busy two-step under riffs of bass."""

from __future__ import annotations

from train.compose.melody import Stroke
from train.compose.rhythm import Break
from train.compose.style import Style


def _break(kick: str, snare: str, ghost: str) -> Break:
    return {"kick": kick, "snare": snare, "ghost": ghost}


DANCEFLOOR = Style(
    breaks=(
        _break("X.........X.....", "....X.......X...", "................"),
        _break("X.........X..x..", "....X.......X...", ".......-........"),
        _break("X.x.......X.....", "....X.......X...", ".........-......"),
        _break("X.........X.x...", "....X.......X...", ".......-.-......"),
        _break("X.....X...X.....", "....X.......X...", "...............-"),
        _break("X..X......X.....", "....X.......X...", ".......-........"),
        _break("X.........X...X.", "....X.......X...", ".........-......"),
        _break("X.....x.x.......", "....X.......X...", "..-............."),
        _break("X.X...X...X.....", "....X.......X...", "................"),
        _break("X......X..X.....", "....X.......X..o", ".........-......"),
    ),
    fills=(
        {"kick": "X.........X.....", "snare": "....X.......X.X.", "ghost": ".......-........"},
        {"kick": "X.X.......X.X...", "snare": "....X.......X..x", "ghost": "................"},
        {"kick": "X.....X.........", "snare": "....X.....x.X...", "tom": ".............oo."},
        {"kick": "X..X..X...X.....", "snare": "....X.......X...", "tom": "..............x."},
    ),
    long_fills=(
        {"kick": "X.........X.....", "snare": "....X...x.x.XxXX"},
        {"kick": "X.X.X.X.........", "snare": "....X...X.X.X.XX", "tom": ".........o.o.o.."},
        {"kick": "X.....X.........", "snare": "....X.......xxXX", "tom": "........o.o....."},
    ),
    hats=("..x...x...x...x.", "x.o.x.o.x.o.x.o.", "o.x.o.x.o.x.o.x.", "x-o-x-o-x-o-x-o-"),
    open_hats=("..x...x...x...x.", "..o...o...o...o.", "......o.......o."),
    rides=("x.x.x.x.x.x.x.x.", "x...x...x...x...", "..x...x...x...x."),
    shakers=("-x-x-x-x-x-x-x-x", "ooxoooxoooxoooxo"),
    progressions=(
        (0, 0, 3, 6),
        (0, 2, 0, 6),
        (0, 0, 6, 3),
        (0, 0, 5, 6),
        (0, 5, 0, 6),
        (0, 0, 0, 5),
        (0, 5, 3, 6),
        (0, 3, 0, 4),
        (0, 0, 2, 5),
    ),
    bass_cells=(
        (Stroke(0.0, 0.9), Stroke(1.5, 0.9), Stroke(2.5, 0.4), Stroke(3.0, 0.9)),
        (Stroke(0.0, 1.9), Stroke(2.0, 0.9), Stroke(3.25, 0.7)),
        (Stroke(0.0, 0.7), Stroke(0.75, 0.7), Stroke(1.5, 1.4), Stroke(3.5, 0.45, -1)),
        (Stroke(0.0, 2.9), Stroke(3.0, 0.4), Stroke(3.5, 0.45, 2)),
        (Stroke(0.0, 0.45), Stroke(1.0, 0.45), Stroke(1.5, 0.9), Stroke(2.5, 1.4)),
        (Stroke(0.0, 3.9),),
    ),
    stabs=(
        (Stroke(1.5, 0.5), Stroke(3.0, 0.4), Stroke(3.5, 0.45, 2)),
        (Stroke(0.5, 0.4), Stroke(2.5, 0.4)),
        (Stroke(3.5, 0.45),),
        (),
    ),
    keys=(
        ((0.0, 0.9), (1.5, 0.7), (2.5, 0.9)),
        ((0.0, 0.7), (0.75, 0.7), (1.5, 1.4), (3.0, 0.9)),
        ((0.5, 0.7), (1.5, 0.7), (2.5, 0.7), (3.5, 0.5)),
        ((0.0, 1.4), (2.5, 1.4)),
    ),
    lead=(
        ((0.0, 0.7), (0.75, 0.7), (1.5, 0.7), (2.5, 0.5), (3.0, 0.7)),
        ((0.0, 0.5), (0.5, 0.5), (1.5, 0.9), (2.5, 1.4)),
        ((0.0, 1.4), (1.5, 0.5), (2.0, 0.9), (3.5, 0.5)),
        ((0.5, 0.7), (1.5, 0.7), (2.5, 0.7), (3.5, 0.5)),
    ),
    sections={
        "intro": ("atmosphere", "pad", "hats", "keys?", "growl?", "swell"),
        "build": ("pad", "keys?", "hats", "light kick", "choir?", "roll", "riser"),
        "drop": (
            *("crash", "break", "hats", "sub", "reese", "pad", "keys", "lead"),
            *("open hats?", "growl?", "ride?", "shaker?", "choir?", "swell?"),
        ),
        "breakdown": ("crash", "atmosphere", "pad", "keys", "lead?", "choir?", "riser"),
        "outro": ("crash", "break", "hats", "sub", "reese"),
    },
    swing=(0.0, 0.1),
)
