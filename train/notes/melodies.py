"""Melodies: excerpts of many MIDI files, split by file, so that no piece is in two splits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, zip_longest
from pathlib import Path

import numpy as np

from engine.errors import InputError, UsageError
from train.notes.drawing import splits
from train.notes.excerpts import Excerpt, excerpts_of
from train.notes.families import FAMILIES
from train.notes.manifest import Melody, Split
from train.notes.soundfonts import Stock

ENDINGS = frozenset({".mid", ".midi"})
_SEED = 1_000_001  # clips are drawn with (seed, family, number)


def choose_melodies(
    folder: Path,
    stock: Stock,
    count: int,
    share: float,
    seed: int,
    warn: Callable[[str], None] = lambda text: None,
) -> list[Melody]:
    """Melodies out of a folder of MIDI files, as many of each piece as it takes.

    Args:
        folder: with the files anywhere below it.
        stock: the soundfonts.
        count: of the melodies.
        share: of the pieces, see :func:`train.notes.drawing.splits`.
        seed: another seed, another choice.
        warn: told of files that are left out, and why.

    Raises:
        InputError: there are no MIDI files.
        UsageError: they have fewer melodies than that.
    """
    rng = np.random.default_rng((seed, _SEED))
    pieces = _pieces(folder, rng, warn)
    chosen = list(islice(_in_turn(pieces), count))
    if len(chosen) < count:
        raise UsageError(
            "--melodies",
            str(count),
            expected=f"at most {len(chosen)}, which the files in {folder} have",
            cure="Ask for fewer, or add MIDI files with melodies.",
        )
    sources = list(dict.fromkeys(excerpt.source for excerpt in chosen))
    split = dict(zip(sources, splits(len(sources), share), strict=True))
    return [
        _melody(number, excerpt, split[excerpt.source], stock, rng)
        for number, excerpt in enumerate(chosen, 1)
    ]


def _pieces(
    folder: Path, rng: np.random.Generator, warn: Callable[[str], None]
) -> list[list[Excerpt]]:
    """Excerpts of each piece that has some, in random order.

    Raises:
        InputError: there are no MIDI files.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file())
    if not paths:
        raise InputError(
            str(folder),
            "no MIDI files here",
            expected=" or ".join(f"*{ending}" for ending in sorted(ENDINGS)),
            cure="Fetch some: doubledrop fetch free-midi FOLDER",
        )
    pieces: list[list[Excerpt]] = []
    for path in paths:
        try:
            found = excerpts_of(path, path.relative_to(folder).as_posix(), rng, warn)
        except InputError as fault:
            warn(f"left out: {fault}")
            continue
        kept: list[Excerpt] = []
        for place in rng.permutation(len(found)):
            one = found[place]
            if not any(one.overlaps(other) for other in kept):
                kept.append(one)
        if kept:
            pieces.append(kept)
    return [pieces[place] for place in rng.permutation(len(pieces))]


def _in_turn(pieces: list[list[Excerpt]]) -> Iterator[Excerpt]:
    """One of each piece, then a second one of each that has two, and so on."""
    for turn in zip_longest(*pieces):
        yield from (excerpt for excerpt in turn if excerpt is not None)


def _melody(
    number: int, excerpt: Excerpt, split: Split, stock: Stock, rng: np.random.Generator
) -> Melody:
    fonts = (stock.unseen,) if split == "unseen" else stock.seen
    flute, keyboard = (FAMILIES[name].programs for name in ("flute", "keyboard"))
    return Melody(
        name=f"melody-{number:04d}",
        split=split,
        soundfont=fonts[int(rng.integers(len(fonts)))].name,
        flute_program=flute[int(rng.integers(len(flute)))],
        keyboard_program=keyboard[int(rng.integers(len(keyboard)))],
        source=excerpt.source,
        channel=excerpt.channel,
        starts_s=excerpt.starts_s,
        length_s=excerpt.length_s,
        notes=excerpt.notes,
    )
