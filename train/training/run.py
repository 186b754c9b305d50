"""The folder of a training: its recipe, checkpoints that resume, and what can be looked at.

::

    RUN/recipe.toml        what was asked
    RUN/checkpoint.pt      everything that the next step depends on, replaced atomically
    RUN/facts.json         steps, seconds, hardware, losses: goes into the preset's card
    RUN/logs/              TensorBoard: losses, spectrograms, sound
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from engine.errors import InputError
from engine.strict_json import written
from engine.writing import Draft
from train.data.dataset import RATE, Dataset
from train.training.cyclegan import CycleGan
from train.training.cyclegan_training import CycleGanTraining
from train.training.facts import Facts
from train.training.johnson import Johnson
from train.training.johnson_recipe import JohnsonRecipe
from train.training.johnson_training import JohnsonTraining
from train.training.losses import Losses
from train.training.melgan import MelGan
from train.training.melgan_recipe import MelGanRecipe
from train.training.melgan_training import MelGanTraining
from train.training.recipe import AnyRecipe, recipe_of
from train.training.streaming_pair import StreamingPair
from train.training.streaming_recipe import StreamingRecipe
from train.training.streaming_training import StreamingTraining
from train.training.training import Training

Model = CycleGan | StreamingPair | Johnson | MelGan
CHECKPOINT, FACTS = "checkpoint.pt", "facts.json"


def training_of(recipe: AnyRecipe, data: Dataset, device: torch.device, amp: bool) -> Training:
    """The training that a recipe asks for.

    Args:
        recipe: of any kind.
        data: what is learnt from.
        device: where.
        amp: whether to multiply in bfloat16.

    Raises:
        FrontEndError: the images are not of the recipe's front end.
    """
    data.check_front_end(recipe.images)
    if isinstance(recipe, StreamingRecipe):
        return StreamingTraining(recipe, data, device, amp)
    if isinstance(recipe, JohnsonRecipe):
        return JohnsonTraining(recipe, data, device, amp)
    if isinstance(recipe, MelGanRecipe):
        return MelGanTraining(recipe, data, device, amp)
    return CycleGanTraining(recipe, data, device, amp)


@dataclass(frozen=True)
class Run:
    """What has been learnt, on the processor.

    Attributes:
        name: of its folder, for messages.
        recipe: what was asked.
        model: the networks.
        facts: of the training.
    """

    name: str
    recipe: AnyRecipe
    model: Model
    facts: Facts


def load_run(folder: Path) -> Run:
    """Read a training folder.

    Raises:
        InputError: there is no checkpoint in it.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        raise InputError(
            str(folder),
            "no run",
            expected=CHECKPOINT,
            cure="Train one: doubledrop train RECIPE --out " + str(folder),
        )
    state = torch.load(path, map_location="cpu", weights_only=True)
    recipe, cpu = recipe_of(state["recipe"]), torch.device("cpu")
    model: Model
    if isinstance(recipe, StreamingRecipe):
        model = StreamingPair(recipe, cpu, amp=False, rate=RATE)
    elif isinstance(recipe, JohnsonRecipe):
        model = Johnson(recipe, cpu, amp=False, rate=RATE)
    elif isinstance(recipe, MelGanRecipe):
        model = MelGan(recipe, cpu, amp=False)
    else:
        model = CycleGan(recipe, cpu, amp=False)
    model.load(state["model"])
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    return Run(str(folder), recipe, model, Facts(**facts))


def suits_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is worth it: processors without the instructions emulate it, slowly."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    flags = Path("/proc/cpuinfo")
    text = flags.read_text(encoding="utf-8") if flags.exists() else ""
    return "amx_bf16" in text or "avx512_bf16" in text


def resume(
    folder: Path, recipe: AnyRecipe, training: Training, device: torch.device, begin: Run | None
) -> tuple[int, float, Losses, dict[str, Any] | None]:
    """Load what a folder holds into a training, or what it begins with.

    Args:
        folder: of the run.
        recipe: that is asked for.
        training: whose networks are filled.
        device: where they are.
        begin: another run, whose weights come first where the folder holds none.

    Returns:
        Steps and seconds so far, smoothed losses, and what was begun from.

    Raises:
        InputError: the folder holds another recipe's run, or what is begun with is of another size.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return 0, 0.0, {}, _begin(begin, training) if begin else None
    state = torch.load(path, map_location=device, weights_only=True)
    # More steps may be asked of a run; everything else is the run.
    asked, found = (r.model_dump(exclude={"steps"}) for r in (recipe, recipe_of(state["recipe"])))
    if asked != found:
        changed = sorted(key for key in asked if asked[key] != found.get(key))
        raise InputError(
            str(folder),
            f"a run of another recipe (differs in {', '.join(changed)})",
            cure="Name another folder for this recipe.",
        )
    training.load(state["model"])
    return state["steps"], state["seconds"], state["losses"], state.get("begun_from")


def _begin(other: Run, training: Training) -> dict[str, Any]:
    """Take the weights of another run.

    Raises:
        InputError: its networks are of another size or front end.
    """
    recipe = other.recipe.model_dump()
    try:
        training.begin_with(other.model.state(), recipe)
    except (RuntimeError, KeyError, ValueError) as fault:
        sizes = (
            *("kind", "channels", "blocks", "critic_channels", "siamese_channels", "vector"),
            *("width", "dilations", "front_end"),
        )
        found = ", ".join(f"{key} {recipe[key]}" for key in sizes if key in recipe)
        raise InputError(
            other.name,
            f"networks of another size or front end ({found})",
            cure="Begin with networks of the same kind, size and front end.",
        ) from fault
    return {
        "recipe": recipe,
        "steps": other.facts.steps,
        "seconds": other.facts.seconds,
        "begun_from": other.facts.begun_from,
    }


def save(folder: Path, recipe: AnyRecipe, training: Training, facts: Facts) -> None:
    """Write a checkpoint, whole or not at all, and the facts.

    Args:
        folder: of the run.
        recipe: what is trained.
        training: its networks.
        facts: so far.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        "recipe": recipe.model_dump(),
        "model": training.state(),
        "steps": facts.steps,
        "seconds": facts.seconds,
        "losses": facts.losses,
        "begun_from": facts.begun_from,
    }
    with Draft(folder / CHECKPOINT, inside=True) as draft:
        with draft.part.open("wb") as file:  # torch takes a name that begins with a dot for none
            torch.save(state, file)
        draft.keep()
    (folder / FACTS).write_text(written(vars(facts), indent=1), encoding="utf-8")
