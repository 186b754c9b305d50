"""A preset, or the controls alone, before the judge: every figure on held-out tracks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.live.preset import Preset
from train.dataset import Dataset, Segment, read_audio
from train.judge import content
from train.judge.controls import crest_db, crest_match, eq_match
from train.judge.judge import Judge
from train.judge.renders import Progress, render_all
from train.judge.statistics import Figure, by_track
from train.judge.view import distance_db, levelled, view

CONTROLS = ("input", "eq", "eq_dynamics", "target", "twin")


@dataclass
class Exhibit:
    """One version of all held-out segments, as it is judged.

    Attributes:
        views: log-mel images, one per segment.
        tracks: whose each is.
        onset_f, precision, recall, chroma, notes: of its sound against the input's.
        twin_db: distance of its view from the twin's.
    """

    views: list[Array] = field(default_factory=list)
    tracks: list[str] = field(default_factory=list)
    onset_f: list[float] = field(default_factory=list)
    precision: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)
    chroma: list[float] = field(default_factory=list)
    notes: list[float] = field(default_factory=list)
    twin_db: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Evaluation:
    """All figures of one evaluation.

    Attributes:
        judge: who judged.
        preset: name, or None if only the controls were judged.
        tracks, segments: held-out ones of the source genre.
        flip: by classifier and version, the share called the target.
        content: by measure and version, against the input.
        log_mel_db: distances between versions.
        noise_db: median energy of the noise branch relative to the output, use ``late``.
        exhibits: what was judged, for pictures.
    """

    judge: Judge
    preset: str | None
    tracks: int
    segments: int
    flip: dict[str, dict[str, Figure]]
    content: dict[str, dict[str, Figure]]
    log_mel_db: dict[str, Figure]
    noise_db: float | None
    exhibits: dict[str, Exhibit]

    def to_json(self) -> dict[str, Any]:
        """The keys of ``evaluate --json``; every figure also with its interval."""
        accuracies = self.judge.accuracies
        return {
            "preset": self.preset,
            "source": self.judge.source,
            "target": self.judge.target,
            "tracks": self.tracks,
            "segments": self.segments,
            "classifiers": {
                name: {
                    "accuracy": accuracies[name].accuracy,
                    "recall": dict(
                        zip(
                            (self.judge.source, self.judge.target),
                            accuracies[name].recall,
                            strict=True,
                        )
                    ),
                    "unseen_sources": accuracies[name].unseen_sources,
                    "flip": _means(figures),
                    "interval": _intervals(figures),
                }
                for name, figures in self.flip.items()
            },
            **{name: _means(figures) for name, figures in self.content.items()},
            "interval": {name: _intervals(figures) for name, figures in self.content.items()},
            "log_mel_db": _means(self.log_mel_db),
            "noise_db": self.noise_db,
        }


def _means(figures: dict[str, Figure]) -> dict[str, float]:
    return {key: round(figure.mean, 4) for key, figure in figures.items()}


def _intervals(figures: dict[str, Figure]) -> dict[str, list[float]]:
    return {key: [round(f.low, 4), round(f.high, 4)] for key, f in figures.items()}


def evaluate(
    data: Dataset,
    judge: Judge,
    preset: Preset | None,
    folder: Path,
    progress: Progress,
    per_track: int = 3,
) -> Evaluation:
    """Render the held-out tracks of the source genre, reread the files, judge them.

    Args:
        data: the dataset.
        judge: fitted on it.
        preset: whose outputs to judge, or None for the controls alone.
        folder: where the rendered files go.
        progress: told how far it is.
        per_track: segments of each track at most.

    Raises:
        InputError: there are no held-out tracks.
    """
    segments = [s for s in data.segments(judge.source, "held-out") if s.number < per_track]
    rate = data.manifest.rate
    rendered: dict[str, list[Path]] = {}
    noise_db: list[float] = []
    if preset:
        rendered, noise_db = render_all(data, segments, preset, folder, progress)
    exhibits: dict[str, Exhibit] = {}
    references: list[_Reference] = []
    names = [*CONTROLS, *rendered]
    crest = float(np.median([crest_db(sound) for sound in _targets(data, judge, segments)]))
    for i, name in enumerate(names):
        progress(f"judging {name}", i, len(names))
        sounds: Iterable[Audio] = _version(data, judge, segments, name, crest, rendered)
        if name == "input":
            sounds = list(sounds)
            references = [_Reference(sound, rate) for sound in sounds]
        exhibits[name] = _exhibit(data, segments, sounds, references)
        if not exhibits[name].views:
            del exhibits[name]
    progress("judging", len(names), len(names))
    flip: dict[str, dict[str, Figure]] = {c.name: {} for c in judge.classifiers}
    for name, exhibit in exhibits.items():
        for classifier, called in judge.calls(exhibit.views).items():
            flip[classifier][name] = by_track(called.tolist(), exhibit.tracks)
    measures = ("onset_f", "precision", "recall", "chroma", "notes", "twin_db")
    found = {
        measure: {
            name: by_track(values, exhibit.tracks)
            for name, exhibit in exhibits.items()
            if (values := getattr(exhibit, measure))
        }
        for measure in measures
    }
    return Evaluation(
        judge=judge,
        preset=preset.name if preset else None,
        tracks=len(data.tracks(judge.source, "held-out")),
        segments=len(segments),
        flip=flip,
        content={name: figures for name, figures in found.items() if figures},
        log_mel_db=_between(exhibits),
        noise_db=float(np.median(noise_db)) if noise_db else None,
        exhibits=exhibits,
    )


class _Reference:
    """What the input had, to compare with."""

    def __init__(self, sound: Audio, rate: int) -> None:
        one = content.mono(levelled(sound), rate)
        self.onsets, self.chroma, self.notes = (
            content.onsets_s(one),
            content.chroma(one),
            content.notes(one),
        )


def _exhibit(
    data: Dataset,
    segments: Sequence[Segment],
    sounds: Iterable[Audio],
    references: Sequence[_Reference],
) -> Exhibit:
    exhibit, rate = Exhibit(), data.manifest.rate
    for segment, reference, sound in zip(segments, references, sounds, strict=False):
        image = view(sound, rate)
        other = _Reference(sound, rate)
        f, precision, recall = content.onset_scores(reference.onsets, other.onsets)
        exhibit.views.append(image)
        exhibit.tracks.append(segment.track.name)
        exhibit.onset_f.append(f)
        exhibit.precision.append(precision)
        exhibit.recall.append(recall)
        exhibit.chroma.append(content.correlation(reference.chroma, other.chroma))
        exhibit.notes.append(content.correlation(reference.notes, other.notes))
        if segment.twin_path is not None:
            twin = view(data.own_phrase(read_audio(segment.twin_path), rate), rate)
            exhibit.twin_db.append(distance_db(image, twin))
    return exhibit


def _version(
    data: Dataset,
    judge: Judge,
    segments: Sequence[Segment],
    name: str,
    crest: float,
    rendered: dict[str, list[Path]],
) -> Iterator[Audio]:
    """The sound of every held-out segment in one version; nothing if there is no such version."""
    rate = data.manifest.rate
    if name == "target":
        yield from _targets(data, judge, segments)
    elif name == "twin":
        if all(segment.twin_path for segment in segments):
            for segment in segments:
                assert segment.twin_path is not None
                yield data.own_phrase(read_audio(segment.twin_path), rate)
    elif name in ("eq", "eq_dynamics"):
        match = eq_match(judge.target_db, rate)
        for track in data.tracks(judge.source, "held-out"):
            own = [s for s in segments if s.track.name == track.name]
            for sound in match([data.own_phrase(s.audio(), rate) for s in own]):
                yield crest_match(sound, crest, rate) if name == "eq_dynamics" else sound
    else:
        for i, segment in enumerate(segments):
            sound = read_audio(rendered[name][i]) if name in rendered else segment.audio()
            yield data.own_phrase(sound, rate)


def _targets(data: Dataset, judge: Judge, segments: Sequence[Segment]) -> Iterator[Audio]:
    """As many held-out segments of the target genre, in turn."""
    real = data.segments(judge.target, "held-out")
    for i in range(len(segments)):
        yield data.own_phrase(real[i % len(real)].audio(), data.manifest.rate)


def _between(exhibits: dict[str, Exhibit]) -> dict[str, Figure]:
    """Distances between versions, dB: how far live is from offline, and the effect from nothing."""
    pairs = {"phrase_late": ("phrase", "late"), "edge_late": ("edge", "late")}
    pairs |= {"late_input": ("late", "input"), "twin_input": ("twin", "input")}
    pairs["shifted_late"] = ("shifted", "late")
    found = {}
    for key, (one, other) in pairs.items():
        if one in exhibits and other in exhibits:
            a, b = exhibits[one], exhibits[other]
            values = [distance_db(x, y) for x, y in zip(a.views, b.views, strict=True)]
            found[key] = by_track(values, a.tracks)
    return found
