"""The genres: how each composes, plays, sounds, and is mixed and mastered."""

from __future__ import annotations

from dataclasses import dataclass

from train.compose import lofi_sound, rnb_sound, trap_sound
from train.compose.dancefloor import DANCEFLOOR
from train.compose.liquid import LIQUID
from train.compose.lofi import LOFI
from train.compose.master import NEUTRAL, Character
from train.compose.mix import Mixer
from train.compose.performers import Performer, dancefloor, liquid
from train.compose.playing import Playing, as_written, stuttering, thinned
from train.compose.rnb import RNB
from train.compose.style import Style
from train.compose.trap import TRAP


@dataclass(frozen=True)
class Genre:
    """A genre.

    Attributes:
        style: how it composes.
        performer: how each part of any score sounds.
        mixer: how the parts are balanced.
        playing: what it changes about a score that it plays; never kick, snare or harmony.
        character: how its masters differ from others.
    """

    style: Style
    performer: Performer
    mixer: Mixer
    playing: Playing = as_written
    character: Character = NEUTRAL


GENRES: dict[str, Genre] = {
    "liquid": Genre(LIQUID, liquid, Mixer(drum_drive=1.0, parallel_db=-14.0)),
    "dancefloor": Genre(DANCEFLOOR, dancefloor, Mixer(drum_drive=1.9, parallel_db=-3.0)),
    "lofi": Genre(
        LOFI,
        lofi_sound.lofi,
        lofi_sound.MIXER,
        thinned(0.4),
        Character(((-5.0, -4.0), (-3.5, 0.0), (2.0, 0.0), (3.0, -3.0), (4.0, -9.0)), -3.0),
    ),
    "trap": Genre(
        TRAP,
        trap_sound.trap,
        trap_sound.MIXER,
        stuttering,
        Character(((-4.0, 2.5), (-3.0, 0.0), (2.5, 0.0), (3.3, 1.0))),
    ),
    "rnb": Genre(
        RNB,
        rnb_sound.rnb,
        rnb_sound.MIXER,
        thinned(0.15),
        Character(
            ((-5.0, -6.0), (-4.0, -1.0), (0.0, 1.0), (2.0, -1.0), (3.0, -6.0), (4.0, -14.0)), -3.5
        ),
    ),
}
"""By name, in an order that seeds depend on: further genres go to the end."""
