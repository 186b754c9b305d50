"""Presets before the tests of :mod:`train.judge.mixtures`, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.config.preset import Preset
from engine.dsp.arrays import Array
from engine.models.onnx_model import read_file
from train.data.dataset import read_audio
from train.judge import mixtures as tests
from train.judge.mixtures import Mixture, PresetFigures
from train.notes.families import FAMILIES
from train.notes.manifest import CLIP_RATE, Clip, Manifest, Split
from train.style.instruments import Clips, Schooling, Scores, Told, read_clips
from train.style.vgg_file import shipped_vgg

CLASSES = tuple(FAMILIES)
Telling = Callable[[str], Told]
"""Gives what is told how far something is."""


@dataclass(frozen=True)
class NotesEvaluation:
    """What was found.

    Attributes:
        presets: by name.
        kinds: instruments and presets, in the order of ``every``.
        every: scores of one network for all of them; None where none was trained.
        places: by kind, see :func:`train.judge.mixtures.clusters`; empty without a network.
    """

    presets: dict[str, PresetFigures]
    kinds: tuple[str, ...]
    every: Scores | None
    places: dict[str, Array]

    def to_json(self) -> dict[str, Any]:
        """The keys of ``evaluate-notes --json``."""
        return {
            "classes": list(CLASSES),
            "presets": {name: found.to_json(CLASSES) for name, found in self.presets.items()},
            "all": self.every and self.every.to_json(self.kinds),
        }


@dataclass(frozen=True)
class Notes:
    """Where notes are, and how many count.

    Attributes:
        folder: of ``compose-notes``.
        manifest: of the folder.
        most: clips of each kind and split.
        renders: folder for rendered clips.
    """

    folder: Path
    manifest: Manifest
    most: int
    renders: Path

    def clips(self, split: Split, family: str) -> list[Clip]:
        """Clips of a family."""
        some = [c for c in self.manifest.clips if c.split == split and c.family == family]
        return some[: self.most]

    def natural(self, split: Split, told: Told) -> Clips:
        """Clips of all families as images."""
        some = [clip for name in CLASSES for clip in self.clips(split, name)]
        return read_clips(self.folder, some, CLASSES, "linear", told)


def evaluate_presets(
    presets: Sequence[Preset], notes: Notes, family: str, how: Schooling | None, telling: Telling
) -> NotesEvaluation:
    """Judge presets.

    Args:
        presets: to be fed with notes.
        notes: that they are fed with.
        family: of the notes, where a preset does not say what it restyles.
        how: networks are trained that are to meet the outputs; None for none.
        telling: what is told how far each part is.
    """
    network = shipped_vgg("linear")
    natural: tuple[Clips, Clips] | None = None
    if how is not None:
        reading = telling("reading")
        natural = notes.natural("train", reading), notes.natural("held-out", reading)
    figures: dict[str, PresetFigures] = {}
    found: list[Mixture] = []
    for preset in presets:
        fed_with = _fed_with(preset, family)
        told = telling(f"{preset.name}, rendering")
        held = _Rendered(preset, notes, "held-out", fed_with, told)
        outputs = held.images()
        unmet = tests.unexposed(network.network, outputs, len(network.classes)).tolist()
        four = None
        if natural is not None and how is not None:
            own = _Rendered(preset, notes, "train", fed_with, told)
            mixture = Mixture(preset.name, own.images(), outputs)
            found.append(mixture)
            told = telling(f"{preset.name}, four classes")
            _, four = tests.told_apart(natural, [mixture], len(CLASSES), how, told)
        figures[preset.name] = PresetFigures(
            fed_with,
            dict(zip(network.classes, unmet, strict=True)),
            four,
            tests.observed(held.before(), held.after(), CLIP_RATE),
        )
    kinds = (*CLASSES, *figures)
    if natural is None or how is None:
        return NotesEvaluation(figures, kinds, None, {})
    last, every = tests.told_apart(natural, found, len(CLASSES), how, telling("all presets"))
    test = {name: natural[1].of_class(number) for number, name in enumerate(CLASSES)}
    test |= {mixture.name: mixture.test for mixture in found}
    return NotesEvaluation(figures, kinds, every, tests.clusters(last, test, how.seed))


class _Rendered:
    """Clips through a preset."""

    def __init__(self, preset: Preset, notes: Notes, split: Split, family: str, told: Told) -> None:
        self._clips, self._folder = notes.clips(split, family), notes.folder
        out = notes.renders / preset.name
        self._paths = tests.render_clips(preset, notes.folder, self._clips, out, told)

    def images(self) -> Clips:
        return tests.images_of_files(self._paths)

    def before(self) -> list[Array]:
        return [read_audio(clip.path(self._folder)) for clip in self._clips]

    def after(self) -> list[Array]:
        return [read_audio(path) for path in self._paths]


def _fed_with(preset: Preset, otherwise: str) -> str:
    """The family of instruments that a preset restyles."""
    said = str(read_file(preset.model).info.facts.get("from"))
    return said if said in FAMILIES else otherwise


def rows(found: PresetFigures) -> dict[str, str]:
    """Figures of a preset in words, by what they are."""
    seen, count = found.observed, sum(found.unexposed.values())
    told = {
        "fed with": found.fed_with,
        f"of {count}, called by a network that has met no such sound": ", ".join(
            f"{name} {number}" for name, number in found.unexposed.items()
        ),
    }
    if found.four is not None:
        told |= {
            "told right by a network of four classes": f"{found.four.accuracy:.2%}",
            "its own outputs": f"{found.four.recall[-1]:.2%}",
        }
    return told | {
        "energy above 6 kHz, beside the input's": f"{seen.high_db:+.1f} dB",
        "first tenth of a second, likewise": f"{seen.attack_db:+.1f} dB",
        "strongest partial has moved by": f"{seen.cents:.0f} cents",
        "notes kept (correlation)": f"{seen.notes:.2f}",
    }


def markdown(found: PresetFigures) -> str:
    """The same as a table for a card."""
    lines = [f"| {name} | {value} |" for name, value in rows(found).items()]
    return "\n".join(["| single notes, held out | |", "| --- | --- |", *lines])
