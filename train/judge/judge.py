"""The judge of one pair of genres: learns once from real music, then calls what it is shown."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import joblib
import numpy as np
from platformdirs import user_cache_path

from engine.dsp.arrays import Array
from engine.writing import Draft
from train.data.dataset import Dataset, Segment, Split
from train.judge.classifiers import Classifier, eq_deaf, mfcc, recall
from train.judge.cnn import Cnn
from train.judge.view import long_term_db, view

_VERSION = 2  # of everything that is learnt: a change makes stored judges worthless
_SEED = 20190610
FEASIBLE = 0.8
"""Below this accuracy of the linear model two genres are hardly two."""

_CLASSIFIERS: tuple[Callable[[], Classifier], ...] = (mfcc, eq_deaf, Cnn)
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Accuracy:
    """How a classifier does on real held-out segments.

    Attributes:
        accuracy: mean of the two recalls.
        recall: of source and target.
        unseen_sources: accuracy on tracks of artists, albums or kits never heard in training:
            the held-out tracks of such groups, or, where each genre has none, of a second fit on
            some of the groups, judged on the others; None where a genre has but one group.
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

    def embed(self, views: Sequence[Array]) -> Array:
        """Embeddings of views by the network among the classifiers, (views, dimensions)."""
        network = next(c for c in self.classifiers if isinstance(c, Cnn))
        return network.embed(views)


def real_views(data: Dataset, segments: Sequence[Segment]) -> list[Array]:
    """Views of segments as they are."""
    rate = data.manifest.rate
    return [view(data.own_phrase(segment.audio(), rate), rate) for segment in segments]


def train_judge(data: Dataset, source: str, target: str, progress: Progress) -> Judge:
    """Fit the three classifiers on training tracks, or take them from the user's cache.

    They are kept there and not beside the data, for they are pickled: a pickle runs what its author
    wants, and datasets come from others.

    Args:
        data: the dataset.
        source: genre that is restyled.
        target: genre that is aimed at.
        progress: told what is being done.

    Raises:
        InputError: a genre is not in the dataset, or has no segments.
    """
    kept = user_cache_path("doubledrop", appauthor=False) / "judges"
    path = kept / f"{_fingerprint(data, source, target)}.joblib"
    if path.exists():
        with suppress(Exception):  # cut off, or of another version: it is learnt again
            stored: Judge = joblib.load(path)
            return stored
    rng = np.random.default_rng(_SEED)
    views, labels, segments = _labelled(data, source, target, "train")
    held_views, held_labels, held = _labelled(data, source, target, "held-out")
    tracks = [f"{s.track.genre}/{s.track.name}" for s in segments]
    classifiers: list[Classifier] = []
    accuracies = {}
    for make in _CLASSIFIERS:
        classifier = make()
        progress(f"learning {source} and {target}: {classifier.name}")
        classifier.fit(views, labels, tracks, rng)
        shares = classifier.target_share(held_views)
        unseen = _unseen(data, source, target, held)
        disjoint: float | None
        if len(np.unique(held_labels[unseen])) == 2:
            disjoint = float(np.mean(recall(shares[unseen], held_labels[unseen])))
        else:
            progress(f"learning {source} and {target} by source: {classifier.name}")
            disjoint = _by_source(
                make(),
                [*views, *held_views],
                np.concatenate([labels, held_labels]),
                [*segments, *held],
            )
        accuracies[classifier.name] = Accuracy(
            accuracy=float(np.mean(recall(shares, held_labels))),
            recall=recall(shares, held_labels),
            unseen_sources=disjoint,
            segments=len(held_labels),
        )
        classifiers.append(classifier)
    of_target = [v for v, label in zip(views, labels, strict=True) if label]
    target_db = np.mean([long_term_db([v]) for v in of_target], axis=0)
    judge = Judge(source, target, tuple(classifiers), accuracies, target_db)
    path.parent.mkdir(parents=True, exist_ok=True)
    with Draft(path, inside=True) as draft:
        joblib.dump(judge, draft.part)
        draft.keep()
    return judge


def linear_accuracy(data: Dataset, source: str, target: str, most: int | None = None) -> float:
    """How often the linear model on MFCC statistics is right about held-out segments; where there
    are none, about those that it has learnt from.

    Args:
        data: the dataset.
        source: one of its genres.
        target: another of its genres.
        most: segments of each genre and side; all by default.

    Raises:
        InputError: a genre is not in the dataset.
    """
    views, labels, segments = _labelled(data, source, target, "train", most)
    held_views, held_labels, _ = _labelled(data, source, target, "held-out", most)
    if not held_views:
        held_views, held_labels = views, labels
    classifier = mfcc()
    tracks = [f"{s.track.genre}/{s.track.name}" for s in segments]
    classifier.fit(views, labels, tracks, np.random.default_rng(_SEED))
    return float(np.mean(recall(classifier.target_share(held_views), held_labels)))


def _labelled(
    data: Dataset, source: str, target: str, split: Split, most: int | None = None
) -> tuple[list[Array], Array, list[Segment]]:
    """Views of both genres, their labels and segments; of too many, some from all tracks."""
    found = data.segments(source, split), data.segments(target, split)
    sources, targets = (
        some[:: max(1, -(-len(some) // (most or len(some) or 1)))] for some in found
    )
    labels = np.repeat([0, 1], [len(sources), len(targets)])
    return real_views(data, sources + targets), labels, sources + targets


def _unseen(data: Dataset, source: str, target: str, held: Sequence[Segment]) -> Array:
    """Which held-out segments are of a group that no training track of the genre is of."""
    known = {(g, t.group) for g in (source, target) for t in data.tracks(g, "train")}
    return np.array([(s.track.genre, s.track.group) not in known for s in held])


def _by_source(
    classifier: Classifier, views: Sequence[Array], labels: Array, segments: Sequence[Segment]
) -> float | None:
    """Accuracy when a third of each genre's tracks, whole groups, is kept from the classifier."""
    rng = np.random.default_rng(_SEED)
    kept: set[tuple[str, str]] = set()
    for label in (0, 1):
        own = [s.track for s, x in zip(segments, labels, strict=True) if x == label]
        groups = Counter((track.genre, track.group) for track in own)
        # The largest group is always learnt from; the others come to be judged in random order.
        order = [group for group, _ in groups.most_common()][1:]
        taken = 0
        for place in rng.permutation(len(order)):
            if taken < len(own) / 3:
                kept.add(order[place])
                taken += groups[order[place]]
        if not taken:
            return None
    away = np.array([(s.track.genre, s.track.group) in kept for s in segments])
    learnt, judged = (np.flatnonzero(x).tolist() for x in (~away, away))
    tracks = [f"{segments[i].track.genre}/{segments[i].track.name}" for i in learnt]
    classifier.fit([views[i] for i in learnt], labels[learnt], tracks, rng)
    return float(
        np.mean(recall(classifier.target_share([views[i] for i in judged]), labels[judged]))
    )


def _fingerprint(data: Dataset, source: str, target: str) -> str:
    text = f"{_VERSION} {source} {target} {data.folder.resolve()} {data.manifest.model_dump_json()}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
