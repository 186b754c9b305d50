"""Held-out segments through the engine, in every version that is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import joblib

from engine.config.preset import Preset
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.models.generator import AnyGenerator, open_generator
from engine.models.model_format import Kind
from engine.models.onnx_model import read_file
from engine.offline.render import render
from train.cluster import unheard
from train.data.dataset import Dataset, Segment
from train.judge.frozen import frozen

VERSIONS: dict[Kind, dict[str, Settings]] = {
    "window": {
        "late": Settings(use="late"),
        "phrase": Settings(use="phrase"),
        "edge": Settings(use="edge"),
        "paper": Settings(use="late", renderer="paper"),
        "griffin_lim": Settings(use="late", renderer="griffin-lim"),
        "no_noise": Settings(use="late", noise_branch=False),
        "frozen": Settings(use="late"),
        "shifted": Settings(use="late"),
        "eighth": Settings(use="phrase", every="eighth"),
        "quarter": Settings(use="phrase", every="quarter"),
    },
    "streaming": {
        "phrase": Settings(use="phrase"),
        "edge": Settings(use="edge"),
        "no_noise": Settings(use="phrase", noise_branch=False),
        "frozen": Settings(use="phrase"),
        "shifted": Settings(use="phrase"),
        "short": Settings(use="phrase", synthesis=256),
    },
}
"""Of the output, by the kind of its generator; the first is the one that others are held to."""
_BESIDE = {"late": Settings(use="late")}


def versions_of(preset: Preset) -> dict[str, Settings]:
    """Versions of a preset's output that can be judged, by name."""
    return VERSIONS[read_file(preset.model).info.kind] | (_BESIDE if preset.late else {})


def main_version(kind: Kind) -> str:
    """The version that others are held to: ``late``, or ``phrase`` of a streaming generator."""
    return next(iter(VERSIONS[kind]))


def inference_time_ms(data: Dataset, preset: Preset, asked: float | None) -> float | None:
    """Time of an inference in the versions of the stage, on any machine alike; None of a streaming
    generator, whose answers are there when they are due.

    Args:
        data: the dataset.
        preset: that is judged.
        asked: what was asked for; by default an eighth of a beat, which two processor cores sustain
            with two slots of the largest generators.
    """
    if read_file(preset.model).info.kind == "streaming":
        return None
    return 1000 * data.tempo.beat_s / 8 if asked is None else asked


Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done and of how many."""


def render_all(
    data: Dataset,
    segments: Sequence[Segment],
    preset: Preset,
    folder: Path,
    progress: Progress,
    jobs: int = 1,
    versions: Sequence[str] = (),
    force: bool = False,
    inference_ms: float | None = None,
) -> tuple[dict[str, list[Path]], list[float]]:
    """Every segment through ``render`` in some versions, as float WAV.

    A render uses two cores by itself; more jobs at once are for a cluster.

    Args:
        data: the dataset.
        segments: of the dataset.
        preset: to render with.
        folder: where ``VERSION/SEGMENT.wav`` goes.
        progress: told how far it is.
        jobs: renders at a time.
        versions: some of :func:`versions_of`; all where none is named.
        force: whether files that are not ours may be replaced.
        inference_ms: time of an inference on the stage, see :func:`inference_time_ms`.

    Returns:
        Files of each version, in the order of the segments; and the energy of the main version's
        noise, segment by segment, dB re its output.
    """
    # One beat late: what the generator adds has to follow the music and not its clock.
    shifted = replace(data.tempo, downbeat_s=data.tempo.downbeat_s + data.tempo.beat_s)
    stage_ms = inference_time_ms(data, preset, inference_ms)
    kind = read_file(preset.model).info.kind
    there = versions_of(preset)
    asked = {name: how for name, how in there.items() if name in versions or not versions}
    work = [
        joblib.delayed(_render)(
            segment.audio_path,
            folder / name / f"{segment.name.replace('/', '-')}.wav",
            preset.generator_for(settings.use),
            name == "frozen",
            shifted if name == "shifted" else data.tempo,
            settings,
            None if settings.use == "late" else stage_ms,
            force,
        )
        for segment in segments
        for name, settings in asked.items()
    ]
    paths: dict[str, list[Path]] = {name: [] for name in asked}
    noise_db = []
    names = list(asked) * len(segments)
    with unheard():
        rendered = joblib.Parallel(jobs, return_as="generator")(work)
    for i, (name, (path, noise)) in enumerate(zip(names, rendered, strict=True)):
        progress("rendering", i, len(work))
        paths[name].append(path)
        if name == main_version(kind):
            noise_db.append(-120.0 if noise is None else noise)
    return paths, noise_db


def _render(
    source: Path,
    sink: Path,
    model: Path,
    is_frozen: bool,
    tempo: Tempo,
    settings: Settings,
    inference_ms: float | None,
    force: bool,
) -> tuple[Path, float | None]:
    """One segment in one version; its file, and the energy of its noise, dB."""
    sink.parent.mkdir(parents=True, exist_ok=True)
    generator = _generator(model, is_frozen)
    how = settings
    done = render(source, sink, generator, tempo, how, inference_ms=inference_ms, force=force)
    return sink, done.noise_db


@lru_cache(maxsize=2)
def _generator(model: Path, is_frozen: bool) -> AnyGenerator:
    return frozen(model) if is_frozen else open_generator(model, "auto")
