"""Are the outputs one kind of sound, and one of their own? A classifier of four classes.

After Liu, Delany & McKeever, "Sound transformation: applying image neural style transfer networks
to audio spectrograms" (2019), section 4.2: source, target, output, and a dummy that is none of
them. There it is another instrument; here it is the source played backwards, which has its spectrum
and not its music. What is judged has never been learnt from: folds hold whole tracks, a track's
output and its dummy with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.dsp.arrays import Array
from train.judge import features

CLASSES = ("source", "target", "dummy", "output")
_FOLDS, _SEED = 4, 20190610


@dataclass(frozen=True)
class Consistency:
    """How often the classifier is right.

    Attributes:
        accuracy: mean of the recalls.
        recall: by class.
    """

    accuracy: float
    recall: dict[str, float]


def consistency(
    views: Mapping[str, Sequence[Array]], tracks: Mapping[str, Sequence[str]]
) -> Consistency | None:
    """Learn to tell the classes on some tracks, and tell them on the others.

    Args:
        views: of ``source``, ``target`` and ``output``, (columns, n_mels) each.
        tracks: whose each is.

    Returns:
        The figures; None where there are too few tracks.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    shown = {**views, "dummy": [view[::-1] for view in views["source"]]}
    whose = {**tracks, "dummy": tracks["source"]}
    groups = [f"{'target' if c == 'target' else 'source'}/{t}" for c in CLASSES for t in whose[c]]
    if min(len(set(whose[c])) for c in CLASSES) < _FOLDS:
        return None
    rows = np.stack([_row(view) for c in CLASSES for view in shown[c]])
    labels = np.repeat(np.arange(len(CLASSES)), [len(shown[c]) for c in CLASSES])
    model = make_pipeline(
        StandardScaler(),
        LogisticRegression(C=0.01, class_weight="balanced", max_iter=2000, random_state=_SEED),
    )
    called = cross_val_predict(model, rows, labels, groups=groups, cv=GroupKFold(_FOLDS))
    right = {c: float(np.mean(called[labels == i] == i)) for i, c in enumerate(CLASSES)}
    return Consistency(float(np.mean(list(right.values()))), right)


def _row(view: Array) -> Array:
    """Tone, texture, and what goes up and down in time: the first two are deaf to its direction."""
    rise = np.diff(view, axis=0)
    skew = np.mean(np.maximum(rise, 0.0), axis=0) - np.mean(np.maximum(-rise, 0.0), axis=0)
    spread = np.mean(rise**3, axis=0) / (np.mean(np.abs(rise) ** 3, axis=0) + 1e-9)
    return np.concatenate(
        [features.mfcc_statistics(view), features.eq_deaf_statistics(view), skew, spread]
    )
