"""What ``doubledrop imprint`` does around a training: its music, its recipe, previews, the pace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.cli.console import warn
from engine.dsp.arrays import Array
from engine.dsp.frontend import FrontEnd
from engine.errors import InputError
from engine.io.files import SoundWriter
from engine.io.sources import demo_feed
from engine.paths import fitting
from engine.text import printable
from export.card import draw_windows
from train.data.dataset import BPM, RATE, Dataset
from train.prepare.outcome import Outcome, PrepareSettings
from train.prepare.run import prepare_dataset
from train.training.facts import Facts
from train.training.johnson_recipe import JohnsonRecipe
from train.training.recipe import read_recipe
from train.training.run import CHECKPOINT, load_run
from train.training.training import Shown

PROBED = 8
"""Steps after which a run knows how many it can do."""
MANY = 10**7
"""Steps of a run that does not know yet how many it can do: its rate begins alike."""
_HELD_OUT = 0.2


def prepared(
    content: Path | None, folder: Path, jobs: int, told: Callable[[int, int], None]
) -> Dataset:
    """The music that is to take a style on, as a dataset of one genre.

    Args:
        content: folder of music; None for the demo feed.
        folder: of the dataset.
        jobs: tracks at a time.
        told: how many tracks are done, and of how many.
    """

    def progress(done: int, of: int, outcome: Outcome) -> None:
        if outcome.skipped is not None:
            warn(f"{outcome.source.path}: skipped: {outcome.skipped}")
        told(done, of)

    feed, tempo = demo_feed()
    music, bpm = (feed.parent, tempo.bpm) if content is None else (content, BPM)
    settings = PrepareSettings(bpm, whole=True)
    prepare_dataset(folder, [music], settings, held_out=_HELD_OUT, jobs=jobs, progress=progress)
    return Dataset(folder)


def settings_of(
    recipe: Path | None, source: str, style: Path, network: Path | None
) -> JohnsonRecipe:
    """What is to be trained.

    Args:
        recipe: TOML with other settings than the usual ones.
        source: genre of the dataset.
        style: the recording; its name is the target's.
        network: file of an audio-VGG that style is taken from; None for a random convolution.

    Raises:
        InputError: the recipe is of another kind.
    """
    target = fitting(printable(style.stem))
    names = {"source": source, "target": target if target != source else f"{target}-style"}
    files: dict[str, Any] = {"recording": style}
    if network is not None:
        files |= {"network": network, "features": "audio-vgg"}
    if recipe is None:
        return JohnsonRecipe.model_validate({"kind": "johnson", **names, **files})
    found = read_recipe(recipe)
    if not isinstance(found, JohnsonRecipe):
        raise InputError(
            f"{recipe}, key kind", repr(found.kind), expected="johnson", cure="Name such a recipe."
        )
    return found.model_copy(update=names | files)


def steps_of(folder: Path, asked: int | None) -> int | None:
    """Steps of a run in all: as many as are asked for, or as it began with; None where it does not
    know yet.

    Args:
        folder: of the run.
        asked: by the user, if any.
    """
    if asked is not None or not (folder / CHECKPOINT).exists():
        return asked
    found = load_run(folder).recipe.steps
    return found if found != MANY else None


def steps_within(minutes: float, facts: Facts) -> int:
    """Steps that take so many minutes, those included that were done.

    Args:
        minutes: in all.
        facts: of the first steps.
    """
    return max(facts.steps, round(60.0 * minutes * facts.steps / max(facts.seconds, 1e-3)))


def previews(folder: Path) -> Shown:
    """Writes what there is to look at and to listen to, each over the one before.

    Args:
        folder: of the run.
    """
    bands = FrontEnd().n_mels

    def shown(name: str, picture: Array, sound: Array) -> None:
        del name
        own, made = picture[::-1][:bands].T, picture[::-1][bands:].T
        images = {"input": own, "output": made}
        draw_windows(folder / "preview.png", images, FrontEnd(), force=True)
        with SoundWriter(folder / "preview.wav", RATE, 1, inside=True) as writer:
            writer.write(np.asarray(sound, np.float32)[None])
            writer.keep()

    return shown
