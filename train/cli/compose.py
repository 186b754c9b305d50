"""``doubledrop compose``: a library of two genres or more to learn from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn, TimeRemainingColumn

from engine.cli import options
from engine.cli.console import progress, say
from engine.cli.given import ignores
from engine.cli.numbers import number
from train.cli.options import Cluster
from train.cluster import workers

_MOST = 100_000  # tracks


def compose(
    ctx: typer.Context,
    samples: Annotated[
        Path, typer.Argument(help="Folder of the one-shots: `doubledrop fetch compose-samples`.")
    ],
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the library.")],
    tracks: Annotated[int, number("Training tracks of each genre.", 0, _MOST)] = 44,
    held_out: Annotated[
        int, number("Held-out tracks of each genre, each with its twin.", 0, _MOST)
    ] = 32,
    train_twins: Annotated[
        bool, typer.Option(help="Training tracks have twins too, for recipes that learn from them.")
    ] = False,
    seed: options.Seed = 1,
    genres: Annotated[
        str,
        typer.Option(
            metavar="A,B",
            help="Of liquid, dancefloor, lofi, trap, rnb. A track has its twin in the next.",
        ),
    ] = "liquid,dancefloor",
    bpm: Annotated[
        float | None,
        number(
            "Tempo of the tracks, by default that of their genre: 175 in drum & bass, else 75.",
            *(50.0, 210.0, "BPM"),
        ),
    ] = None,
    bpm_spread: Annotated[
        float | None,
        number("Tempi within BPM·(1 ± this), by default 0 in drum & bass, else 0.15.", 0.0, 0.499),
    ] = None,
    other_tempi: Annotated[
        int,
        number("Further training tracks of each genre, within 12 % of its tempo.", 0, _MOST),
    ] = 0,
    jobs: options.Jobs = None,
    cluster: Cluster = None,
) -> None:
    """Compose music of two genres, and each held-out track in the other genre too.

    liquid and dancefloor are drum & bass; lofi is lo-fi hip hop, rnb older R&B. The same seed gives
    the same files; an interrupted run goes on where it was.

    Example: doubledrop compose samples library --genres lofi,trap --tracks 44 --held-out 32
    """
    if cluster is not None:
        cure = "The workers of the scheduler decide."
        ignores(ctx, "--cluster", "jobs", cures={"jobs": cure})
    from train.compose.library import plan, write_library

    named = [name.strip() for name in genres.split(",") if name.strip()]
    plans = plan(tracks, held_out, seed, bpm_spread, train_twins, other_tempi, bpm, named)
    total = len(plans) + sum(p.twin for p in plans)
    with (
        workers(cluster, jobs or os.cpu_count() or 1) as at_once,
        progress(MofNCompleteColumn(), TimeRemainingColumn()) as bar,
    ):
        task = bar.add_task("composing", total=total)
        for path in write_library(samples, folder, plans, at_once):
            bar.update(task, advance=1, description=path.stem)
    twins = total - len(plans)
    say(f"{folder}: {len(plans)} tracks, {twins} twins; truth.json says what each is")
