"""``doubledrop cycles``: clips in the other genre and back again, by several trainings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli import options
from engine.cli.console import Table, say, say_json, stdout, waiting
from engine.cli.numbers import number


def cycles(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of trainings.")],
    data: Annotated[Path, typer.Option(metavar="DATASET", help="What they learnt from.")] = Path(
        "dataset"
    ),
    out: Annotated[Path, typer.Option(metavar="PNG", help="Picture to write.")] = Path(
        "cycles.png"
    ),
    clips: Annotated[int, number("Clips of each genre in the picture.", 1, 20)] = 2,
    most: Annotated[int, number("Clips of each genre that are measured.", 1, 10_000)] = 40,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Draw held-out clips of both genres as the other genre, and back, by CycleGANs of one pair.

    The figures are mean absolute distances from the clips, in dB, with their intervals over tracks.

    Example: doubledrop cycles runs/with-identity runs/without --data dataset --out cycles.png
    """
    from dataclasses import asdict

    from engine.writing import check_output
    from train.data.dataset import Dataset
    from train.judge.there_and_back import compare
    from train.training.run import load_run

    check_output(out, force=force)
    with waiting("there and back"):
        trained = [load_run(run) for run in runs]
        measured = compare(trained, Dataset(data), out, clips, max(clips, most), force)
    if as_json:
        say_json({"picture": str(out), "runs": [asdict(one) for one in measured]})
        return
    table = Table("run", "genre", "as the other, dB", "back, dB")
    for one in measured:
        table.add_row(one.run, one.genre, str(one.there_db), str(one.back_db))
    stdout.print(table)
    say(f"picture: {out}")
