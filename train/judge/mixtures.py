"""Are the sounds that a preset makes of notes one kind of sound, and one of their own?

Liu, Delany & McKeever, "Sound transformation: applying image neural style transfer networks to
audio spectrograms" (2019), section 4: outputs before a classifier that has never met such sounds
(table 1); before one that has, beside the instruments and a dummy (table 2); of several presets
before one (table 3); and as clusters of what the first classifier finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.config.preset import Preset
from engine.dsp.arrays import Array
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.models.generator import open_generator
from engine.offline.render import render
from train.data.dataset import read_audio
from train.judge import content
from train.notes.manifest import CLIP_RATE, CLIP_S, Clip
from train.prepare.clips import clip_bpm
from train.style.audio_vgg import POOLED, AudioVgg
from train.style.instruments import (
    Clips,
    Schooling,
    Scores,
    Told,
    called,
    image_of_sound,
    scores,
    train_vgg,
)

_MODES: Mapping[str, Settings] = {"window": Settings(use="late"), "streaming": Settings(use="edge")}
"""A note has no bars: a window generator sees all of it, a streaming one what has been."""
_CLIP_TEMPO = Tempo(clip_bpm(CLIP_S))
_HIGH_HZ = 6000.0
_ATTACK_S = 0.1
_PERPLEXITY = 30.0


@dataclass(frozen=True)
class Mixture:
    """What a preset makes of notes.

    Attributes:
        name: of the preset.
        train, test: of the clips that classifiers learn from, and of those held out.
    """

    name: str
    train: Clips
    test: Clips


@dataclass(frozen=True)
class Observations:
    """What section 4.1 sees in pictures, as medians over clips.

    Attributes:
        high_db: energy above 6 kHz, output over input.
        attack_db: energy of the first tenth of a second over that of the clip, output less input.
        cents: how far the strongest partial has moved.
        notes: correlation of note posteriorgrams.
    """

    high_db: float
    attack_db: float
    cents: float
    notes: float


@dataclass(frozen=True)
class PresetFigures:
    """What was found of one preset.

    Attributes:
        fed_with: family of the notes.
        unexposed: how many outputs a network that has met none of them calls each class it knows.
        four: scores of a network of the instruments and the outputs, which come last; None where
            none was trained.
        observed: what has become of the notes.
    """

    fed_with: str
    unexposed: dict[str, int]
    four: Scores | None
    observed: Observations

    def to_json(self, classes: Sequence[str]) -> dict[str, Any]:
        """As plain values.

        Args:
            classes: names of the instruments.
        """
        return {
            "fed_with": self.fed_with,
            "unexposed": self.unexposed,
            "four_classes": self.four and self.four.to_json([*classes, "mixture"]),
            "observations": asdict(self.observed),
        }


def render_clips(
    preset: Preset, folder: Path, clips: Sequence[Clip], out: Path, told: Told
) -> list[Path]:
    """Clips through a preset, without a clock, as files.

    Args:
        preset: to render with.
        folder: of the notes.
        clips: of its manifest.
        out: folder of the files; those that are there are kept.
        told: how far it is.

    Raises:
        InputError: a clip is missing or damaged.
        GeneratorError: the generator failed.
    """
    generator = open_generator(preset.model, "auto")
    how, paths = _MODES[generator.kind], []
    for number, clip in enumerate(clips):
        path = out / f"{clip.name}.wav"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            render(clip.path(folder), path, generator, _CLIP_TEMPO, how, inference_ms=1.0)
        paths.append(path)
        told(number + 1, len(clips), 0.0)
    return paths


def images_of_files(paths: Sequence[Path]) -> Clips:
    """Rendered clips as images; each is of class 0."""
    images = [image_of_sound(read_audio(path), CLIP_RATE, "linear")[0].half() for path in paths]
    return Clips(torch.stack(images), torch.zeros(len(images), dtype=torch.long))


def observed(before: Sequence[Array], after: Sequence[Array], rate: int) -> Observations:
    """What became of clips.

    Args:
        before: sounds, (channels, samples) each.
        after: of the same clips.
        rate: hertz, of all.
    """
    pairs = [
        (_Spectrum.of(a, rate), _Spectrum.of(b, rate)) for a, b in zip(before, after, strict=True)
    ]
    return Observations(
        float(np.median([b.high_db - a.high_db for a, b in pairs])),
        float(np.median([b.attack_db - a.attack_db for a, b in pairs])),
        float(np.median([abs(1200.0 * np.log2(b.peak_hz / a.peak_hz)) for a, b in pairs])),
        float(np.median([_kept(*sounds, rate) for sounds in zip(before, after, strict=True)])),
    )


def _kept(before: Array, after: Array, rate: int) -> float:
    found = [content.notes(content.mono(sound, rate)) for sound in (before, after)]
    return content.correlation(*found)


@dataclass(frozen=True)
class _Spectrum:
    high_db: float
    attack_db: float
    peak_hz: float

    @staticmethod
    def of(sound: Array, rate: int) -> _Spectrum:
        mono = sound.mean(axis=0).astype(np.float64)
        power = np.abs(np.fft.rfft(mono * np.hanning(len(mono)))) ** 2 + 1e-12
        hertz = np.fft.rfftfreq(len(mono), 1.0 / rate)
        first = mono[: round(_ATTACK_S * rate)]
        attack = (np.sum(first**2) + 1e-12) / (np.sum(mono**2) + 1e-12)
        return _Spectrum(
            float(10.0 * np.log10(power[hertz > _HIGH_HZ].sum())),
            float(10.0 * np.log10(attack)),
            float(hertz[max(1, int(power.argmax()))]),
        )


def unexposed(network: AudioVgg, outputs: Clips, classes: int) -> Array:
    """What a network calls outputs whose like it has never met (table 1).

    Args:
        network: trained on natural sounds.
        outputs: of clips that it has not met either.
        classes: how many it knows.

    Returns:
        How many were called each class, (classes,).
    """
    return np.bincount(called(network, outputs.images), minlength=classes)


def told_apart(
    natural: tuple[Clips, Clips],
    mixtures: Sequence[Mixture],
    classes: int,
    how: Schooling,
    told: Told,
) -> tuple[AudioVgg, Scores]:
    """A fresh network that tells natural sounds and outputs apart, and how well (tables 2 and 3).

    Args:
        natural: clips of instruments, to learn from and held out.
        mixtures: each is one class more.
        classes: of the natural sounds.
        how: the network is trained; the paper's rate is 2e-4.
        told: how far it is.
    """
    own = _joined([natural[0], *(m.train for m in mixtures)], classes)
    others = _joined([natural[1], *(m.test for m in mixtures)], classes)
    network = train_vgg(own, classes + len(mixtures), how, told)
    return network, scores(network, others, classes + len(mixtures))


def _joined(parts: Sequence[Clips], classes: int) -> Clips:
    labels = [parts[0].labels, *(p.labels + classes + i for i, p in enumerate(parts[1:]))]
    return Clips(torch.cat([part.images for part in parts]), torch.cat(labels))


def clusters(network: AudioVgg, images: Mapping[str, Clips], seed: int) -> dict[str, Array]:
    """Places of clips in a plane, by kind, (clips, 2): t-SNE of what pool5 finds (section 4.3).

    Args:
        network: that tells these kinds apart.
        images: by kind of sound.
        seed: of the places.
    """
    from sklearn.manifold import TSNE

    rows = []
    with torch.inference_mode():
        for clips in images.values():
            for image in clips.images:
                found = network.features(image[None].float(), (POOLED,))[POOLED]
                rows.append(found.flatten().numpy())
    perplexity = min(_PERPLEXITY, (len(rows) - 1) / 3)  # it asks for three times as many clips
    how = {"perplexity": perplexity, "random_state": seed, "init": "pca"}
    places = TSNE(**how).fit_transform(np.stack(rows))
    ends = np.cumsum([len(clips) for clips in images.values()])
    return dict(zip(images, np.split(places, ends[:-1]), strict=True))
