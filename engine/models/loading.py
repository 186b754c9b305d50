"""The networks of a rig's slots: whatever is wrong with one, the others play."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from engine.dsp.front_ends import STAGE
from engine.dsp.tempo import Tempo
from engine.dsp.window import Use
from engine.errors import DoubledropError, ProviderError
from engine.models import trial
from engine.models.generator import AnyGenerator, IdentityGenerator, open_generator, read_model
from engine.models.onnx_check import check
from engine.models.quarantine import dry

NOWHERE = "nothing"
"""Where the networks run if none could be loaded."""


@dataclass(frozen=True)
class Loaded:
    """The networks of the slots.

    Attributes:
        generators: one a slot; one that cannot be loaded lets the sound through.
        provider: where they run.
        faults: why those that cannot be loaded cannot, by slot from 0.
    """

    generators: list[AnyGenerator | IdentityGenerator] = field(default_factory=list)
    provider: str = NOWHERE
    faults: dict[int, DoubledropError] = field(default_factory=dict)

    @property
    def said(self) -> list[str]:
        """The faults, in words."""
        return [dry(slot, str(fault)) for slot, fault in self.faults.items()]


def load_slots(
    models: Sequence[str],
    provider: str,
    out: Collection[int] = (),
    warm: tuple[Tempo, Use] | None = None,
) -> Loaded:
    """Load the network of each slot.

    Args:
        models: the files.
        provider: auto, cpu, cuda, tensorrt or coreml.
        out: slots that are not loaded, for they have failed before.
        warm: tempo and use of the window to warm them at; None for cold ones.

    Raises:
        ProviderError: the provider was asked for by name and does not run.
    """
    loaded = Loaded()
    wanted = [model for slot, model in enumerate(models) if slot not in out]
    _try(dict.fromkeys(wanted))
    for slot, model in enumerate(models):
        generator: AnyGenerator | IdentityGenerator = IdentityGenerator()
        if slot not in out:
            try:
                generator = open_generator(Path(model), provider, STAGE, threads=1)
                if warm is not None:
                    generator.warm(*warm)
                loaded = Loaded(loaded.generators, generator.provider, loaded.faults)
            except ProviderError as fault:
                if provider != "auto":
                    raise
                loaded.faults[slot] = fault
            except DoubledropError as fault:
                loaded.faults[slot] = fault
        loaded.generators.append(generator)
    return loaded


def _try(models: Collection[str]) -> None:
    """The trials of those that are not known, side by side."""
    unknown: list[tuple[Path, str]] = []
    for model in models:
        with suppress(Exception):  # it is said when the slot is loaded
            data = read_model(Path(model))
            check(data, model)
            digest = trial.digest_of(data)
            if not trial.is_known(digest):
                unknown.append((Path(model), digest))
    trial.try_out(unknown)


def check_slots(models: Sequence[str], provider: str = "cpu") -> dict[int, DoubledropError]:
    """What is wrong with the generators of slots, by their places from 0, before anybody plays.

    Args:
        models: the files.
        provider: to run them on.
    """
    return load_slots(models, provider).faults
