"""``doubledrop compose``: a library of two genres to learn from."""

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
    bpm: Annotated[float, number("Tempo of the tracks.", 140.0, 210.0, "BPM")] = 175.0,
    bpm_spread: Annotated[
        float, number("Tempi within BPM·(1 ± this), instead of all alike.", 0.0, 0.499)
    ] = 0.0,
    other_tempi: Annotated[
        int, number("Further training tracks of each genre, at 154 to 196 BPM.", 0, _MOST)
    ] = 0,
    jobs: options.Jobs = None,
    cluster: Cluster = None,
) -> None:
    """Compose liquid and dancefloor drum & bass, and each held-out track in the other genre too.

    The same seed gives the same files; an interrupted run goes on where it was.

    Example: doubledrop compose samples library --tracks 44 --held-out 32
    """
    if cluster is not None:
        cure = "The workers of the scheduler decide."
        ignores(ctx, "--cluster", "jobs", cures={"jobs": cure})
    from train.compose.library import plan, write_library

    plans = plan(tracks, held_out, seed, bpm_spread, train_twins, other_tempi, bpm)
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
