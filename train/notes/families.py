"""Families of instruments: which programs of General MIDI belong to each.

Programs count from 0. Only those are listed that are in tune, and sound, over all of ``PITCHES`` in
the soundfonts of ``doubledrop fetch soundfonts``: in TimGM6mb the shakuhachi (77) is up to 82 cents
sharp and the whistle (78) has silent keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """Instruments that are one class to learn.

    Attributes:
        programs: of General MIDI, from 0.
        vibrato: whether its players can bend a note that sounds.
    """

    programs: tuple[int, ...]
    vibrato: bool


FAMILIES: Mapping[str, Family] = {
    # piccolo, flute, recorder, pan flute
    "flute": Family((72, 73, 74, 75), vibrato=True),
    # acoustic ones: grand piano, bright piano, honky-tonk piano, harpsichord
    "keyboard": Family((0, 1, 3, 6), vibrato=False),
    # nylon, steel, jazz, clean electric
    "guitar": Family((24, 25, 26, 27), vibrato=True),
}
TWINS = ("flute", "keyboard")
"""Families that melodies are rendered as."""
PITCHES = range(60, 89)
"""MIDI pitches, the same for all families, so that register does not tell them apart: from the
lowest note of a flute (C4) to the highest of a guitar with 24 frets (E6)."""
