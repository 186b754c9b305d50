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
    share: Annotated[
        float,
        number("Of the weights that were learnt; the rest are those of its teachers.", 0.0, 1.0),
    ] = 1.0,
    drive: Annotated[
        float, number("Factor of the change it makes: more is bolder.", 0.1, 3.0)
    ] = 1.0,
    force: options.Force = False,
) -> None:
    """Write a preset: ONNX with front end, facts and an example inside, and a card.

    The export fails if ONNX Runtime and PyTorch differ by more than 1e-4.

    Example: doubledrop export runs/drum-and-bass presets/liquid-to-dancefloor --data dataset
    """
    import numpy as np

    from engine.dsp.tempo import bucket
    from engine.live.generator import OnnxGenerator
    from export.card import PICTURE, check_preset, draw_windows, write_preset
    from export.trained import export as export_onnx
    from train.dataset import Dataset
    from train.run import load_run

    check_preset(preset, force)
    dataset = Dataset(data)
    recipe, model, facts = load_run(run)
    directions = {
        recipe.target: (model.blended(share)[0], recipe.source),
        recipe.source: (model.blended(share)[1], recipe.target),
    }
    wanted = to or recipe.target
    if wanted not in directions:
        raise UsageError(
            "--to", f"{wanted!r}", expected=" or ".join(directions), cure="Name one of these."
        )
    generator, source = directions[wanted]
    segment = (dataset.segments(source, "held-out") or dataset.segments(source))[0]
    own = dataset.front_end.normalise(segment.image()[1])
    example = np.resize(own, (bucket(len(own)), own.shape[1]))  # padded circularly, as live
    described = vars(facts) | {"recipe": recipe.model_dump(), "from": source, "to": wanted}
    described |= {"sources": sources, "share": share, "drive": drive}
    with waiting("exporting"):
        worst = export_onnx(
            generator,
            preset / "generator.onnx",
            example,
            front_end=dataset.front_end,
            level_db=dataset.manifest.level_db,
            facts=described,
            view=recipe.width,
            drive=drive,
            force=force,
        )
        made = OnnxGenerator(preset / "generator.onnx", "cpu")(example, float(len(own)))
        write_preset(
            preset,
            description=f"{source} restyled as {wanted}, by a CycleGAN",
            licence=licence,
            bpm=dataset.manifest.bpm,
            facts=described,
            force=force,
        )
        shown = {source: example, f"as {wanted}": made}
        draw_windows(preset / PICTURE, shown, dataset.front_end, force)
    say(f"{preset}: {facts.steps} steps, ONNX within {worst:.1g} of PyTorch")
