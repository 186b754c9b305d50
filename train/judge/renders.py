"""Held-out segments through the engine, in every version that is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from engine.live.generator import OnnxGenerator
from engine.live.preset import Preset
from engine.live.render import render
from engine.stages.host import Settings
from train.dataset import Dataset, Segment
from train.judge.frozen import Frozen

_VERSIONS = {
    "late": Settings(use="late"),
    "phrase": Settings(use="phrase"),
    "edge": Settings(use="edge"),
    "paper": Settings(use="late", renderer="paper"),
    "no_noise": Settings(use="late", noise_branch=False),
    "frozen": Settings(use="late"),
    "shifted": Settings(use="late"),
}

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done and of how many."""


def render_all(
    data: Dataset, segments: Sequence[Segment], preset: Preset, folder: Path, progress: Progress
) -> tuple[dict[str, list[Path]], list[float]]:
    """Every segment through ``render`` in every version as float WAV; the noise of ``late``."""
    generator, frozen = OnnxGenerator(preset.model, "auto"), Frozen(preset.model, "auto")
    # One beat late: what the generator adds has to follow the music and not its clock.
    shifted = replace(data.tempo, downbeat_s=data.tempo.downbeat_s + data.tempo.beat_s)
    # An eighth of a beat: what two processor cores sustain with two slots; on any machine alike.
    inference_ms = 1000 * data.tempo.beat_s / 8
    paths: dict[str, list[Path]] = {name: [] for name in _VERSIONS}
    noise_db = []
    for i, segment in enumerate(segments):
        progress("rendering", i, len(segments))
        for name, settings in _VERSIONS.items():
            path = folder / name / f"{segment.name.replace('/', '-')}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            done = render(
                segment.audio_path,
                path,
                frozen if name == "frozen" else generator,
                shifted if name == "shifted" else data.tempo,
                settings,
                inference_ms=None if settings.use == "late" else inference_ms,
            )
            if name == "late":
                noise_db.append(-120.0 if done.noise_db is None else done.noise_db)
            paths[name].append(path)
    return paths, noise_db
