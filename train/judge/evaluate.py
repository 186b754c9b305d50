"""A preset, or the controls alone, before the judge: every figure on held-out tracks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.config.preset import Preset
from engine.models.onnx_model import read_file
from train.data.dataset import Dataset
from train.judge import genre_ear
from train.judge.consistency import Consistency, consistency
from train.judge.controls import crest_db
from train.judge.fine_ear import EnvelopeLines, lines
from train.judge.judge import Judge, real_views
from train.judge.kernel import RealSounds
from train.judge.measurement import MEASURES, Heard, Measurement, measurement_of, twin_of
from train.judge.renders import Progress, inference_time_ms, main_version, render_all
from train.judge.statistics import Figure, by_track
from train.judge.telltale import excerpts, told, told_from_itself
from train.judge.versions import CONTROLS, sounds_of, target_segments, targets
from train.judge.view import distance_db, levelled

_FEWEST_TOLD = 8  # tracks


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
        consistency: whether outputs of the main version are one kind of sound; None without one.
        noise_db: median energy of the noise branch relative to the output of the main version.
        lines: by version, lines in the envelope that input and twin (or target) have not.
        told: by version, how often a fresh classifier tells it from real music of the target; of
            ``real``, that music from itself.
        measurements: what was judged, for pictures.
        inference_ms: time of an inference in the versions of the stage; None without any, and of a
            streaming generator.
    """

    judge: Judge
    preset: str | None
    tracks: int
    segments: int
    flip: dict[str, dict[str, Figure]]
    content: dict[str, dict[str, Figure]]
    log_mel_db: dict[str, Figure]
    consistency: Consistency | None
    noise_db: float | None
    lines: dict[str, EnvelopeLines]
    told: dict[str, float]
    measurements: dict[str, Measurement]
    inference_ms: float | None

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
            "consistency": self.consistency and asdict(self.consistency),
            "noise_db": self.noise_db,
            "lines": {name: asdict(found) for name, found in self.lines.items()},
            "told": self.told,
            "inference_ms": self.inference_ms,
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
    jobs: int = 1,
    versions: Sequence[str] = (),
    force: bool = False,
    inference_ms: float | None = None,
) -> Evaluation:
    """Render the held-out tracks of the source genre, reread the files, judge them.

    Args:
        data: the dataset.
        judge: fitted on it.
        preset: whose outputs to judge, or None for the controls alone.
        folder: where the rendered files go.
        progress: told how far it is.
        per_track: segments of each track at most.
        jobs: renders at once.
        versions: of the output that are judged; all where none is named.
        force: whether renders may replace files that are not ours.
        inference_ms: see :func:`train.judge.renders.inference_time_ms`.

    Raises:
        InputError: there are no held-out tracks.
    """
    segments = [s for s in data.segments(judge.source, "held-out") if s.number < per_track]
    rate = data.manifest.rate
    main = main_version(read_file(preset.model).info.kind) if preset else ""
    rendered: dict[str, list[Path]] = {}
    noise_db: list[float] = []
    if preset:
        how = jobs, versions, force, inference_ms
        rendered, noise_db = render_all(data, segments, preset, folder, progress, *how)
    measurements: dict[str, Measurement] = {}
    form = rate, data.manifest.bpm
    inputs = [Heard(data.own_phrase(segment.audio(), rate), *form) for segment in segments]
    twins = [twin_of(data, segment) for segment in segments]
    names = [*CONTROLS, *rendered]
    crest = float(np.median([crest_db(sound) for sound in targets(data, judge, len(segments))]))
    for i, name in enumerate(names):
        progress(f"judging {name}", i, len(names))
        heard: Iterable[Heard] = inputs
        if name != "input":
            sounds = sounds_of(data, judge, segments, name, crest, rendered)
            heard = (Heard(sound, *form) for sound in sounds)
        measurements[name] = measurement_of(segments, heard, inputs, twins, rate)
        if not measurements[name].views:
            del measurements[name]
    progress("judging", len(names), len(names))
    flip: dict[str, dict[str, Figure]] = {c.name: {} for c in judge.classifiers}
    for name, measurement in measurements.items():
        for classifier, called in judge.calls(measurement.views).items():
            flip[classifier][name] = by_track(called.tolist(), measurement.tracks)
    ear = genre_ear.GenreEar(data, judge.source, judge.target)
    judge = replace(judge, accuracies=judge.accuracies | {genre_ear.NAME: ear.accuracy})
    flip[genre_ear.NAME] = {
        name: by_track(ear.calls(measurement.features).tolist(), measurement.tracks)
        for name, measurement in measurements.items()
    }
    found = {
        measure: {
            name: by_track(values, measurement.tracks)
            for name, measurement in measurements.items()
            if (values := getattr(measurement, measure))
        }
        for measure in MEASURES
    }
    found["kad"] = _distances(data, judge, measurements)
    return Evaluation(
        judge=judge,
        preset=preset.name if preset else None,
        tracks=len(data.tracks(judge.source, "held-out")),
        segments=len(segments),
        flip=flip,
        content={name: figures for name, figures in found.items() if figures},
        log_mel_db=_between(measurements, main),
        consistency=_consistency(data, judge, measurements, main),
        noise_db=float(np.median(noise_db)) if noise_db else None,
        lines=_lines(measurements, list(rendered), rate),
        told=_told(data, judge, measurements, list(rendered)),
        measurements=measurements,
        inference_ms=inference_time_ms(data, preset, inference_ms) if preset else None,
    )


def _lines(
    measurements: dict[str, Measurement], made: Sequence[str], rate: int
) -> dict[str, EnvelopeLines]:
    others = [
        measurements[name].fine for name in ("input", "target", "twin") if name in measurements
    ]
    return {
        name: lines(measurements[name].fine, others, rate) for name in made if name in measurements
    }


def _told(
    data: Dataset, judge: Judge, measurements: dict[str, Measurement], made: Sequence[str]
) -> dict[str, float]:
    """Outputs, the twin and real music itself against real music of the target."""
    segments = [s for s in data.segments(judge.target, "held-out") if s.number == 0]
    if len({s.track.name for s in segments}) < _FEWEST_TOLD:
        return {}
    rate = data.manifest.rate
    real = [excerpts(levelled(data.own_phrase(s.audio(), rate)), rate) for s in segments]
    names = [segment.track.name for segment in segments]
    found = {
        name: told(measurements[name].excerpts, real, (measurements[name].tracks, names))
        for name in ("twin", *made)
        if name in measurements and len(set(measurements[name].tracks)) >= _FEWEST_TOLD
    }
    return found | {"real": told_from_itself(real, names)}


def _distances(
    data: Dataset, judge: Judge, measurements: dict[str, Measurement]
) -> dict[str, Figure]:
    """Kernel audio distance of each version from the real training segments of the target."""
    real = real_views(data, data.segments(judge.target, "train"))
    if len(real) < 2:
        return {}
    reference = RealSounds(judge.embed(real))
    return {
        name: reference.distance(judge.embed(measurement.views), measurement.tracks)
        for name, measurement in measurements.items()
        if len(measurement.views) > 1
    }


def _consistency(
    data: Dataset, judge: Judge, measurements: dict[str, Measurement], main: str
) -> Consistency | None:
    if main not in measurements:
        return None
    shown = {"source": "input", "target": "target", "output": main}
    views = {kind: measurements[name].views for kind, name in shown.items()}
    tracks = {kind: measurements[name].tracks for kind, name in shown.items()}
    real = target_segments(data, judge, len(views["target"]))
    return consistency(views, tracks | {"target": [segment.track.name for segment in real]})


def _between(measurements: dict[str, Measurement], main: str) -> dict[str, Figure]:
    """Distances between versions, dB: how far live is from offline, and the effect from nothing."""
    pairs = {"phrase_late": ("phrase", "late"), "edge_late": ("edge", "late")}
    pairs |= {"late_input": ("late", "input"), "twin_input": ("twin", "input")}
    pairs |= {"edge_phrase": ("edge", "phrase"), "phrase_input": ("phrase", "input")}
    pairs[f"shifted_{main}"] = ("shifted", main)
    found = {}
    for key, (one, other) in pairs.items():
        if one in measurements and other in measurements:
            a, b = measurements[one], measurements[other]
            values = [distance_db(x, y) for x, y in zip(a.views, b.views, strict=True)]
            found[key] = by_track(values, a.tracks)
    return found
