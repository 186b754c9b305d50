"""The pieces of music that a classifier learns from: one folder a genre, artists kept apart.

An artist is the first folder below the genre's, after those of a split (``train``, ``held-out``);
where a piece lies in no such folder, the artist's tag; where it has none, the piece itself, which
then is a group of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UsageError
from train.prepare.sources import HELD_OUT, TRAIN, genre_of, group_of, music_below

LEAST_GENRES, LEAST_ARTISTS = 2, 2


@dataclass(frozen=True)
class Piece:
    """A piece of music.

    Attributes:
        genre: name of its folder.
        artist: who is to be on one side of a split only; see this module.
        path: the file.
    """

    genre: str
    artist: str
    path: Path


def find_pieces(folders: Sequence[Path]) -> list[Piece]:
    """All pieces, in the order of genre and path.

    Args:
        folders: of music, one a genre. A single folder is a folder of such folders.

    Raises:
        InputError: a folder is missing or holds no music.
        UsageError: there are fewer than two genres, or two folders of one name.
    """
    genres = list(folders)
    if len(genres) == 1 and genres[0].is_dir():
        below = (f for f in genres[0].iterdir() if f.is_dir() and not f.name.startswith("."))
        genres = sorted(below)
    names = [genre_of(folder) for folder in genres]
    if len(names) < LEAST_GENRES:
        raise UsageError(
            "classify --train",
            ", ".join(names) or "no folder",
            expected="two genres or more",
            cure="Name a folder for each genre, or one folder that has such folders in it.",
        )
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                "classify --train",
                f"two folders called {name}",
                cure="A genre's name is its folder's.",
            )
    return [
        Piece(name, _artist(path, folder), path)
        for name, folder in zip(names, genres, strict=True)
        for path in music_below(folder)
    ]


def _artist(path: Path, folder: Path) -> str:
    """See this module."""
    inside = path.relative_to(folder)
    if inside.parts[0] in (TRAIN, HELD_OUT):
        inside = Path(*inside.parts[1:])
    return inside.parts[0] if len(inside.parts) > 1 else group_of(path, inside)
