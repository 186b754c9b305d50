"""How trap is composed: a sparse, syncopated kick around the backbeat, minor bells, long 808s.

Counted as Young, Broido & Ayumba ("Multi-instrumental genre transfer using CycleGAN") count it, at
60 to 90 BPM ("trap can be thought of as simply double-time"): what is written at 140 BPM as a snare
on the third beat is a snare on the second and fourth here. The stutter of the hats and the slides
of the 808 are how trap plays any score (``playing``).
"""

from __future__ import annotations

from train.compose.melody import Stroke
from train.compose.rhythm import Break
from train.compose.style import SONGS, VERSES, Style


def _break(kick: str, snare: str, ghost: str) -> Break:
    return {"kick": kick, "snare": snare, "ghost": ghost}


TRAP = Style(
    breaks=(
        _break("X.....x...X.....", "....X.......X...", "................"),
        _break("X..X......X..x..", "....X.......X...", "................"),
        _break("X.....X.X.......", "....X.......X...", "...............-"),
        _break("X..x..x.........", "....X.......X...", "................"),
        _break("X.......X..X..x.", "....X.......X...", "................"),
        _break("X.x.......X...x.", "....X.......X...", ".......-........"),
        _break("X.....x..x......", "....X.......X...", "................"),
        _break("X..X..X...X.....", "....X.......X...", "..........-....."),
        _break("X.........x..X..", "....X.......X...", "................"),
        _break("X..x....X.....X.", "....X.......X...", "................"),
    ),
    fills=(
        {"kick": "X.....x...X.....", "snare": "....X.......X.x.", "ghost": "................"},
        {"kick": "X..X......X.....", "snare": "....X.......X..x", "ghost": "..............-."},
        {"kick": "X.......X.X.....", "snare": "....X.......X...", "tom": "..............oo"},
        {"kick": "X...............", "snare": "....X.......X...", "ghost": "..........-.-..."},
    ),
    long_fills=(
        {"kick": "X.....x.........", "snare": "....X.......XoxX"},
        {"kick": "X..X............", "snare": "....X.......X.XX", "tom": "..........o.o..."},
        {"kick": "X...............", "snare": "....X...x...X...", "tom": ".............ooo"},
    ),
    hats=("x.x.x.x.x.x.x.x.", "xoxoxoxoxoxoxoxo", "x.x.x.xox.x.x.xo", "xox.xox.xox.xox."),
    open_hats=("..............x.", "......x.........", "..x.......x....."),
    rides=("x...x...x...x...",),
    shakers=("..o...o...o...o.",),
    progressions=(
        (0, 0, 5, 5),
        (0, 0, 5, 4),
        (0, 0, 3, 4),
        (0, 0, 6, 6),
        (0, 3, 0, 4),
        (0, 0, 0, 5),
        (5, 5, 0, 0),
        (0, 0, 3, 3),
        (0, 0, 3, 6),
        (0, 5, 3, 4),
    ),
    bass_cells=(
        (Stroke(0.0, 1.4), Stroke(1.5, 0.9), Stroke(2.5, 1.4)),
        (Stroke(0.0, 0.7), Stroke(0.75, 1.6), Stroke(2.5, 0.7), Stroke(3.25, 0.7, 2)),
        (Stroke(0.0, 1.4), Stroke(1.5, 0.45, 2), Stroke(2.0, 1.9)),
        (Stroke(0.0, 2.2), Stroke(2.25, 0.45), Stroke(2.75, 1.2)),
        (Stroke(0.0, 1.9), Stroke(2.0, 0.7), Stroke(2.75, 0.7), Stroke(3.5, 0.45, -1)),
        (Stroke(0.0, 3.4),),
    ),
    stabs=((),),
    keys=(
        ((0.0, 0.5), (1.5, 0.5), (3.0, 0.5)),
        ((0.0, 3.8),),
        ((0.0, 1.4), (1.5, 2.2)),
        ((0.5, 0.4), (1.5, 0.4), (2.5, 0.4), (3.5, 0.4)),
    ),
    lead=(
        ((0.0, 0.5), (0.5, 0.5), (1.0, 0.5), (1.5, 0.9), (2.5, 0.5), (3.0, 0.9)),
        ((0.0, 0.7), (0.75, 0.7), (1.5, 0.5), (2.0, 0.7), (2.75, 0.7), (3.5, 0.4)),
        ((0.0, 0.9), (1.0, 0.5), (1.5, 1.4), (3.0, 0.9)),
        ((0.25, 0.5), (0.75, 0.5), (1.25, 0.7), (2.25, 0.5), (2.75, 1.0)),
        ((0.0, 0.5), (0.75, 0.5), (1.5, 1.0), (2.5, 1.2)),
    ),
    sections={
        "intro": ("atmosphere", "lead", "pad", "guitar?", "swell"),
        "verse": ("crash", "break", "hats", "sub", "lead", "pad?", "open hats?", "choir?"),
        "hook": (
            *("crash", "break", "hats", "sub", "lead", "keys", "pad"),
            *("open hats?", "choir?", "guitar?"),
        ),
        "bridge": ("atmosphere", "lead", "pad", "hats?", "choir?", "riser"),
        "outro": ("break", "hats", "sub", "lead"),
    },
    swing=(0.0, 0.0),
    bpm=75.0,
    bpm_spread=0.15,
    forms=SONGS,
    develops=VERSES,
)
