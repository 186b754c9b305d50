"""``doubledrop train-vgg``: the network that says what style is learns to know instruments."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TaskProgressColumn, TimeRemainingColumn

from engine.cli import options
from engine.cli.console import Table, progress, say, stdout
from engine.cli.numbers import number
from engine.errors import UsageError
from engine.writing import check_output


class ImageOption(StrEnum):
    """What the network looks at."""

    linear = "linear"
    log_mel = "log-mel"


def train_vgg(
    notes: Annotated[Path, typer.Argument(help="Folder made by `doubledrop compose-notes`.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write.")],
    classes: Annotated[
        str, typer.Option(help="Families of instruments, with commas between them.")
    ] = "flute,keyboard,guitar",
    image: Annotated[
        ImageOption,
        typer.Option(help="Linear magnitudes, or the log-mel image of the stage's generators."),
    ] = ImageOption.linear,
    channels: Annotated[int, number("Of the first layers; 64 in the paper.", 1, 64)] = 8,
    epochs: Annotated[int, number("Over all clips.", 1, 1000)] = 5,
    rate: Annotated[float, number("Learning rate; 0.0001 in the paper.", 1e-6, 0.1)] = 1e-3,
    folds: Annotated[int, number("Of a cross-validation before it; 0 for none.", 0, 20)] = 7,
    seed: options.Seed = 0,
    force: options.Force = False,
) -> None:
    """Train audio-VGG to tell instruments apart: cross-validated, then on all training clips, and
    tested on those held out and on those of a soundfont that it never heard.

    Example: doubledrop train-vgg notes audio-vgg.pt --classes flute,keyboard
    """  # noqa: DOC501
    from train.cli.stepping import telling
    from train.notes.families import FAMILIES
    from train.notes.manifest import Split, read_manifest
    from train.style import instruments
    from train.style.vgg_file import TrainedVgg, write_vgg

    names = [name.strip() for name in classes.split(",")]
    if len(set(names)) < 2 or not set(names) <= set(FAMILIES):
        raise UsageError(
            "--classes",
            repr(classes),
            expected=f"two or more of {', '.join(FAMILIES)}",
            cure="Name them with commas between them.",
        )
    check_output(out, force=force)
    manifest = read_manifest(notes)
    how = instruments.Schooling(channels, epochs, rate, seed)
    with progress(TaskProgressColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task("", total=1.0)

        def clips(split: Split) -> instruments.Clips:
            some = [clip for clip in manifest.clips if clip.split == split]
            return instruments.read_clips(
                notes, some, names, image.value, telling(bar, task, f"reading {split}")
            )

        own, rows = clips("train"), []
        if folds > 1:
            told = telling(bar, task, f"{folds}-fold cross-validation")
            each = instruments.cross_validated(own, len(names), how, folds, told)
            rows.append((f"{folds}-fold cross-validation", sum(each[1:], each[0])))
        network = instruments.train_vgg(own, len(names), how, telling(bar, task, "training"))
        splits: Sequence[tuple[Split, str]] = (
            ("held-out", "held out"),
            ("unseen", "of a soundfont never heard"),
        )
        for split, words in splits:
            if any(clip.split == split for clip in manifest.clips):
                rows.append((words, instruments.scores(network, clips(split), len(names))))
        write_vgg(out, TrainedVgg(network, tuple(names), image.value), force)
    table = Table("clips", "number", "called right", *names)
    for words, found in rows:
        shares = [f"{share:.2%}" for share in found.recall]
        table.add_row(words, str(int(found.confusion.sum())), f"{found.accuracy:.2%}", *shares)
    stdout.print(table)
    say(f"{out}: learnt from {len(own)} clips")
