"""``doubledrop train``: generators from a dataset, by a recipe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn, TimeRemainingColumn

from engine.cli import signals
from engine.cli.console import progress, say, waiting, warn
from engine.cli.numbers import MOST_JOBS, number


def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="TOML, see train/recipes.")],
    data: Annotated[
        Path, typer.Option(metavar="DATASET", help="Folder made by `doubledrop prepare`.")
    ] = Path("dataset"),
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the run. Default: runs/RECIPE.")
    ] = None,
    begin: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="RUN|PRESET",
            help="Begin with the weights of another run, or of presets with streaming generators: "
            "one of each direction, or of one only.",
        ),
    ] = None,
    minutes: Annotated[
        float | None, number("Stop after so long; the same command goes on.", 0.0, 1e6, "minutes")
    ] = None,
    until: Annotated[
        int | None, number("Stop after this step; the same command goes on.", 1, 10**9)
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, number("Of the processor.", 1, MOST_JOBS)] = os.cpu_count() or 1,
    gate: Annotated[
        bool, typer.Option(help="First ask linear models whether the genres can be told apart.")
    ] = True,
) -> None:
    """Train both generators of a pair. What was begun goes on from its last checkpoint.

    Ctrl-C stops after the step it is at, and keeps it; a second one stops at once.
    Watch it with `tensorboard --logdir runs`. On several processors or machines:
    `torchrun --nproc-per-node 2 -m engine.cli train RECIPE`.

    Example: doubledrop train train/recipes/drum-and-bass.toml --data dataset
    """
    import torch

    from train.cli.beginning import beginning
    from train.data.dataset import Dataset
    from train.judge import genre_ear
    from train.judge.gate import ask
    from train.judge.judge import FEASIBLE
    from train.training.losses import Losses
    from train.training.recipe import read_recipe
    from train.training.trainer import train as run_training

    torch.set_num_threads(threads)
    wanted, dataset = read_recipe(recipe), Dataset(data)
    leads = os.environ.get("RANK", "0") == "0"
    if gate and leads and len(wanted.genres) > 1:
        dataset.check_front_end(wanted.images)
        with waiting("asking linear models"):
            found, picture = ask(dataset, wanted.source, wanted.target)
        for who, accuracy in found.said.items():
            say(f"{wanted.source} or {wanted.target}: {accuracy:.1%} right, {who}")
        say(f"what was mistaken: {picture}")
        if not found.feasible:
            warn(f"below {FEASIBLE:.0%} the two are hardly two genres; little can be learnt")
        with waiting("asking a classifier of genres"):
            said, warning = genre_ear.gate(dataset, wanted.source, wanted.target)
        say(said)
        if warning:
            warn(warning)
    folder = out or Path("runs") / recipe.stem
    with (
        signals.noted() as stop,
        progress(MofNCompleteColumn(), TimeRemainingColumn(), hidden=not leads) as bar,
    ):
        task = bar.add_task("training", total=wanted.steps)

        def show(done: int, of: int, _: Losses, losses: Losses) -> None:
            sums: dict[str, float] = {}
            for name, value in losses.items():
                kind = name.partition("_")[0]
                sums[kind] = sums.get(kind, 0.0) + value
            what = " ".join(f"{kind} {value:.2f}" for kind, value in sums.items())
            bar.update(task, completed=done, total=of, description=what)

        facts = run_training(
            wanted,
            dataset,
            folder,
            progress=show,
            begin=beginning(begin, wanted) if begin else None,
            minutes=minutes,
            until=until,
            stop=stop,
            device=device,
        )
    if leads:
        state = "done" if facts.steps >= wanted.steps else "to be continued"
        say(f"{folder}: {facts.steps} of {wanted.steps} steps in {facts.seconds:.0f} s, {state}")
