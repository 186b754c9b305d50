"""The files of a genre: their names, groups, split and twins."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf

from engine.errors import InputError, UsageError
from engine.paths import fitting, native
from engine.text import printable
from train.data.dataset import Split

EXTENSIONS = frozenset(
    {".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".aif", ".aiff"}
)
TRAIN, HELD_OUT = "train", "held-out"
_LONGEST = 200  # bytes of a name: numbers and endings come behind it
_NOT_IN_A_NAME = re.compile(r"[^\w.+]+")


@dataclass(frozen=True)
class Source:
    """A file that may become a track.

    Attributes:
        path: the file.
        relative: its path below the genre's folder, with ``/``, printable.
        name: unique in the genre, fit for a file's name.
        group: artist's tag, else first subfolder, else the file's own name.
        twin: the same composition performed in another genre, or None.
    """

    genre: str
    path: Path
    relative: str
    name: str
    group: str
    split: Split
    twin: Path | None


def find_sources(
    folders: Sequence[Path], held_out: float, seed: int, twins: Path | None
) -> list[Source]:
    """All sources of all genres, in the order of genre and path.

    Args:
        folders: of music, one a genre.
        held_out: share of the tracks to hold out, 0 … 1, where a folder does not say by itself.
        seed: of that choice.
        twins: folder that holds ``GENRE/NAME`` of each twin, or None.

    Raises:
        InputError: a folder is missing or holds no music.
        UsageError: two folders have one name.
    """
    names = [genre_of(folder) for folder in folders]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                "prepare", f"two folders called {name}", cure="A genre's name is its folder's."
            )
    return [s for folder in folders for s in _genre(folder, held_out, seed, twins)]


def genre_of(folder: Path) -> str:
    """A genre's name: its folder's, printable and fit for a folder's name itself."""
    return fitting(printable(folder.resolve().name), longest=_LONGEST)


def _genre(folder: Path, held_out: float, seed: int, twins: Path | None) -> list[Source]:
    files = music_below(folder)
    genre = genre_of(folder)
    is_split = (folder / TRAIN).is_dir() and (folder / HELD_OUT).is_dir()
    below = [path.relative_to(folder) for path in files]
    if is_split:
        pairs = [
            (p, r) for p, r in zip(files, below, strict=True) if r.parts[0] in (TRAIN, HELD_OUT)
        ]
        files, below = [p for p, _ in pairs], [r for _, r in pairs]
    inner = [Path(*r.parts[1:]) if is_split else r for r in below]
    groups = [group_of(path, part) for path, part in zip(files, inner, strict=True)]
    names = unique(name_of(part) for part in inner)
    splits: list[Split]
    if is_split:
        splits = [HELD_OUT if r.parts[0] == HELD_OUT else TRAIN for r in below]  # type: ignore
    else:
        splits = split(groups, held_out, np.random.default_rng([seed, zlib.crc32(genre.encode())]))
    return [
        Source(genre, path, printable(rel.as_posix()), name, group, side, _twin(twins, genre, part))
        for path, rel, part, name, group, side in zip(
            files, below, inner, names, groups, splits, strict=True
        )
    ]


def music_below(folder: Path) -> list[Path]:
    """Sound files in a folder and below it, sorted; hidden ones are not music.

    Raises:
        InputError: the folder is missing or holds no music.
    """
    if not folder.is_dir():
        raise InputError(
            str(folder), "no such folder", expected="a folder of music", cure="Check the name."
        )
    found = (p for p in folder.rglob("*") if p.suffix.lower() in EXTENSIONS and p.is_file())
    files = sorted(
        p for p in found if not any(x.startswith(".") for x in p.relative_to(folder).parts)
    )
    if not files:
        raise InputError(
            str(folder),
            "no music in it",
            expected=", ".join(sorted(EXTENSIONS)),
            cure="Name a folder that has sound files in it or below it.",
        )
    return files


def name_of(relative: Path) -> str:
    """A file's name from its path below a folder, fit for a file's name itself."""
    whole = _NOT_IN_A_NAME.sub("-", "-".join(relative.with_suffix("").parts))
    return fitting(whole, longest=_LONGEST)


def group_of(path: Path, relative: Path) -> str:
    """Artist's tag of a file, else its first folder below the genre's, else its own name."""
    try:
        with sf.SoundFile(native(path)) as file:
            artist = str(file.artist).strip()
    except (sf.LibsndfileError, RuntimeError, OSError):
        artist = ""  # a broken file is named when it is its turn
    return printable(artist or (relative.parts[0] if len(relative.parts) > 1 else relative.stem))


def unique(names: Iterable[str]) -> list[str]:
    """The names, the second of a kind with ``-2`` behind it."""
    taken: set[str] = set()
    result = []
    for name in names:
        candidate, number = name, 1
        while candidate.lower() in taken:  # there are file systems that ignore case
            number += 1
            candidate = f"{name}-{number}"
        taken.add(candidate.lower())
        result.append(candidate)
    return result


def split(groups: Sequence[str], held_out: float, rng: np.random.Generator) -> list[Split]:
    """A side for each track, at random, the share held out alike in every group.

    Groups too small for their own share take part in that of all: the count held out after each
    group is the share of the tracks up to there, rounded.

    Args:
        groups: of each track.
        held_out: share of the tracks to hold out, 0 … 1.
        rng: of the choice.
    """
    sides: list[Split] = ["train"] * len(groups)
    seen = held = 0
    for group in sorted(set(groups), key=lambda g: (groups.count(g), g)):
        members = [i for i, other in enumerate(groups) if other == group]
        seen += len(members)
        wanted = min(len(members), max(0, round(held_out * seen) - held))
        held += wanted
        for i in rng.permutation(members)[:wanted]:
            sides[int(i)] = "held-out"
    return sides


def _twin(twins: Path | None, genre: str, part: Path) -> Path | None:
    """FOLDER/GENRE/NAME.flac, where NAME is the track's path below its genre or its last part."""
    if twins is None:
        return None
    for stem in (part.with_suffix(""), Path(part.stem)):
        for extension in (part.suffix, *sorted(EXTENSIONS)):
            candidate = twins / genre / f"{stem}{extension}"
            if candidate.is_file():
                return candidate
    return None
