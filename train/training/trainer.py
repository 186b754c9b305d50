"""The loop of a training: step after step, with a checkpoint every few minutes, to the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from engine.errors import InputError
from train.data.dataset import Dataset
from train.training.facts import Facts, facts_of
from train.training.losses import Losses
from train.training.processes import agreed, join
from train.training.recipe import AnyRecipe
from train.training.run import Run, resume, save, suits_bfloat16, training_of
from train.training.training import Shown
from train.training.watch import Watch

Progress = Callable[[int, int, Losses, Losses], None]
"""Called with steps done, steps in all, this step's losses and the smoothed ones."""
_SMOOTH = 0.99  # share of the losses before in those that are told


class Trainer:
    """A training, from its last checkpoint on. Under ``torchrun`` each process takes its share of
    every batch.

    Args:
        recipe: what to train.
        data: on what.
        folder: of the run.
        begin: another run, of networks of the same size, whose weights come first.
        device: ``auto``, ``cpu`` or ``cuda``.

    Attributes:
        training: networks, and what they learn from.

    Raises:
        InputError: the folder holds another recipe's run, or the batch cannot be shared out.
    """

    def __init__(
        self, recipe: AnyRecipe, data: Dataset, folder: Path, begin: Run | None, device: str
    ) -> None:
        torch.set_flush_denormal(True)  # of silent bands; they cost a processor a quarter of a step
        rank, world = join()
        if recipe.batch % world:
            raise InputError(
                "recipe: batch",
                f"{recipe.batch}",
                expected=f"a multiple of {world} processes",
                cure="Change the batch or the number of processes.",
            )
        self._recipe, self._data, self._folder = recipe, data, folder
        self._device = _device(device)
        amp = recipe.amp == "on" or (recipe.amp == "auto" and suits_bfloat16(self._device))
        self.training = training_of(recipe, data, self._device, amp)
        there = resume(folder, recipe, self.training, self._device, begin)
        self._done, self._before_s, self._losses, self._begun_from = there
        self.training.read(folder)
        self._watch = Watch(folder / "logs", data.manifest.rate) if rank == 0 else None
        self._share = slice(rank * recipe.batch // world, (rank + 1) * recipe.batch // world)

    def run(
        self,
        progress: Progress,
        minutes: float | None,
        until: int | None,
        stop: Callable[[], bool],
        checkpoint_minutes: float,
        shown: Shown | None,
    ) -> Facts:
        """Go on until the recipe's last step, or until it is to stop.

        Args:
            progress: told after each step.
            minutes: stop after so long.
            until: stop after this step.
            stop: asked after each step whether to stop there.
            checkpoint_minutes: between checkpoints.
            shown: told at each what there is to look at and to listen to.
        """
        begun = saved = time.monotonic()
        facts, last = self._facts(0.0), min(self._recipe.steps, until or self._recipe.steps)
        while self._done < last:
            fresh = self._step()
            now = time.monotonic()
            over = agreed(stop() or (minutes is not None and now - begun > 60 * minutes))
            if self._watch is not None:
                self._watch.losses(self._done, fresh, self.training.rate_at(self._done))
                progress(self._done, self._recipe.steps, fresh, self._losses)
                if over or self._done == last or now - saved > 60 * checkpoint_minutes:
                    saved, facts = now, self._facts(now - begun)
                    save(self._folder, self._recipe, self.training, facts)
                    self._watch.look(self._done, self.training, shown)
            if over:
                break
        return facts

    def _step(self) -> Losses:
        # Random numbers are those of this step, whatever came before: resuming changes nothing.
        rng = np.random.default_rng((self._recipe.seed, self._done))
        fresh = self.training.step(self._done, rng, self._share)
        self._done += 1
        smooth = {name: self._losses.get(name, value) for name, value in fresh.items()}
        self._losses = {
            name: smooth[name] * _SMOOTH + value * (1.0 - _SMOOTH) for name, value in fresh.items()
        }
        return fresh

    def _facts(self, seconds: float) -> Facts:
        """What is to be said of it after so many seconds of this call."""
        so_far = self._done, self._before_s + seconds, self._losses, self._begun_from
        about = self.training.about
        return facts_of(self._recipe, self._data, self._device, *so_far, about)


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
    shown: Shown | None = None,
) -> Facts:
    """Train until the recipe's last step, or for so many minutes; resumes what the folder holds.

    Arguments are those of :class:`Trainer` and :meth:`Trainer.run`, and so are the errors.
    """
    trainer = Trainer(recipe, data, folder, begin, device)
    return trainer.run(progress, minutes, until, stop, checkpoint_minutes, shown)


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)
