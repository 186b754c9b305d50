"""What a training begins with: another run, or presets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from engine.config.preset import FILE, bundled_names, load_preset
from engine.errors import UsageError
from engine.models.onnx_model import read_file
from export.restored import restored_generator
from train.data.dataset import RATE
from train.training.facts import Facts
from train.training.recipe import AnyRecipe, recipe_of
from train.training.run import Run, load_run
from train.training.streaming_pair import StreamingPair
from train.training.streaming_recipe import StreamingRecipe


def beginning(names: Sequence[str], recipe: AnyRecipe) -> Run:
    """What is begun with.

    Args:
        names: a run's folder, or up to two presets with streaming generators, one of each
            direction; what no preset is named for begins anew.
        recipe: of the training that begins.

    Raises:
        UsageError: both at once, two presets of one direction, or of other genres' makings.
        InputError: there is no such run.
        PresetError: there is no such preset, or nobody trained it.
    """
    first, *others = names
    is_preset = first in bundled_names() or (Path(first) / FILE).exists()
    if not others and not is_preset:
        return load_run(Path(first))
    presets = [_Trained(name) for name in names]
    if not isinstance(recipe, StreamingRecipe):
        raise UsageError(
            "--from",
            f"preset {first!r} for a recipe of whole windows",
            expected="a run's folder",
            cure="Presets can be learnt on with a streaming recipe.",
        )
    sizes = {key: presets[0].recipe[key] for key in ("width", "dilations")}
    own = StreamingRecipe.model_validate(recipe.model_dump() | sizes)
    pair = StreamingPair(own, torch.device("cpu"), amp=False, rate=RATE)
    directions = {recipe.target: pair.to_target, recipe.source: pair.to_source}
    for preset in presets:
        direction = directions.pop(preset.genre, None)
        if direction is None:
            raise UsageError(
                "--from",
                f"preset {preset.name!r} makes {preset.genre}",
                expected=f"one that makes {recipe.target}, one that makes {recipe.source}, or both",
                cure="Name each direction's preset once.",
            )
        weights = preset.generator.state_dict()
        try:
            for net in (direction.generator, direction.average):
                net.load_state_dict(weights)
        except RuntimeError as fault:
            raise UsageError(
                "--from",
                "two presets with networks of unlike sizes",
                cure="Begin with one of them.",
            ) from fault
    return Run(presets[0].name, recipe_of(presets[0].recipe), pair, presets[0].facts)


class _Trained:
    """A preset that came from a training.

    Args:
        name: of the preset, or the path of its folder.
    """

    def __init__(self, name: str) -> None:
        file = read_file(load_preset(name).model)
        facts: dict[str, Any] = file.info.facts
        self.name = name
        self.generator = restored_generator(file.data, facts, str(file.path))
        self.genre, self.recipe = facts["to"], facts["recipe"]
        kept: dict[str, Any] = {key: facts.get(key) for key in Facts.__dataclass_fields__}
        self.facts = Facts(**kept)
