"""A Debian package and what to take of it, and how a file is laid out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import soundfile as sf

from engine.paths import fitting, native
from engine.text import printable

MUSIC = frozenset({".ogg", ".opus", ".mp3", ".flac", ".wav"})
SOUNDFONTS = frozenset({".sf2", ".sf3"})
MIDI = frozenset({".mid"})
MODULES = frozenset({".mod", ".s3m", ".xm", ".it"})
"""Of trackers; they are rendered to FLAC."""
MUSIC_S = 40.0  # shorter files of a game are effects and jingles


@dataclass(frozen=True)
class Package:
    """A Debian package and what to take of it.

    Attributes:
        name: of the package.
        licence: of these files, as its copyright file has it.
        genre: folder to lay it out in; none where there is none.
        artists: pattern of a file's path in the package to who made it, the first that fits; it may
            be a genre and an artist, with a stroke between them. With none, the files carry the
            artist in their tags.
        shortest_s: shorter sound files are left out.
        without: patterns of names that are left out.
        endings: of the names of those that are wanted.
        only_known: whether files that fit no pattern of ``artists`` are left out.
        by_tag: whether files lie in a folder of the artist in their tags, or of the package.
        archives: patterns of paths of ZIP archives whose files are taken too.
    """

    name: str
    licence: str
    genre: str = ""
    artists: Mapping[str, str] = field(default_factory=dict)
    shortest_s: float = MUSIC_S
    without: tuple[str, ...] = ()
    endings: frozenset[str] = MUSIC
    only_known: bool = False
    by_tag: bool = False
    archives: tuple[str, ...] = ()

    def artist(self, path: Path, inside: Path) -> str:
        """Who made a file; empty where nobody says so.

        Args:
            path: the file.
            inside: its path in the package.
        """
        if self.by_tag:
            try:
                with sf.SoundFile(native(path)) as file:
                    tag = str(file.artist).strip()
            except (sf.LibsndfileError, RuntimeError, OSError):
                tag = ""
            return fitting(printable(tag.replace("/", "-")) or self.name, longest=100)
        return next((a for p, a in self.artists.items() if fnmatch(inside.as_posix(), p)), "")

    def place(self, path: Path, inside: Path) -> Path:
        """Where a file of the unpacked package goes, relative to OUT."""
        name = self._name(path, inside)
        parts = (self.genre, self.artist(path, inside), self.name, name)
        return Path(*(part for part in parts if part))

    def _name(self, path: Path, inside: Path) -> str:
        """Of a file; with its folder's before it, where those of a package would be alike."""
        return f"{inside.parent.name}-{path.name}" if path.stem == "song" else path.name
