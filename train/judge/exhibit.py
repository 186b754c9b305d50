"""One version of all held-out segments, measured beside the input."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.dsp.arrays import Array, Audio
from train.dataset import Dataset, Segment, read_audio
from train.judge import artefacts, content
from train.judge.view import distance_db, levelled, view

MEASURES = (
    *("onset_f", "precision", "recall", "chroma", "notes", "twin_db"),
    *("jitter_db", "pre_echo_db", "peak_dbfs"),
)
"""Fields of :class:`Exhibit` that are figures, one a segment."""


@dataclass
class Exhibit:
    """One version of all held-out segments, as it is judged.

    Attributes:
        views: log-mel images, one per segment.
        tracks: whose each is.
        onset_f, precision, recall, chroma, notes: of its sound against the input's.
        twin_db: distance of its view from the twin's.
        jitter_db, pre_echo_db, peak_dbfs: see :mod:`train.judge.artefacts`.
    """

    views: list[Array] = field(default_factory=list)
    tracks: list[str] = field(default_factory=list)
    onset_f: list[float] = field(default_factory=list)
    precision: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)
    chroma: list[float] = field(default_factory=list)
    notes: list[float] = field(default_factory=list)
    twin_db: list[float] = field(default_factory=list)
    jitter_db: list[float] = field(default_factory=list)
    pre_echo_db: list[float] = field(default_factory=list)
    peak_dbfs: list[float] = field(default_factory=list)


class Heard:
    """A sound and all that is found in it alone.

    Args:
        sound: (channels, samples).
        rate: hertz.
    """

    def __init__(self, sound: Audio, rate: int) -> None:
        self.sound, self.view = levelled(sound), view(sound, rate)
        self.peak_dbfs = artefacts.peak_dbfs(sound)
        one = content.mono(self.sound, rate)
        self.onsets, self.chroma, self.notes = (
            content.onsets_s(one),
            content.chroma(one),
            content.notes(one),
        )


def twin_view(data: Dataset, segment: Segment) -> Array | None:
    """Log-mel image of a segment's twin, if it has one."""
    if segment.twin_path is None:
        return None
    return view(data.own_phrase(read_audio(segment.twin_path)), data.manifest.rate)


def exhibit_of(
    segments: Sequence[Segment],
    heard: Iterable[Heard],
    inputs: Sequence[Heard],
    twins: Sequence[Array | None],
    rate: int,
) -> Exhibit:
    """Measure one version of all segments.

    Args:
        segments: in order.
        heard: the version, one a segment.
        inputs: the input, as it was heard.
        twins: images of the segments' twins.
        rate: hertz.
    """
    exhibit = Exhibit()
    for segment, before, twin, after in zip(segments, inputs, twins, heard, strict=False):
        f, precision, recall = content.onset_scores(before.onsets, after.onsets)
        exhibit.views.append(after.view)
        exhibit.tracks.append(segment.track.name)
        exhibit.onset_f.append(f)
        exhibit.precision.append(precision)
        exhibit.recall.append(recall)
        exhibit.chroma.append(content.correlation(before.chroma, after.chroma))
        exhibit.notes.append(content.correlation(before.notes, after.notes))
        exhibit.jitter_db.append(artefacts.jitter_db(before.view, after.view))
        sounds = before.sound, after.sound, before.onsets
        exhibit.pre_echo_db.append(artefacts.pre_echo_db(*sounds, rate))
        exhibit.peak_dbfs.append(after.peak_dbfs)
        if twin is not None:
            exhibit.twin_db.append(distance_db(after.view, twin))
    return exhibit
