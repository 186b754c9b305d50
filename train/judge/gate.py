"""The gate before a training: can anybody tell the two genres apart?

Young, Broido & Ayumba, "Multi-instrumental genre transfer using CycleGAN": where a logistic
classifier of spectrograms cannot, "it is unlikely that our trained GAN would produce any sensible
genre transfer". They learn from 600 clips of each genre and ask for 200 others, of the same songs
(93.68 % right). So clips of one song are on both sides; beside it stands the same by track, and the
linear model on MFCC, by track.

What was found is kept in the dataset, with a picture of the clips that were taken for the other
genre::

    DATASET/gate/SOURCE-TARGET.json
    DATASET/gate/SOURCE-TARGET.png
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.dsp.arrays import Array
from engine.strict_json import read, written
from engine.writing import write_whole
from train.data.dataset import Dataset, Segment
from train.judge.judge import FEASIBLE, linear_accuracy
from train.judge.logistic import Logistic, picture
from train.judge.tiles import Tile, draw_tiles

_VERSION = 1  # of what is kept
_LEARNT, _ASKED = 600, 200  # clips of each genre, where there are so many
_MFCC = 200  # clips of each genre and side: each has six copies there
_SHOWN, _ACROSS = 8, 4  # clips in the picture
_SEED = 20210318


@dataclass(frozen=True)
class Answers:
    """What the logistic classifier said of clips that it had not learnt from.

    Attributes:
        accuracy: share of right answers.
        learnt, asked: clips of both genres.
        iterations: of the solver.
        wrong: names of those taken for the other genre, the surest first.
    """

    accuracy: float
    learnt: int
    asked: int
    iterations: int
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Gate:
    """How well the genres can be told apart.

    Attributes:
        source, target: genres.
        by_clip: of clips drawn from all tracks.
        by_track: of clips of held-out tracks; None where none are held out.
        mfcc: accuracy of the linear model on MFCC, by track.
    """

    source: str
    target: str
    by_clip: Answers
    by_track: Answers | None
    mfcc: float

    @property
    def said(self) -> dict[str, float]:
        """Accuracies, by who was asked."""
        clips = self.by_clip
        form = f"logistic regression on pictures, {clips.learnt} clips and {clips.asked} others"
        found = {form: clips.accuracy}
        if self.by_track is not None:
            found["the same of held-out tracks"] = self.by_track.accuracy
        return found | {"linear model of MFCC, of held-out tracks": self.mfcc}

    @property
    def feasible(self) -> bool:
        """Whether they are two genres to every one of the models."""
        return min(self.said.values()) >= FEASIBLE


def ask(data: Dataset, source: str, target: str) -> tuple[Gate, Path]:
    """Ask the models, or read what they have said of this dataset.

    Args:
        data: the dataset.
        source: one of its genres.
        target: another of its genres.

    Returns:
        The answers, and the picture of what was misclassified.

    Raises:
        InputError: a genre is not in the dataset, or has fewer than two clips.
    """
    folder = data.folder / "gate"
    note, drawn = (folder / f"{source}-{target}{ending}" for ending in (".json", ".png"))
    key = _key(data, source, target)
    if (known := _remembered(note, key)) is not None and drawn.is_file():
        return known, drawn
    everything = [data.segments(genre) for genre in (source, target)]
    rng = np.random.default_rng(_SEED)
    by_clip = _answers(*_by_clip(everything, rng), data)
    held_out = [[s for s in some if s.track.split == "held-out"] for some in everything]
    by_track = None
    if all(held_out):
        known_tracks = [[s for s in some if s.track.split == "train"] for some in everything]
        sides = [
            [_some(side, most, rng) for side in sides]
            for sides, most in ((known_tracks, _LEARNT), (held_out, _ASKED))
        ]
        by_track = _answers(sides[0], sides[1], data)
    mfcc = linear_accuracy(data, source, target, _MFCC)
    found = Gate(source, target, by_clip, by_track, mfcc)
    folder.mkdir(exist_ok=True)
    _draw(drawn, data, found, {s.name: s for some in everything for s in some})
    kept = written({"key": key, "gate": asdict(found)}, indent=1) + "\n"
    write_whole(note, kept, inside=True)
    return found, drawn


def _by_clip(
    everything: list[list[Segment]], rng: np.random.Generator
) -> tuple[list[list[Segment]], list[list[Segment]]]:
    """Three clips of four to learn from and one to ask for, of each genre as many."""
    fewest = min(len(some) for some in everything)
    asked = min(_ASKED, max(1, fewest // 4))
    learnt = min(_LEARNT, fewest - asked)
    mixed = [_some(some, learnt + asked, rng) for some in everything]
    return [some[:learnt] for some in mixed], [some[learnt:] for some in mixed]


def _some(segments: list[Segment], most: int, rng: np.random.Generator) -> list[Segment]:
    """At most so many, in any order."""
    return [segments[int(i)] for i in rng.permutation(len(segments))[:most]]


def _answers(learnt: list[list[Segment]], asked: list[list[Segment]], data: Dataset) -> Answers:
    model = Logistic(_rows(learnt, data), _labels(learnt))
    labels, segments = _labels(asked), [s for some in asked for s in some]
    share = model.share(_rows(asked, data))
    sure = np.where(labels == 1, 0.5 - share, share - 0.5)  # above 0 where it is wrong
    order = [int(i) for i in np.argsort(-sure) if sure[i] >= 0]
    known, of = (sum(map(len, side)) for side in (learnt, asked))
    right = 1.0 - len(order) / of
    return Answers(right, known, of, model.iterations, tuple(segments[i].name for i in order))


def _rows(sides: list[list[Segment]], data: Dataset) -> Array:
    shown = data.front_end.normalise
    return np.stack([picture(shown(s.image()[1])) for some in sides for s in some])


def _labels(sides: list[list[Segment]]) -> Array:
    return np.repeat([0, 1], [len(some) for some in sides])


def _draw(path: Path, data: Dataset, found: Gate, segments: dict[str, Segment]) -> None:
    """The clips that were taken for the other genre, the surest first: by clip, then by track."""
    rows: list[list[Tile]] = []
    for way, answers in (("by clip", found.by_clip), ("by track", found.by_track)):
        wrong = answers.wrong[:_SHOWN] if answers else ()
        tiles: list[Tile] = [
            (f"{way}: {name}", data.front_end.normalise(segments[name].image()[1]).T)
            for name in wrong
        ]
        rows += [tiles[first : first + _ACROSS] for first in range(0, len(tiles), _ACROSS)]
    wrong_by_clip = f"{len(found.by_clip.wrong)} of {found.by_clip.asked} clips mistaken"
    words = f"{found.source} or {found.target}: {wrong_by_clip}"
    draw_tiles(path, words, rows or [[]], data.front_end, force=True)


def _key(data: Dataset, source: str, target: str) -> str:
    text = f"{_VERSION} {source} {target} {data.manifest.model_dump_json()}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _remembered(note: Path, key: str) -> Gate | None:
    try:
        kept: dict[str, Any] = read(note.read_text(encoding="utf-8"))
        if kept["key"] != key:
            return None
        values = kept["gate"]
        sides = {
            name: values[name] and Answers(**values[name] | {"wrong": tuple(values[name]["wrong"])})
            for name in ("by_clip", "by_track")
        }
        return Gate(**values | sides)
    except (OSError, ValueError, KeyError, TypeError):
        return None
