"""The judge of one pair of genres: learns once from real music, then calls what it is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import joblib
import numpy as np

from engine.dsp.arrays import Array
from train.dataset import Dataset, Segment, Split
from train.judge.classifiers import Classifier, eq_deaf, mfcc, recall
from train.judge.cnn import Cnn
from train.judge.view import long_term_db, view

_VERSION = 1  # of everything that is learnt: a change makes stored judges worthless
_SEED = 20190610
FEASIBLE = 0.8
"""Below this accuracy of the linear model two genres are hardly two (papers/001)."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Accuracy:
    """How a classifier does on real held-out segments.

    Attributes:
        accuracy: mean of the two recalls.
        recall: of source and target.
        unseen_sources: accuracy on held-out tracks whose artist, album or kit no training track
            has; None where there are none.
        segments: how many were judged.
    """

    accuracy: float
    recall: tuple[float, float]
    unseen_sources: float | None
    segments: int


@dataclass(frozen=True)
class Judge:
    """Fitted classifiers and what the controls need to know of the target genre.

    Attributes:
        source, target: genres.
        classifiers: fitted.
        accuracies: by name of classifier.
        target_db: long-term band powers of the target genre's training tracks, (n_mels,).
    """

    source: str
    target: str
    classifiers: tuple[Classifier, ...]
    accuracies: dict[str, Accuracy]
    target_db: Array

    def calls(self, views: Sequence[Array]) -> dict[str, Array]:
        """By classifier: 1.0 for each view that is called the target, else 0.0."""
        return {c.name: (c.target_share(views) > 0.5).astype(np.float64) for c in self.classifiers}


def real_views(data: Dataset, segments: Sequence[Segment]) -> list[Array]:
    """Views of segments as they are."""
    rate = data.manifest.rate
    return [view(data.own_phrase(segment.audio(), rate), rate) for segment in segments]


def train_judge(data: Dataset, source: str, target: str, progress: Progress) -> Judge:
    """Fit the three classifiers on training tracks, or take them from the dataset's folder.

    Args:
        data: the dataset.
        source, target: two of its genres.
        progress: told what is being done.

    Raises:
        InputError: a genre is not in the dataset, or has no segments.
    """
    path = data.folder / "judges" / f"{_fingerprint(data, source, target)}.joblib"
    if path.exists():
        stored: Judge = joblib.load(path)
        return stored
    rng = np.random.default_rng(_SEED)
    views, labels, segments = _labelled(data, source, target, "train")
    held_views, held_labels, held = _labelled(data, source, target, "held-out")
    tracks = [f"{s.track.genre}/{s.track.name}" for s in segments]
    classifiers: list[Classifier] = [mfcc(), eq_deaf(), Cnn()]
    accuracies = {}
    for classifier in classifiers:
        progress(f"learning {source} and {target}: {classifier.name}")
        classifier.fit(views, labels, tracks, rng)
        unseen = _unseen(data, source, target, held)
        accuracies[classifier.name] = _accuracy(
            classifier.target_share(held_views), held_labels, unseen
        )
    of_target = [v for v, label in zip(views, labels, strict=True) if label]
    target_db = np.mean([long_term_db([v]) for v in of_target], axis=0)
    judge = Judge(source, target, tuple(classifiers), accuracies, target_db)
    path.parent.mkdir(exist_ok=True)
    joblib.dump(judge, path)
    return judge


def _labelled(
    data: Dataset, source: str, target: str, split: Split
) -> tuple[list[Array], Array, list[Segment]]:
    sources, targets = data.segments(source, split), data.segments(target, split)
    labels = np.repeat([0, 1], [len(sources), len(targets)])
    return real_views(data, sources + targets), labels, sources + targets


def _unseen(data: Dataset, source: str, target: str, held: Sequence[Segment]) -> Array:
    """Which held-out segments are of a group that no training track of the genre is of."""
    known = {(g, t.group) for g in (source, target) for t in data.tracks(g, "train")}
    return np.array([(s.track.genre, s.track.group) not in known for s in held])


def _accuracy(shares: Array, labels: Array, unseen: Array) -> Accuracy:
    both = unseen.any() and len(np.unique(labels[unseen])) == 2
    return Accuracy(
        accuracy=float(np.mean(recall(shares, labels))),
        recall=recall(shares, labels),
        unseen_sources=float(np.mean(recall(shares[unseen], labels[unseen]))) if both else None,
        segments=len(labels),
    )


def _fingerprint(data: Dataset, source: str, target: str) -> str:
    text = f"{_VERSION} {source} {target} {data.manifest.model_dump_json()}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
