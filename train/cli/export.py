"""``doubledrop export``: a trained generator becomes a preset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli import options
from engine.cli.console import say, waiting
from engine.cli.numbers import number
from engine.errors import UsageError


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a training.")],
    preset: Annotated[Path, typer.Argument(help="Folder of the preset to write.")],
    data: Annotated[Path, typer.Option(metavar="DATASET", help="What it was trained on.")] = Path(
        "dataset"
    ),
    to: Annotated[
        str | None, typer.Option(help="Genre it makes. Default: the recipe's target.")
    ] = None,
    sources: Annotated[
        str, typer.Option(help="What the music was and under which licence, for the card.")
    ] = "not said",
    licence: Annotated[str, typer.Option(help="Of the preset.")] = "GPL-3.0-or-later",
    about: Annotated[
        str, typer.Option(help="What is to be said of it beside its genres, in one line.")
    ] = "",
    share: Annotated[
        float,
        number("Of the weights that were learnt; the rest are those of its teachers.", 0.0, 1.0),
    ] = 1.0,
    drive: Annotated[
        float, number("Factor of the change it makes: more is bolder.", 0.1, 3.0)
    ] = 1.0,
    late: Annotated[
        bool,
        typer.Option(
            "--late",
            help="Put it into a preset that is there, as its generator of whole windows: files are "
            "rendered with it.",
        ),
    ] = False,
    force: options.Force = False,
) -> None:
    """Write a preset: ONNX with front end, facts and an example inside, and a card.

    The export fails if ONNX Runtime and PyTorch differ by more than 1e-4. A generator of whole
    windows that a preset has goes when its own generator is replaced: export that again.

    Example: doubledrop export runs/drum-and-bass presets/liquid-to-dancefloor --data dataset
    """  # noqa: DOC501
    from export.card import check_preset
    from train.cli.exporting import (
        PresetRequest,
        check_late,
        export_late,
        export_stream,
        export_window,
        streaming_part,
        window_part,
    )
    from train.data.dataset import Dataset
    from train.training.cyclegan import CycleGan
    from train.training.johnson import Johnson
    from train.training.melgan import MelGan
    from train.training.run import load_run

    (check_late if late else check_preset)(preset, force)
    dataset, done = Dataset(data), load_run(run)
    recipe, model = done.recipe, done.model
    one_way = isinstance(model, Johnson | MelGan)
    made = (recipe.target,) if one_way else (recipe.target, recipe.source)
    wanted = to or recipe.target
    if wanted not in made:
        raise UsageError(
            "--to", f"{wanted!r}", expected=" or ".join(made), cure="Name one of these."
        )
    dataset.check_front_end(recipe.images)
    source = recipe.source if wanted == recipe.target else recipe.target
    described = vars(done.facts) | {"recipe": recipe.model_dump(), "from": source, "to": wanted}
    described |= {"sources": sources, "share": share, "drive": drive}
    asked = PresetRequest(preset, dataset, source, wanted, licence, described, drive, force, about)
    with waiting("exporting"):
        if isinstance(model, CycleGan | MelGan):
            write = export_late if late else export_window
            worst = write(asked, window_part(model, wanted, share))
        else:
            for option, is_given in (("--share", share != 1.0), ("--late", late)):
                if is_given:
                    raise UsageError(
                        option,
                        "a streaming generator",
                        expected="a generator of windows",
                        cure="Leave it out.",
                    )
            worst = export_stream(asked, *streaming_part(model, wanted))
    say(f"{preset}: {done.facts.steps} steps, ONNX within {worst:.1g} of PyTorch")
