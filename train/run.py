"""A training: a folder with a recipe, checkpoints that resume, and what can be looked at meanwhile.

::

    RUN/recipe.toml        what was asked
    RUN/checkpoint.pt      everything that the next step depends on, replaced atomically
    RUN/facts.json         steps, seconds, hardware, losses: goes into the preset's card
    RUN/logs/              TensorBoard: losses, spectrograms, sound
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.errors import InputError
from engine.strict_json import written
from engine.writing import Draft
from train.cyclegan import CycleGan
from train.cyclegan_training import CycleGanTraining
from train.dataset import RATE, Dataset
from train.facts import Facts, facts_of
from train.losses import Losses
from train.processes import agreed, join
from train.recipe import AnyRecipe, recipe_of
from train.streaming.pair import StreamingPair
from train.streaming.recipe import StreamingRecipe
from train.streaming.training import StreamingTraining
from train.training import Training
from train.watch import Watch

CHECKPOINT, FACTS = "checkpoint.pt", "facts.json"
Progress = Callable[[int, int, Losses, Losses], None]
"""Called with steps done, steps in all, this step's losses and the smoothed ones."""


def train(
    recipe: AnyRecipe,
    data: Dataset,
    folder: Path,
    *,
    progress: Progress,
    begin: Run | None = None,
    minutes: float | None = None,
    until: int | None = None,
    stop: Callable[[], bool] = lambda: False,
    checkpoint_minutes: float = 5.0,
    device: str = "auto",
) -> Facts:
    """Train until the recipe's last step, or for so many minutes; resumes what the folder holds.

    Under ``torchrun`` each process takes its share of every batch.

    Args:
        recipe: what to train.
        data: on what.
        folder: of the run.
        progress: told after each step.
        begin: another run, of networks of the same size, whose weights come first.
        minutes: stop after so long; run again to go on.
        until: stop after this step.
        stop: asked after each step whether to stop there.
        checkpoint_minutes: between checkpoints.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        InputError: the folder holds another recipe's run, or the batch cannot be shared out.
    """
    torch.set_flush_denormal(True)  # of silent bands; they cost a processor a quarter of a step
    rank, world = join()
    if recipe.batch % world:
        raise InputError(
            "recipe: batch",
            f"{recipe.batch}",
            expected=f"a multiple of {world} processes",
            cure="Change the batch or the number of processes.",
        )
    where = torch.device(
        "cuda"
        if device == "auto" and torch.cuda.is_available()
        else "cpu"
        if device == "auto"
        else device
    )
    amp = recipe.amp == "on" or (recipe.amp == "auto" and suits_bfloat16(where))
    training = training_of(recipe, data, where, amp)
    done, before_s, losses, begun_from = _resume(folder, recipe, training, where, begin)
    training.read(folder)
    watch = Watch(folder / "logs", data.manifest.rate) if rank == 0 else None
    begun = saved = time.monotonic()
    share = slice(rank * recipe.batch // world, (rank + 1) * recipe.batch // world)
    facts = facts_of(recipe, data, where, done, before_s, losses, begun_from)
    last = min(recipe.steps, until or recipe.steps)
    while done < last:
        rng = np.random.default_rng((recipe.seed, done))  # of this step: resuming changes nothing
        fresh = training.step(done, rng, share)
        done += 1
        losses = {name: losses.get(name, v) * 0.99 + v * 0.01 for name, v in fresh.items()}
        now = time.monotonic()
        over = agreed(stop() or (minutes is not None and now - begun > 60 * minutes))
        if watch is not None:
            watch.losses(done, fresh, training.rate_at(done))
            progress(done, recipe.steps, fresh, losses)
            if over or done == last or now - saved > 60 * checkpoint_minutes:
                saved = now
                facts = facts_of(
                    recipe, data, where, done, before_s + now - begun, losses, begun_from
                )
                _save(folder, recipe, training, facts)
                watch.look(done, training)
        if over:
            break
    return facts


def training_of(recipe: AnyRecipe, data: Dataset, device: torch.device, amp: bool) -> Training:
    """The training that a recipe asks for.

    Args:
        recipe: of any kind.
        data: what is learnt from.
        device: where.
        amp: whether to multiply in bfloat16.
    """
    if isinstance(recipe, StreamingRecipe):
        return StreamingTraining(recipe, data, device, amp)
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
    model: CycleGan | StreamingPair
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
    model: CycleGan | StreamingPair
    if isinstance(recipe, StreamingRecipe):
        model = StreamingPair(recipe, cpu, amp=False, rate=RATE)
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


def _resume(
    folder: Path, recipe: AnyRecipe, training: Training, device: torch.device, begin: Run | None
) -> tuple[int, float, Losses, dict[str, Any] | None]:
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
    """Take the weights of another run."""
    recipe = other.recipe.model_dump()
    try:
        training.begin_with(other.model.state(), recipe)
    except (RuntimeError, KeyError, ValueError) as fault:
        sizes = ("kind", "channels", "blocks", "critic_channels", "width", "dilations")
        found = ", ".join(f"{key} {recipe[key]}" for key in sizes if key in recipe)
        raise InputError(
            other.name,
            f"networks of another size ({found})",
            cure="Begin with networks of the same kind and size.",
        ) from fault
    return {
        "recipe": recipe,
        "steps": other.facts.steps,
        "seconds": other.facts.seconds,
        "begun_from": other.facts.begun_from,
    }


def _save(folder: Path, recipe: AnyRecipe, training: Training, facts: Facts) -> None:
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
