"""One version of all held-out segments, measured beside the input."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.dsp.arrays import Array, Audio
from train.data.dataset import Dataset, Segment, read_audio
from train.judge import artefacts, content
from train.judge.fine_ear import Fine, fine_of
from train.judge.genre_ear import features_of
from train.judge.observations import observed
from train.judge.telltale import excerpts
from train.judge.view import distance_db, levelled, view

MEASURES = (
    *("onset_f", "precision", "recall", "chroma", "notes", "twin_db"),
    *("jitter_db", "pre_echo_db", "peak_dbfs", "modulation_db", "flatness_db"),
    *("snare_db", "hats_db", "melody_db", "buzz_db"),
)
"""Fields of :class:`Measurement` that are figures, one a segment."""


@dataclass
class Measurement:
    """One version of all held-out segments, as it is judged.

    Attributes:
        views: log-mel images, one per segment.
        tracks: whose each is.
        onset_f, precision, recall, chroma, notes: of its sound against the input's.
        twin_db: distance of its view from the twin's.
        jitter_db, pre_echo_db, peak_dbfs: see :mod:`train.judge.artefacts`.
        modulation_db, flatness_db: mean absolute distance of these from the twin's, see
            :mod:`train.judge.fine_ear`.
        snare_db, hats_db, melody_db, buzz_db: less the input's, see :class:`train.judge.
            observations.Observed`.
        fine: what the fine ear finds.
        excerpts: what the tell-tale sees, see :mod:`train.judge.telltale`.
        features: what the classifier of genres hears, see :mod:`train.judge.genre_ear`.
        sample: two bars of the segment in the middle, to be looked at closely.
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
    modulation_db: list[float] = field(default_factory=list)
    flatness_db: list[float] = field(default_factory=list)
    snare_db: list[float] = field(default_factory=list)
    hats_db: list[float] = field(default_factory=list)
    melody_db: list[float] = field(default_factory=list)
    buzz_db: list[float] = field(default_factory=list)
    fine: list[Fine] = field(default_factory=list)
    excerpts: list[Array] = field(default_factory=list)
    features: list[Array] = field(default_factory=list)
    sample: Audio | None = None


@dataclass(frozen=True)
class Twin:
    """What there is to compare with of a segment's twin: its view and what the fine ear finds."""

    view: Array
    fine: Fine


class Heard:
    """A sound and all that is found in it alone.

    Args:
        sound: (channels, samples).
        rate: hertz.
        bpm: its tempo; it begins on a downbeat.
    """

    def __init__(self, sound: Audio, rate: int, bpm: float) -> None:
        self.sound, self.view = levelled(sound), view(sound, rate)
        self.peak_dbfs = artefacts.peak_dbfs(sound)
        self.fine, self.excerpts = fine_of(self.sound, rate), excerpts(self.sound, rate)
        self.observed = observed(self.sound, rate, bpm)
        self.features = features_of(self.sound, rate)
        one = content.mono(self.sound, rate)
        self.onsets, self.chroma, self.notes = (
            content.onsets_s(one),
            content.chroma(one),
            content.notes(one),
        )


def twin_of(data: Dataset, segment: Segment) -> Twin | None:
    """A segment's twin, if it has one."""
    if segment.twin_path is None:
        return None
    sound, rate = data.own_phrase(read_audio(segment.twin_path)), data.manifest.rate
    return Twin(view(sound, rate), fine_of(levelled(sound), rate))


def measurement_of(
    segments: Sequence[Segment],
    heard: Iterable[Heard],
    inputs: Sequence[Heard],
    twins: Sequence[Twin | None],
    rate: int,
) -> Measurement:
    """Measure one version of all segments.

    Args:
        segments: in order.
        heard: the version, one a segment.
        inputs: the input, as it was heard.
        twins: of the segments.
        rate: hertz.
    """
    measurement = Measurement()
    bars = zip(segments, inputs, twins, heard, strict=False)
    for number, (segment, before, twin, after) in enumerate(bars):
        if number == len(segments) // 2:
            measurement.sample = after.sound[:, : after.sound.shape[-1] // 2]
        f, precision, recall = content.onset_scores(before.onsets, after.onsets)
        measurement.views.append(after.view)
        measurement.tracks.append(segment.track.name)
        measurement.onset_f.append(f)
        measurement.precision.append(precision)
        measurement.recall.append(recall)
        measurement.chroma.append(content.correlation(before.chroma, after.chroma))
        measurement.notes.append(content.correlation(before.notes, after.notes))
        measurement.jitter_db.append(artefacts.jitter_db(before.view, after.view))
        sounds = before.sound, after.sound, before.onsets
        measurement.pre_echo_db.append(artefacts.pre_echo_db(*sounds, rate))
        measurement.peak_dbfs.append(after.peak_dbfs)
        for name, value in vars(after.observed).items():
            getattr(measurement, name).append(value - getattr(before.observed, name))
        measurement.fine.append(after.fine)
        measurement.excerpts.append(after.excerpts)
        measurement.features.append(after.features)
        if twin is not None:
            measurement.twin_db.append(distance_db(after.view, twin.view))
            for name in ("modulation_db", "flatness_db"):
                off = getattr(after.fine, name) - getattr(twin.fine, name)
                getattr(measurement, name).append(float(np.abs(off).mean()))
    return measurement
