"""Packages of finished music of eight genres, by artists: what a classifier of genres learns from.

What a piece is called is what its package, its tags or its title say of it; nobody has listened. A
pattern that no file fits takes nothing, and files that fit no pattern are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from train.data.packages import MODULES, Package

_GAMES_BY_KENTA_CHO = (
    *("torus-trooper-data", "parsec47-data", "noiz2sa-data", "titanion-data", "rrootage-data"),
    *("tumiki-fighters-data", "a7xpg-data", "gunroar-data", "mu-cade-data"),
)
_SHARE_ALIKE = "CC-BY-SA-3.0"
_ZIPPED = ("*.pk3", "*.zip")


def _some(
    name: str, licence: str, places: Mapping[str, str], archives: tuple[str, ...] = ()
) -> Package:
    """Of a package those files that fit a pattern, each laid out in its GENRE/ARTIST."""
    return Package(name, licence, artists=places, only_known=True, archives=archives)


def _modules(name: str, licence: str, artist: str) -> Package:
    """Tracker modules, which are rendered."""
    return Package(name, licence, "chiptune", {"*": artist}, endings=MODULES)


GENRES: tuple[Package, ...] = (
    # Tagged "Romantic Classical"; its composers are in the tags.
    Package("wesnoth-1.16-music", "GPL-2.0-or-later", "orchestral", by_tag=True),
    _some("marsshooter-data", _SHARE_ALIKE, {"*/music/*": "metal/Obsidian Shell"}),
    _some("fretsonfire-songs-muldjord", _SHARE_ALIKE, {"*/song.ogg": "metal/Muldjord"}),
    _some("fretsonfire-songs-sectoid", "MIT", {"*/song.ogg": "metal/Sectoid"}),
    _some(
        "widelands-data",
        "GPL-2.0-or-later",
        {
            **{f"*/music/ingame_{n}.ogg": "metal/MiddleFinger" for n in (15, 16, 17)},
            **{
                f"*/music/ingame_{n}.ogg": "acoustic/Widelands"
                for n in ("00", "03", "09", "23", "28")
            },
        },
    ),
    Package("singularity-music", _SHARE_ALIKE, "ambient", {"*": "Maxstack"}),
    _some(
        "naev-data",
        "GPL-3.0 or CC-BY-3.0",
        {
            "*/music/ambient[123].ogg": "ambient/Nikola Whallon",
            "*/music/ambient2_5.ogg": "ambient/Nikola Whallon",
            "*/music/ambiphonic.ogg": "ambient/Zeropage",
            "*/music/void_sensor.ogg": "ambient/Zeropage",
        },
    ),
    Package("freeorion-data", _SHARE_ALIKE, "ambient", {"*": "Kenneth Welch"}),
    _some(
        "ufoai-music",
        _SHARE_ALIKE,
        {
            "*/Crystan-Geosphere*": "ambient/Crystan",
            "*/Marine*": "industrial/Marine",
        },
        _ZIPPED,
    ),
    *(Package(name, "BSD-2-Clause", "techno", {"*": "Kenta Cho"}) for name in _GAMES_BY_KENTA_CHO),
    _some(
        "nexuiz-music",
        "GPL-2.0-or-later",
        {
            # One artist under three names in the tags.
            **{
                f"*/cdtracks/{title}.ogg": "techno/elysis"
                for title in (
                    *("brainsukker", "breakdown-easy", "calling-bogus", "chaos-fog", "infight"),
                    *("neuronal-diving", "subcities", "thru-the-mirror"),
                )
            },
            "*/cdtracks/digital-pursuit.ogg": "techno/Parapraxis",
            **{
                f"*/cdtracks/{title}.ogg": "industrial/blkrbt"
                for title in ("brokenlight", "desert3", "ninesix", "sixtyfour*", "stairs")
            },
        },
        _ZIPPED,
    ),
    Package("zaz-data", _SHARE_ALIKE, "techno", {"*": "paniq"}),
    _some(
        "xmoto-data",
        "GPL-2.0-or-later",
        {
            **{
                f"*/{title}.ogg": "techno/Jens Erler"
                for title in ("MadeiraStew", "legolodio", "menu", "ridealong")
            },
            "*/foxrun.ogg": "techno/Cubulo",
        },
    ),
    _some(
        "warzone2100-music",
        "GPL-2.0-or-later",
        {
            "*/original_soundtrack/*": "industrial/Martin Severn",
            "*/albums/*": "industrial/LupusMechanicus",
        },
    ),
    _modules("tecnoballz-data", "GPL-3.0-or-later", "TLK Games"),
    _modules("pingus-data", "GPL-2.0-or-later", "Pingus"),
    _modules("heroes-sound-tracks", "GPL-2.0-or-later", "Heroes"),
    _modules("rafkill-data", "LGPL-2.0-only", "Rafkill"),
    _modules("open-invaders-data", "GPL-2.0-or-later", "Open Invaders"),
    _modules("circuslinux-data", "GPL-2.0-or-later", "Circus Linux"),
    _modules("madbomber-data", "GPL-2.0-only", "Mad Bomber"),
    _modules("gemdropx", "GPL-2.0-only", "Gem Drop X"),
    _some(
        "0ad-data", _SHARE_ALIKE, {"*/music/*": "acoustic/Wildfire Games"}, ("*/public/public.zip",)
    ),
    _some("unknown-horizons", _SHARE_ALIKE, {"*/music/*": "acoustic/Unknown Horizons"}),
    Package("fillets-ng-data", "GPL-2.0-only", "acoustic", {"*": "Fish Fillets"}),
    Package("supertux-data", "GPL-2.0-or-later", "platformer", by_tag=True),
    Package("warmux-data", "GPL-2.0-or-later", "platformer", by_tag=True),
    _some(
        "supertuxkart-data",
        _SHARE_ALIKE,
        {"*/data/music/*": "platformer/SuperTuxKart"},
    ),
)

MAY_SHIP = frozenset(
    {
        *("BSD-2-Clause", "MIT", "GPL-2.0-or-later", "GPL-3.0-or-later"),
        *("GPL-3.0 or CC-BY-3.0", "LGPL-2.0-only"),  # which may be used as the GPL, version 3
    }
)
"""Licences of music that may be learnt from by what comes with the program, GPL-3.0-or-later."""

BROAD = {name: "electronic" for name in ("chiptune", "industrial", "techno")}
BROAD |= {"orchestral": "orchestral"}
"""What is told by artist: the three electronic genres are one to 44 features, and of the others too
little may be learnt from by what ships."""


def _broad(package: Package) -> Package:
    """The same package with its files in broad genres, and without those that are of none."""
    places = {}
    for pattern, place in package.artists.items():
        genre, _, artist = place.partition("/")
        if package.genre:
            places[pattern] = place
        elif genre in BROAD:
            places[pattern] = f"{BROAD[genre]}/{artist}"
    return replace(package, genre=BROAD.get(package.genre, ""), artists=places)


FREE_GENRES = tuple(
    broad
    for broad in (_broad(package) for package in GENRES if package.licence in MAY_SHIP)
    if broad.genre or (broad.artists and broad.only_known)
)
