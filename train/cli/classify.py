"""``doubledrop classify``: which genres music is of; and a classifier of one's own genres."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress, TaskID, TaskProgressColumn, TimeRemainingColumn

from engine.cli import options
from engine.cli.console import Table, progress, say, say_json, stdout, warn
from engine.cli.given import ignores
from engine.cli.numbers import number
from engine.errors import DoubledropError, InputError, UsageError

if TYPE_CHECKING:
    from engine.genres.classifier import Classifier
    from engine.genres.hearing import Heard

_TRAINING = ("out", "epochs", "compare", "sources", "licence", "jobs", "seed")


def classify(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Sound files, or folders of them.")
    ],
    classifier: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Made by --train. Default: the program's own."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for a picture of each file.")
    ] = None,
    train: Annotated[
        bool,
        typer.Option("--train", help="Learn from folders of music, one a genre, instead."),
    ] = False,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="With --train: folder of the classifier.")
    ] = Path("classifier"),
    epochs: Annotated[int, number("With --train: over all clips.", 1, 10_000)] = 40,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare", help="With --train: try all networks, and the split that leaks, too."
        ),
    ] = False,
    sources: Annotated[
        str, typer.Option(help="With --train: what the music is, for the card.")
    ] = "not said",
    licence: Annotated[str, typer.Option(help="With --train: of the classifier.")] = "not said",
    jobs: options.Jobs = None,
    seed: options.Seed = 0,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Say which genres sound files are of, over time; or learn genres of your own.

    With --train a genre is a folder, and an artist a folder in it, or else the artist of the file's
    tags: a classifier is tested on artists that it has not heard.

    Example: doubledrop classify set.wav --report pictures

    Example: doubledrop classify --train library/liquid library/dancefloor --out my-genres
    """  # noqa: DOC501
    if train:
        ignores(ctx, "classify --train", "classifier", "report")
        _learn(files, out, epochs, compare, sources, licence, jobs, seed, force, as_json)
        return
    ignores(ctx, "classify without --train", *_TRAINING)
    found, faults = _call(files, classifier, report, force, as_json)
    if as_json:
        say_json({"files": found, "unreadable": faults})
    if faults:
        raise InputError(
            "classify",
            f"{len(faults)} of {len(faults) + len(found)} files cannot be read",
            cure="They are named above.",
        )


def _call(
    files: Sequence[Path],
    folder: Path | None,
    report: Path | None,
    force: bool,
    as_json: bool,
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Call all files; what was found, and what could not be read."""
    from engine.genres.classifier import Classifier
    from engine.genres.hearing import hear_file
    from engine.genres.picture import draw
    from engine.io.files import make_folder

    own = Classifier(folder)
    if report is not None:
        make_folder(report)
    found: list[dict[str, Any]] = []
    paths, faults = _sounds(files)
    rows: list[tuple[Path, Heard]] = []
    with progress(TaskProgressColumn(), TimeRemainingColumn(), hidden=as_json) as bar:
        task = bar.add_task("", total=max(1, len(paths)))
        for done, path in enumerate(paths):
            bar.update(task, description=path.name, completed=done)
            try:
                heard = hear_file(path, own, partial(_advance, bar, task, done))
            except InputError as unread:
                faults.append({"file": str(path), "fault": str(unread)})
                continue
            said = {"file": str(path), **heard.to_json()}
            if report is not None:
                place = report / f"{done + 1:03d}-{_stem(path)}.png"
                said["picture"] = str(draw(heard, path.name, place, force))
            found.append(said)
            rows.append((path, heard))
    if not as_json:
        _show(rows, own)
    for entry in faults:
        warn(entry["fault"])
    return found, faults


def _advance(bar: Progress, task: TaskID, done: int, share: float) -> None:
    bar.update(task, completed=done + share)


def _stem(path: Path) -> str:
    from engine.paths import fitting
    from engine.text import printable

    return fitting(printable(path.stem), longest=100)


def _sounds(files: Sequence[Path]) -> tuple[list[Path], list[dict[str, str]]]:
    """Sound files, those in folders among them; and what is missing."""
    from train.prepare.sources import music_below

    found: list[Path] = []
    faults: list[dict[str, str]] = []
    for path in files:
        try:
            found += music_below(path) if path.is_dir() else [path]
        except DoubledropError as fault:
            faults.append({"file": str(path), "fault": str(fault)})
    return found, faults


def _show(rows: Sequence[tuple[Path, Heard]], own: Classifier) -> None:
    table = Table("file", "genre", "shares", "over time")
    for path, heard in rows:
        shares = heard.to_json()["shares"]
        best = ", ".join(f"{genre} {share:.0%}" for genre, share in list(shares.items())[:3])
        table.add_row(path.name, heard.genre or "silence", best, _course(heard, own.genres))
    if rows:
        stdout.print(table)


def _course(heard: Heard, genres: tuple[str, ...]) -> str:
    """When which genre begins."""
    import numpy as np

    from engine.genres.hearing import WINDOW_S

    parts: list[str] = []
    last = ""
    for at, row in zip(heard.times_s, heard.shares, strict=True):
        genre = "silence" if np.isnan(row).any() else genres[int(row.argmax())]
        if genre != last:
            begins = max(0, round(at - WINDOW_S / 2)) if parts else 0
            parts.append(f"{begins // 60}:{begins % 60:02d} {genre}")
            last = genre
    shown = parts[:6]
    return ", ".join(shown) + (" …" if len(parts) > len(shown) else "")


def _learn(
    folders: Sequence[Path],
    out: Path,
    epochs: int,
    compare: bool,
    sources: str,
    licence: str,
    jobs: int | None,
    seed: int,
    force: bool,
    as_json: bool,
) -> None:
    try:
        import torch
    except ImportError as fault:
        raise UsageError(
            "classify --train",
            "needs torch, which is not installed",
            cure="pip install 'doubledrop[train]'",
        ) from fault
    import os

    from train.cli.classifying import check_classifier, check_pieces, train_classifier
    from train.cluster import workers
    from train.genres.card import networks_table, table
    from train.genres.corpus import find_pieces
    from train.genres.fitting import Settings
    from train.genres.networks import SIMPLE
    from train.genres.table import build_table

    pieces = find_pieces(folders)
    check_pieces(pieces)
    check_classifier(out, force)
    at_once = jobs or os.cpu_count() or 1
    torch.set_num_threads(at_once)
    with progress(TaskProgressColumn(), TimeRemainingColumn(), hidden=as_json) as bar:
        task = bar.add_task("listening", total=1.0)
        with workers(None, at_once) as count:
            rows = build_table(
                pieces, seed, count, lambda now, of: bar.update(task, completed=now / of)
            )
        for unread in rows.unread:
            warn(unread)
        trained = train_classifier(
            rows,
            out,
            Settings(epochs, seed),
            sources,
            licence,
            compare,
            force,
            lambda what, share: bar.update(task, description=what, completed=share),
        )
    if as_json:
        recalls = {
            name: dict(zip(one.genres, one.recall(SIMPLE).tolist(), strict=True))
            for name, one in trained.called.items()
        }
        say_json({"folder": str(out), "recall": recalls, "facts": trained.facts})
        return
    for line in table(trained.called, SIMPLE):
        say(line)
    if compare:
        for line in networks_table(trained.called):
            say(line)
    say(f"{out}: learnt from {len(pieces)} pieces; doubledrop classify FILE --classifier {out}")
