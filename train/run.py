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
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.dsp.arrays import Array
from engine.dsp.tempo import bucket
from engine.errors import InputError
from engine.strict_json import written
from engine.writing import Draft
from train.cyclegan import CycleGan, Losses
from train.dataset import Dataset
from train.facts import Facts, facts_of
from train.images import GenreImages, Windows, batch, rows
from train.processes import agreed, join
from train.recipe import Recipe
from train.watch import Watch

CHECKPOINT, FACTS = "checkpoint.pt", "facts.json"
Progress = Callable[[int, int, Losses, Losses], None]
"""Called with steps done, steps in all, this step's losses and the smoothed ones."""


def train(
    recipe: Recipe,
    data: Dataset,
    folder: Path,
    *,
    progress: Progress,
    begin: Path | None = None,
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
        begin: folder of another run, of networks of the same size, whose weights come first.
        minutes: stop after so long; run again to go on.
        until: stop after this step.
        stop: asked after each step whether to stop there.
        checkpoint_minutes: between checkpoints.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        InputError: the folder holds another recipe's run, or the batch cannot be shared out.
    """
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
    model = CycleGan(
        recipe, where, recipe.amp == "on" or (recipe.amp == "auto" and suits_bfloat16(where))
    )
    sources, targets = (GenreImages(data, genre) for genre in (recipe.source, recipe.target))
    uses = Windows(recipe.phrase, recipe.edge)
    done, before_s, losses, begun_from = _resume(folder, recipe, model, begin)
    if recipe.twins:
        sources.learn_twins(data)
        targets.learn_twins(data)
        if recipe.backwards:
            sources.exchange(targets)
    elif recipe.teacher:
        sources.learn(_teacher(model, 0, folder))
        targets.learn(_teacher(model, 1, folder))
    watch = Watch(folder / "logs", data, recipe) if rank == 0 else None
    begun = saved = time.monotonic()
    share = slice(rank * recipe.batch // world, (rank + 1) * recipe.batch // world)
    facts = facts_of(recipe, data, where, done, before_s, losses, begun_from)
    last = min(recipe.steps, until or recipe.steps)
    while done < last:
        rng = np.random.default_rng((recipe.seed, done))  # of this step: resuming changes nothing
        in_a_row = recipe.rows > 0 and rng.random() < recipe.rows
        draw = rows if in_a_row else partial(batch, uses=uses)
        source, target = (
            torch.from_numpy(draw(genre, rng, recipe.batch, recipe.width)[share]).to(
                where, torch.get_default_dtype()
            )
            for genre in (sources, targets)
        )
        fresh = model.step(source, target, recipe.rate_at(done), rng)
        done += 1
        losses = {name: losses.get(name, v) * 0.99 + v * 0.01 for name, v in fresh.items()}
        now = time.monotonic()
        over = agreed(stop() or (minutes is not None and now - begun > 60 * minutes))
        if watch is not None:
            watch.losses(done, fresh, recipe.rate_at(done))
            progress(done, recipe.steps, fresh, losses)
            if over or done == last or now - saved > 60 * checkpoint_minutes:
                saved = now
                facts = facts_of(
                    recipe, data, where, done, before_s + now - begun, losses, begun_from
                )
                _save(folder, recipe, model, facts)
                watch.look(done, model)
        if over:
            break
    return facts


def load_run(folder: Path) -> tuple[Recipe, CycleGan, Facts]:
    """What a training folder holds, on the processor.

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
    recipe = Recipe.model_validate(state["recipe"])
    model = CycleGan(recipe, torch.device("cpu"), amp=False)
    model.load(state["model"])
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    return recipe, model, Facts(**facts)


def suits_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is worth it: processors without the instructions emulate it, slowly."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    flags = Path("/proc/cpuinfo")
    text = flags.read_text(encoding="utf-8") if flags.exists() else ""
    return "amx_bf16" in text or "avx512_bf16" in text


def _teacher(model: CycleGan, number: int, folder: Path) -> Callable[[Array], Array]:
    """A teacher of the model as a function of windows."""
    if model.teachers is None:
        raise InputError(
            "recipe: teacher",
            f"nobody to learn from in {folder}",
            cure="Begin with the weights of another run: --from RUN.",
        )
    teacher = model.teachers[number].eval()

    @torch.inference_mode()
    def restyled(window: Array) -> Array:
        width = window.shape[-1]
        padded = np.resize(window.T, (bucket(width), len(window))).T  # circularly, as on the stage
        image = torch.from_numpy(np.ascontiguousarray(padded[None, None], np.float32))
        image = image.to(model.device, torch.get_default_dtype())
        return np.asarray(model.heard(image, image, teacher(image))[0, 0, :, :width].cpu().numpy())

    return restyled


def _resume(
    folder: Path, recipe: Recipe, model: CycleGan, begin: Path | None
) -> tuple[int, float, Losses, dict[str, Any] | None]:
    path = folder / CHECKPOINT
    if not path.exists():
        return 0, 0.0, {}, _begin(begin, model) if begin else None
    state = torch.load(path, map_location=model.device, weights_only=True)
    # More steps may be asked of a run; everything else is the run.
    asked, found = (
        r.model_dump(exclude={"steps"}) for r in (recipe, Recipe.model_validate(state["recipe"]))
    )
    if asked != found:
        changed = sorted(key for key in asked if asked[key] != found[key])
        raise InputError(
            str(folder),
            f"a run of another recipe (differs in {', '.join(changed)})",
            cure="Name another folder for this recipe.",
        )
    model.load(state["model"])
    return state["steps"], state["seconds"], state["losses"], state.get("begun_from")


def _begin(folder: Path, model: CycleGan) -> dict[str, Any]:
    """Take the weights of another run."""
    other, others, facts = load_run(folder)
    try:
        model.load(others.state())
        if model.recipe.teacher and not model.recipe.twins:
            model.teach(others.exported())
    except RuntimeError as fault:
        raise InputError(
            str(folder),
            f"networks of another size (channels {other.channels}, blocks {other.blocks}, critics "
            f"{other.critic_channels})",
            cure="Begin from a run of the same channels and blocks.",
        ) from fault
    return {
        "recipe": other.model_dump(),
        "steps": facts.steps,
        "seconds": facts.seconds,
        "begun_from": facts.begun_from,
    }


def _save(folder: Path, recipe: Recipe, model: CycleGan, facts: Facts) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        "recipe": recipe.model_dump(),
        "model": model.state(),
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
