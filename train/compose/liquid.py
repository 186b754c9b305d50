"""How liquid drum & bass is composed: rolling two-step breaks, ninth chords, melody up front."""

from __future__ import annotations

from train.compose.melody import Stroke
from train.compose.rhythm import Break
from train.compose.style import Style


def _break(kick: str, snare: str, ghost: str) -> Break:
    return {"kick": kick, "snare": snare, "ghost": ghost}


LIQUID = Style(
    breaks=(
        _break("X.........X.....", "....X.......X...", ".......-.-......"),
        _break("X.........X..o..", "....X.......X...", ".......-.-.....-"),
        _break("X.o.......X.....", "....X.......X...", "..-....-.......-"),
        _break("X.....o...X.....", "....X.......X...", ".......-..-...--"),
        _break("X..o......X.....", "....X.......X...", "......-..-....-."),
        _break("X.........X...o.", "....X.......X...", ".-.....-.-......"),
        _break("X.......o.X.....", "....X.......X...", "..-...-....-...-"),
        _break("X.....X...o..x..", "....X.......X...", ".......-.-....-."),
        _break("X..x..........x.", "....X.......X...", "......-..-.-...."),
        _break("X.........X.....", "....X..-.-..X..-", "..-............."),
    ),
    fills=(
        {"kick": "X.........X.o...", "snare": "....X.......X..o", "ghost": ".......-.-....-."},
        {"kick": "X.....x...X.....", "snare": "....X.....o.X...", "ghost": ".......-.-....--"},
        {"kick": "X.........X.....", "snare": "....X.......X.ox", "ghost": "..-....-.-......"},
        {"kick": "X..o......X.....", "snare": "....X..o....X...", "tom": "..............oo"},
    ),
    long_fills=(
        {
            "kick": "X.....x...X.....",
            "snare": "....X.......XoxX",
            "ghost": ".......--o-.....",
            "tom": "..........o.....",
        },
        {"kick": "X.........X.....", "snare": "....X..o.o..X.xX", "ghost": "......-.-.-..o.."},
        {"kick": "X.....X.........", "snare": "....X.....o.o.XX", "tom": "........o..o.o.."},
    ),
    hats=("x-o-x-o-x-o-x-o-", "o.x-o.x-o.x-o.x-", "x.o.x.o.x.o.x.o-", "..x...x...x...x-"),
    open_hats=("..o...o...o...o.", "......o.......o.", "..............o."),
    rides=("o...x...o...x...", "..x...x...x...x.", "x.o.x.o.x.o.x.o."),
    shakers=("-o-o-o-o-o-o-o-o", "o-x-o-x-o-x-o-x-"),
    progressions=(
        (0, 3, 2, 6),
        (3, 0, 2, 6),
        (2, 6, 0, 3),
        (0, 5, 2, 6),
        (3, 0, 5, 6),
        (0, 5, 3, 6),
        (5, 6, 0, 2),
        (0, 3, 5, 4),
        (0, 2, 3, 5),
        (0, 0, 5, 6),
    ),
    bass_cells=(
        (Stroke(0.0, 2.25), Stroke(2.5, 1.4)),
        (Stroke(0.0, 1.5), Stroke(1.5, 0.75), Stroke(2.5, 1.0), Stroke(3.5, 0.45, -1)),
        (Stroke(0.0, 2.25), Stroke(2.5, 0.7), Stroke(3.25, 0.7, 2)),
        (Stroke(0.0, 3.25), Stroke(3.5, 0.45, -1)),
        (Stroke(0.0, 1.0), Stroke(1.5, 1.0, 2), Stroke(2.5, 1.4)),
        (Stroke(0.0, 0.9), Stroke(1.5, 0.9), Stroke(2.5, 0.4), Stroke(3.0, 0.9)),
        (Stroke(0.0, 3.9),),
    ),
    stabs=((), (Stroke(3.0, 0.4), Stroke(3.5, 0.45, 2)), (Stroke(1.5, 0.5),)),
    keys=(
        ((0.0, 1.4), (1.5, 1.0), (2.75, 1.2)),
        ((0.0, 0.7), (0.75, 1.5), (2.5, 1.4)),
        ((0.5, 1.0), (1.75, 0.7), (2.5, 1.4)),
        ((0.0, 0.5), (1.0, 0.5), (1.75, 1.5), (3.5, 0.5)),
    ),
    lead=(
        ((0.0, 0.7), (0.75, 0.7), (1.5, 1.0), (2.5, 0.5), (3.0, 0.9)),
        ((0.5, 0.5), (1.0, 0.7), (1.75, 0.7), (2.5, 1.4)),
        ((0.0, 1.4), (1.5, 0.5), (2.0, 0.7), (2.75, 1.2)),
        ((0.0, 0.5), (0.5, 0.5), (1.0, 1.4), (2.5, 0.5), (3.0, 0.5), (3.5, 0.5)),
        ((0.75, 0.7), (1.5, 1.4), (3.0, 0.9)),
    ),
    sections={
        "intro": ("atmosphere", "pad", "hats", "guitar?", "keys?", "swell"),
        "build": ("pad", "keys", "hats", "shaker", "light kick", "choir?", "roll", "riser"),
        "drop": (
            *("crash", "break", "hats", "pad", "keys", "sub", "reese", "lead"),
            *("shaker?", "open hats?", "ride?", "growl?", "choir?", "guitar?", "swell?"),
        ),
        "breakdown": ("crash", "atmosphere", "pad", "keys", "choir", "guitar?", "lead?", "swell"),
        "outro": ("crash", "break", "hats", "pad", "sub"),
    },
    swing=(0.06, 0.2),
)
