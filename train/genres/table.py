"""Features of all versions of all clips of all pieces: what classifiers learn from."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from engine.dsp.arrays import Array
from engine.errors import DoubledropError
from engine.genres.features import N_FEATURES, frames, summary
from train.genres.augment import VERSIONS, sevenfold
from train.genres.clips import MOST_CLIPS, read_clips
from train.genres.corpus import Piece

ARRAYS = ("features", "labels", "pieces", "clips", "versions", "artists")
WORDS = ("genres", "names", "unread")
ENOUGH_CLIPS = 60
"""Of a genre: one of few pieces has more clips of each, up to :data:`MOST_CLIPS`."""
AS_IS = 0
"""Of :data:`train.genres.augment.VERSIONS`, the clip itself."""


@dataclass(frozen=True)
class Table:
    """Rows of features, one a version of a clip.

    Attributes:
        genres: by label.
        features: (rows, 44).
        labels, pieces, clips, versions, artists: (rows,), whole numbers: of which genre a row is,
            and which piece, clip, version and artist it is of.
        unread: files that could not be read, and why.
        names: of the artists.
    """

    genres: tuple[str, ...]
    features: Array
    labels: Array
    pieces: Array
    clips: Array
    versions: Array
    artists: Array
    names: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, which: Array) -> Table:
        """Some of the rows; ``which`` as an index or a mask."""
        arrays = {name: getattr(self, name)[which] for name in ARRAYS}
        return replace(self, **arrays)

    def save(self, path: Path) -> None:
        """Write it as an NPZ file without pickles."""
        words = {key: np.array(getattr(self, key), dtype=str) for key in WORDS}
        everything: dict[str, Any] = {name: getattr(self, name) for name in ARRAYS} | words
        np.savez_compressed(path, **everything)

    @classmethod
    def load(cls, path: Path) -> Table:
        """Read what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            everything: dict[str, Any] = {key: tuple(map(str, file[key])) for key in WORDS}
            return cls(**everything | {name: file[name] for name in ARRAYS})


def build_table(
    pieces: Sequence[Piece],
    seed: int = 0,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
    augment: bool = True,
) -> Table:
    """Features of pieces, whatever cannot be read left out and named.

    Args:
        pieces: the music.
        seed: of the noise that is added.
        jobs: processes at once.
        progress: called with the pieces done, and how many there are.
        augment: whether there are all seven versions, or the clips alone.
    """
    genres = tuple(sorted({piece.genre for piece in pieces}))
    names = tuple(sorted({f"{piece.genre}/{piece.artist}" for piece in pieces}))
    wanted = clips_of_each(pieces)
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator")
    each = parallel(
        joblib.delayed(_of_piece)(piece.path, seed, most, augment)
        for piece, most in zip(pieces, wanted, strict=True)
    )
    rows: list[Array] = []
    keys: list[tuple[int, int, int, int, int]] = []
    unread, clip = [], 0
    for number, (piece, (found, fault)) in enumerate(zip(pieces, each, strict=True)):
        if fault:
            unread.append(fault)
        label = genres.index(piece.genre)
        artist = names.index(f"{piece.genre}/{piece.artist}")
        for versions in found:
            for version, row in enumerate(versions):
                if row is not None:
                    rows.append(row)
                    keys.append((label, number, clip, version, artist))
            clip += 1
        if progress:
            progress(number + 1, len(pieces))
    marks: Array = np.array(keys, np.int64).reshape(-1, 5).T
    features = np.array(rows, np.float32).reshape(-1, N_FEATURES)
    labels, numbers, clips, versions, artists = marks
    return Table(genres, features, labels, numbers, clips, versions, artists, names, tuple(unread))


def clips_of_each(pieces: Sequence[Piece]) -> list[int]:
    """How many clips are taken of each piece, so that genres of few pieces have enough.

    Args:
        pieces: the music.
    """
    counts = Counter(piece.genre for piece in pieces)
    shares = (ENOUGH_CLIPS / counts[piece.genre] for piece in pieces)
    return [max(1, min(MOST_CLIPS, round(share))) for share in shares]


def _of_piece(
    path: Path, seed: int, most_clips: int, augment: bool
) -> tuple[list[list[Array | None]], str]:
    """Features of each version of each clip of a file, and what is wrong with it."""
    try:
        clips = read_clips(path, most_clips)
    except DoubledropError as fault:
        return [], str(fault)
    if not clips:
        return [], f"{path}: shorter than ten seconds"
    rng = np.random.default_rng([seed, zlib.crc32(path.name.encode())])
    made = (sevenfold(clip, rng) if augment else [clip] for clip in clips)
    return [[summary(frames(sound)) for sound in versions] for versions in made], ""


assert VERSIONS[AS_IS] == "as it is"
