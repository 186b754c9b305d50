"""Folders of music to a classifier that can be used: ``classifier.onnx``, card and picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from engine.errors import InputError, UsageError
from engine.genres.model_file import FILE, MOST_GENRES, MOST_NAME
from engine.io.files import make_folder
from engine.writing import check_output, write_whole
from export.genres import classifier_bytes
from train.genres.augment import VERSIONS
from train.genres.card import CARD, PICTURE, write_card
from train.genres.corpus import Piece
from train.genres.fitting import Settings, fit
from train.genres.networks import DROPOUT, SIMPLE
from train.genres.protocols import Called, augment_then_split, by_artist
from train.genres.table import Table

BY_ARTIST, LEAKY = "by artist", "augment then split"
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    Attributes:
        folder: of the classifier.
        called: by protocol.
        facts: of its making.
    """

    folder: Path
    called: dict[str, Called]
    facts: dict[str, Any]


def check_classifier(folder: Path, force: bool = False) -> None:
    """Whether a classifier may be written there, before there is one. Makes the folder.

    Raises:
        UsageError: it would replace files that are not ours, and ``force`` is not said.
        OutputError: the folder cannot be written.
    """
    make_folder(folder)
    for name in (FILE, CARD, PICTURE):
        check_output(folder / name, force=force)


def check_pieces(pieces: Sequence[Piece]) -> None:
    """Whether the genres of pieces can be told of.

    Raises:
        UsageError: there are too many, or one has a name that is too long to be shown.
    """
    genres = sorted({piece.genre for piece in pieces})
    if len(genres) > MOST_GENRES:
        raise UsageError(
            "classify --train",
            f"{len(genres)} genres",
            expected=f"at most {MOST_GENRES}",
            cure="Name fewer folders.",
        )
    for genre in genres:
        if len(genre) > MOST_NAME:
            raise UsageError(
                genre,
                f"a name of {len(genre)} characters",
                expected=f"at most {MOST_NAME}",
                cure="Rename the folder: a genre is called as its folder.",
            )


def train_classifier(
    table: Table,
    folder: Path,
    settings: Settings,
    sources: str,
    licence: str,
    compare: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> Trained:
    """Test by artist, then learn from everything, and write what has learnt.

    Args:
        table: with all versions of all clips.
        folder: to write.
        settings: how networks learn; the file is the simple one.
        sources: of the music, in a line.
        licence: of the classifier, in a line.
        compare: whether all networks and both protocols are tried, not the simple one by artist.
        force: whether files that are not ours may be replaced.
        progress: called with what is being done, and the share of it.

    Raises:
        InputError: a genre has nothing to learn from.
        UsageError: see :func:`check_classifier`.
        OutputError: see :func:`check_classifier`.
    """
    check_table(table)
    check_classifier(folder, force)
    simple = replace(settings, kinds=(SIMPLE,))
    tested = settings if compare else simple
    called = {BY_ARTIST: by_artist(table, tested, progress)}
    if compare:
        called[LEAKY] = augment_then_split(table, tested, progress)
    fitted = fit(table, simple, progress)
    facts = facts_of(table, settings, sources, licence)
    network = fitted.networks[SIMPLE]
    assert isinstance(network, nn.Sequential)
    scaler = fitted.scaler
    data = classifier_bytes(network, scaler.mean, scaler.scale, table.genres, facts)
    write_whole(folder / FILE, data, force=force)
    write_card(folder, called, facts, force)
    return Trained(folder, called, facts)


def check_table(table: Table) -> None:
    """Whether every genre has rows.

    Raises:
        InputError: one has none.
    """
    for label, genre in enumerate(table.genres):
        if not (table.labels == label).any():
            raise InputError(
                genre,
                "nothing in it can be heard",
                expected="sound files of ten seconds or more",
                cure="See what is said of its files, or leave the genre out.",
            )


def facts_of(table: Table, settings: Settings, sources: str, licence: str) -> dict[str, Any]:
    """What a card says of a training, plain values; arguments as of :func:`train_classifier`."""
    data = {}
    for label, genre in enumerate(table.genres):
        own = table.labels == label
        data[genre] = {
            "pieces": len(np.unique(table.pieces[own])),
            "artists": len(np.unique(table.artists[own])),
        }
    return {
        "genres": list(table.genres),
        "data": data,
        "sources": sources,
        "licence": licence,
        "network": SIMPLE,
        "rows": len(table),
        "versions": len(VERSIONS),
        "dropout": DROPOUT,
        "epochs": settings.epochs,
        "seed": settings.seed,
    }
