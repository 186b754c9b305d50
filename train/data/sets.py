"""Which packages a set is made of."""

from __future__ import annotations

from train.data.genre_sources import FREE_GENRES, GENRES
from train.data.packages import MIDI, SOUNDFONTS, Package


def _game_by_kenta_cho(name: str) -> Package:
    return Package(name, "BSD-2-Clause", "electronic", {"*": "Kenta Cho"})


SETS: dict[str, tuple[Package, ...]] = {
    "electronic-orchestral": (
        Package(
            "warzone2100-music",
            "GPL-2.0-or-later",
            "electronic",
            # As the albums' album.json has it; the menu's theme is of the original game.
            {
                "*/original_soundtrack/*": "Martin Severn",
                "*/albums/*": "LupusMechanicus",
                "*": "Martin Severn",
            },
        ),
        *map(
            _game_by_kenta_cho,
            (
                "torus-trooper-data",
                "parsec47-data",
                "noiz2sa-data",
                "titanion-data",
                "rrootage-data",
                "tumiki-fighters-data",
                "a7xpg-data",
                "gunroar-data",
                "mu-cade-data",
            ),
        ),
        Package("wesnoth-1.16-music", "GPL-2.0-or-later", "orchestral"),
    ),
    # The amen break is a copyrighted recording, whatever the package says of it.
    "compose-samples": (
        Package("sonic-pi-samples", "CC0-1.0", shortest_s=0.0, without=("loop_amen*",)),
    ),
    # The last is to be held out: the first two share most of their samples, and it shares none with
    # them. csound-soundfont is left out, for it shares samples with that one.
    "soundfonts": (
        Package("fluidr3mono-gm-soundfont", "MIT", endings=SOUNDFONTS),
        Package(
            "musescore-general-soundfont-small",
            "MIT, parts CC0-1.0 or public domain",
            endings=SOUNDFONTS,
        ),
        Package("timgm6mb-soundfont", "GPL-2.0-only", endings=SOUNDFONTS),
    ),
    "free-midi": (
        Package("simutrans-data", "Artistic-1.0", endings=MIDI),
        Package("openttd-openmsx", "GPL-2.0-only", endings=MIDI),
    ),
    "genres": GENRES,
    "free-genres": FREE_GENRES,
}
