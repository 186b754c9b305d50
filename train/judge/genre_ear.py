"""A further judge, by the features of "Music Style Transfer using Deep Learning (Part 1)": its
basic network, fitted to real segments of two genres. No loss and no critic of a generator has
anything of it; it hears sound, where the others see log-mel images.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import soxr

from engine.beat.features import RATE as HEARD_RATE
from engine.dsp.arrays import Array, Audio
from engine.genres.features import N_FEATURES, frames, summary
from train.data.dataset import Dataset, Segment
from train.genres.fitting import Fitted, Settings, fit
from train.genres.networks import SIMPLE
from train.genres.protocols import Called, by_artist, mean_recall
from train.genres.table import Table
from train.judge.classifiers import recall
from train.judge.judge import FEASIBLE, Accuracy

NAME = "genres"
_ROWS_SEEN = 60_000  # by training: datasets are small, and nothing of them is augmented here
_FOLDS = 3
_MOST_EPOCHS = 300


def features_of(sound: Audio, rate: int) -> Array:
    """The 44 features of a sound; of silence, those that are all zero.

    Args:
        sound: (channels, samples).
        rate: hertz.
    """
    one = np.asarray(soxr.resample(sound.mean(axis=0), rate, HEARD_RATE), np.float32)
    found = summary(frames(one))
    return np.zeros(N_FEATURES) if found is None else found


class GenreEar:
    """Fitted to the training segments of two genres.

    Args:
        data: the dataset.
        source: genre that is restyled.
        target: genre that is aimed at.

    Attributes:
        accuracy: on held-out segments, and on artists never heard; where nothing is held out, on
            those that it has learnt from.

    Raises:
        InputError: a genre is not in the dataset.
    """

    def __init__(self, data: Dataset, source: str, target: str) -> None:
        genres = (source, target)
        everything, is_held = _table(data, genres)
        learnt, held = everything.rows(~is_held), everything.rows(is_held)
        self._fitted: Fitted = fit(learnt, _settings(learnt))
        tested = held if len(np.unique(held.labels)) == len(genres) else learnt
        shares = self._fitted.shares(tested.features, SIMPLE)[:, 1]
        recalls = recall(shares, tested.labels)
        self.accuracy = Accuracy(
            accuracy=float(np.mean(recalls)),
            recall=recalls,
            unseen_sources=_unseen(everything),
            segments=len(tested),
        )

    def calls(self, features: Sequence[Array]) -> Array:
        """1.0 for each sound that is called the target, else 0.0, (sounds,).

        Args:
            features: of each, see :func:`features_of`.
        """
        shares = self._fitted.shares(np.stack(features), SIMPLE)
        return np.asarray(shares[:, 1] > 0.5, np.float64)


def gate(data: Dataset, source: str, target: str) -> tuple[str, str]:
    """What is said of a pair before a training, and a warning, empty where there is none.

    Args:
        data: the dataset.
        source: one of its genres.
        target: another one.

    Raises:
        InputError: a genre is not in the dataset.
    """
    found = GenreEar(data, source, target).accuracy
    said = f"a network on 44 features tells {source} from {target}: {found.accuracy:.1%}"
    if found.unseen_sources is not None:
        said += f", by artist {found.unseen_sources:.1%}"
    lowest = min(found.accuracy, found.unseen_sources or 1.0)
    warning = f"below {FEASIBLE:.0%} a generator has little to learn of {source} and {target}"
    return said, warning if lowest < FEASIBLE else ""


def _settings(table: Table) -> Settings:
    """As many epochs as a table of that length needs."""
    epochs = max(Settings().epochs, min(_ROWS_SEEN // max(1, len(table)), _MOST_EPOCHS))
    return Settings(epochs=epochs, kinds=(SIMPLE,))


def _unseen(table: Table) -> float | None:
    """Mean recall of artists that were not learnt from; None where a genre has but one."""
    called: Called = by_artist(table, _settings(table), folds=_FOLDS)
    recalls = called.recall(SIMPLE)
    return None if np.isnan(recalls).any() else mean_recall(recalls)


def _table(data: Dataset, genres: tuple[str, str]) -> tuple[Table, Array]:
    """Features of segments as they are, one row each; and which rows are held out, (rows,)."""
    rate = data.manifest.rate
    segments: list[tuple[int, Segment]] = [
        (label, segment) for label, genre in enumerate(genres) for segment in data.segments(genre)
    ]
    tracks = sorted({(s.track.genre, s.track.name) for _, s in segments})
    groups = sorted({(s.track.genre, s.track.group) for _, s in segments})
    rows = [features_of(data.own_phrase(s.audio(), rate), rate) for _, s in segments]
    table = Table(
        genres,
        np.array(rows, np.float32).reshape(-1, N_FEATURES),
        labels=np.array([label for label, _ in segments], np.int64),
        pieces=np.array([tracks.index((s.track.genre, s.track.name)) for _, s in segments]),
        clips=np.arange(len(segments)),
        versions=np.zeros(len(segments), np.int64),
        artists=np.array([groups.index((s.track.genre, s.track.group)) for _, s in segments]),
        names=tuple("/".join(group) for group in groups),
    )
    return table, np.array([s.track.split == "held-out" for _, s in segments])
