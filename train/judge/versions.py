"""Versions of the held-out segments that a judge hears: controls, and what was rendered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.dsp.arrays import Audio
from train.data.dataset import Dataset, Segment, read_audio
from train.judge.controls import crest_match, eq_match
from train.judge.judge import Judge

CONTROLS = ("input", "eq", "eq_dynamics", "target", "twin")


def sounds_of(
    data: Dataset,
    judge: Judge,
    segments: Sequence[Segment],
    name: str,
    crest: float,
    rendered: dict[str, list[Path]],
) -> Iterator[Audio]:
    """The sound of every held-out segment in one version of it; nothing if there is none such.

    Args:
        data: the dataset.
        judge: who judges.
        segments: of the source, held out.
        name: of :data:`CONTROLS`, or of a rendered version.
        crest: factor that ``eq_dynamics`` brings the sound to, dB.
        rendered: files by version, one a segment.

    Yields:
        (channels, samples) each.
    """
    rate = data.manifest.rate
    if name == "target":
        yield from targets(data, judge, len(segments))
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
        for path in rendered[name]:
            yield data.own_phrase(read_audio(path), rate)


def targets(data: Dataset, judge: Judge, count: int) -> Iterator[Audio]:
    """The sound of held-out segments of the target genre, in turn, (channels, samples) each.

    Args:
        data: the dataset.
        judge: that knows the genre.
        count: how many.
    """
    for segment in target_segments(data, judge, count):
        yield data.own_phrase(segment.audio(), data.manifest.rate)


def target_segments(data: Dataset, judge: Judge, count: int) -> list[Segment]:
    """Held-out segments of the target genre, in turn.

    Args:
        data: the dataset.
        judge: that knows the genre.
        count: how many.
    """
    real = data.segments(judge.target, "held-out")
    return [real[i % len(real)] for i in range(count)]
