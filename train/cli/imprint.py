"""``doubledrop imprint``: a preset with the style of one recording, learnt in minutes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn, TimeRemainingColumn

from engine.cli import options, signals
from engine.cli.console import done_of, progress, say, waiting
from engine.cli.numbers import MOST_JOBS, number

_CHECKPOINT_MINUTES = 2.0


def imprint(
    style: Annotated[
        Path, typer.Argument(metavar="STYLE", help="Recording whose style is learnt, 4 s or more.")
    ],
    preset: Annotated[Path, typer.Argument(metavar="NAME", help="Folder of the preset to write.")],
    content: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Music that is to take it on, best such as will be played. Default: the demo.",
        ),
    ] = None,
    minutes: Annotated[float, number("How long a new run trains.", 0.01, 1e5, "minutes")] = 15.0,
    steps: Annotated[
        int | None, number("How many steps instead; more of them go on with a run.", 1, 10**6)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the run. Default: runs/NAME.")
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(metavar="RECIPE", help="TOML of kind johnson: other settings.")
    ] = None,
    network: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Take style from an audio-VGG of `train-vgg --image log-mel` instead of "
            "a random convolution.",
        ),
    ] = None,
    licence: Annotated[str, typer.Option(help="Of the preset.")] = "not said",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, number("Of the processor.", 1, MOST_JOBS)] = os.cpu_count() or 1,
    force: options.Force = False,
) -> None:
    """Train a streaming generator for the style of one recording, and write it as a preset.

    Every two minutes the run's folder gets a preview.wav and a preview.png. Ctrl-C keeps what was
    learnt; the same command goes on. At the end it says how near it came to the style, beside an
    equaliser that has the recording's spectrum.

    Example: doubledrop imprint organ.wav my-organ --content my-music --minutes 15
    """
    import torch

    from export.card import add_figures, check_preset
    from train.cli import imprinting
    from train.cli.export import export
    from train.judge.imprinted import judged
    from train.training.facts import Facts
    from train.training.johnson_training import JohnsonTraining
    from train.training.losses import Losses
    from train.training.recording import read_recording
    from train.training.trainer import Trainer

    torch.set_num_threads(threads)
    read_recording(style)  # one that cannot be used is named before minutes of preparing
    check_preset(preset, force)
    folder = out or Path("runs") / preset.resolve().name
    with done_of("preparing the music") as told:
        data = imprinting.prepared(content, folder / "dataset", threads, told)
    settings = imprinting.settings_of(recipe, data.genres[0], style, network)
    wanted = imprinting.steps_of(folder, steps)
    with (
        signals.noted() as stop,
        progress(MofNCompleteColumn(), TimeRemainingColumn()) as bar,
    ):
        task = bar.add_task("training", total=None)

        def show(done: int, of: int, _: Losses, losses: Losses) -> None:
            words = " ".join(f"{name} {value:.2f}" for name, value in losses.items())
            bar.update(task, completed=done, total=of, description=words)

        def begun(steps: int) -> Trainer:
            return Trainer(settings.model_copy(update={"steps": steps}), data, folder, None, device)

        def run(trainer: Trainer, until: int | None) -> Facts:
            shown = imprinting.previews(folder)
            return trainer.run(show, None, until, stop, _CHECKPOINT_MINUTES, shown)

        trainer = begun(wanted or imprinting.MANY)
        if wanted is None:
            wanted = imprinting.steps_within(minutes, run(trainer, imprinting.PROBED))
            trainer = begun(wanted)
        facts = run(trainer, None)
    if facts.steps < wanted:
        say(f"{folder}: {facts.steps} of {wanted} steps; the same command goes on")
        return
    training = trainer.training
    assert isinstance(training, JohnsonTraining)
    music = content.resolve().name if content else "the demo feed"
    sources = f"{music}, which takes on the style of {training.recording.name}"
    export(folder, preset, folder / "dataset", sources=sources, licence=licence, force=force)
    with waiting("measuring what was reached"):
        table = judged(training).table()
    add_figures(preset, table)
    for line in table.splitlines():
        say(line)
    say(f"hear it: doubledrop play --preset {_path(preset)}")


def _path(preset: Path) -> str:
    """A preset's folder as the program takes it for one."""
    return str(preset) if preset.is_absolute() else f"./{preset}"
