"""Three independent classifiers of source against target, from real segments only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from engine.dsp.arrays import Array
from train.judge import features
from train.judge.view import augmented

COPIES = 6  # augmented copies of each segment
_FOLDS = 4


class Classifier(Protocol):
    """Tells the target genre from the source genre by a view."""

    name: str
    hears_eq: bool

    def fit(
        self, views: Sequence[Array], labels: Array, tracks: Sequence[str], rng: np.random.Generator
    ) -> None:
        """Learn from views of segments.

        Args:
            views: of each segment, (columns, n_mels), dB.
            labels: (segments,): 1 for the target, 0 for the source.
            tracks: whose each segment is, so that nothing is chosen by how well a track is
                recognised.
            rng: of augmentation and training.
        """
        ...

    def target_share(self, views: Sequence[Array]) -> Array:
        """Probability that each view is the target, (views,)."""
        ...


class Linear:
    """Logistic regression on statistics of a view.

    Args:
        name: what it is called in tables.
        statistics: view to features.
        hears_eq: whether a static EQ changes the features.
    """

    def __init__(self, name: str, statistics: Callable[[Array], Array], hears_eq: bool) -> None:
        self.name, self.hears_eq = name, hears_eq
        self._statistics = statistics
        self._model: Any = None

    def fit(
        self, views: Sequence[Array], labels: Array, tracks: Sequence[str], rng: np.random.Generator
    ) -> None:
        """See :meth:`Classifier.fit`."""
        from sklearn.linear_model import LogisticRegressionCV
        from sklearn.model_selection import StratifiedGroupKFold
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        copies = [views] + [[augmented(view, rng) for view in views] for _ in range(COPIES)]
        rows = np.stack([self._statistics(view) for some in copies for view in some])
        wanted, groups = np.tile(labels, len(copies)), np.tile(tracks, len(copies))
        # Folds hold whole tracks with all copies of their segments.
        folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=int(rng.integers(2**31)))
        model = LogisticRegressionCV(
            Cs=np.geomspace(1e-4, 1.0, 9),
            cv=list(folds.split(rows, wanted, groups)),
            class_weight="balanced",
            max_iter=2000,
            scoring="neg_log_loss",
            l1_ratios=(0.0,),
            use_legacy_attributes=False,
        )
        self._model = make_pipeline(StandardScaler(), model)
        self._model.fit(rows, wanted)

    def target_share(self, views: Sequence[Array]) -> Array:
        """See :meth:`Classifier.target_share`."""
        rows = np.stack([self._statistics(view) for view in views])
        return np.asarray(self._model.predict_proba(rows)[:, 1])


def mfcc() -> Linear:
    """Linear on MFCC statistics: hears tone balance and texture."""
    return Linear("mfcc", features.mfcc_statistics, hears_eq=True)


def eq_deaf() -> Linear:
    """Linear on modulation spectra and onset strength of bands without their means."""
    return Linear("eq_deaf", features.eq_deaf_statistics, hears_eq=False)


def recall(shares: Array, labels: Array) -> tuple[float, float]:
    """Share of the sources called source, and of the targets called target."""
    called = shares > 0.5
    return float(np.mean(~called[labels == 0])), float(np.mean(called[labels == 1]))
