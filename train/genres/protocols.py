"""Two ways to test a classifier, and how far they are apart.

The text's counts, 7,020 rows into 5,608 and 1,402, mean that clips were augmented first and split
then: of a clip in the test, other versions were learnt from. Such a test measures how well a
network knows its training songs again. The other way splits by artist, before anything is
augmented: no version of a piece, and no other piece of its artist, is learnt from, and nothing
that was changed is tested. The gap between both is the leak.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.dsp.arrays import Array
from train.genres.fitting import Fitted, Settings, fit, names_of
from train.genres.table import AS_IS, Table

TEST_SHARE = 1402 / 7020
"""Of the rows: the text's."""
FOLDS = 5
_RESAMPLINGS = 2000


@dataclass(frozen=True)
class Called:
    """What was said of pieces or rows that were not learnt from.

    Attributes:
        genres: by label.
        labels: (n,): what they are.
        shares: by network, (n, genres).
        groups: (n,): artists, which intervals are drawn by; each its own where rows are tested.
    """

    genres: tuple[str, ...]
    labels: Array
    shares: dict[str, Array]
    groups: Array

    def confusion(self, network: str) -> Array:
        """(genres, genres): how many of each genre, by row, are called what, by column."""
        return _confusion(self.labels, self.shares[network].argmax(axis=1), len(self.genres))

    def recall(self, network: str) -> Array:
        """Share of each genre that is called so, (genres,)."""
        return recall(self.confusion(network))

    def interval(self, network: str, against: str = "") -> tuple[float, float]:
        """95 % interval of the mean recall, or of how much more it is than another network's, by
        drawing groups anew within each genre (Efron 1979).

        Args:
            network: whose.
            against: another network; empty for none.
        """
        rng = np.random.default_rng(0)
        right = [self._right(name) for name in (network, against) if name]
        found = []
        for label in np.unique(self.labels).tolist():
            own = self.labels == label
            _, place = np.unique(self.groups[own], return_inverse=True)
            sizes = np.bincount(place)
            drawn = rng.integers(len(sizes), size=(_RESAMPLINGS, len(sizes)))
            sums = [np.bincount(place, each[own])[drawn].sum(axis=1) for each in right]
            shares = [one / sizes[drawn].sum(axis=1) for one in sums]
            found.append(shares[0] - (shares[1] if against else 0.0))
        if not found:
            return float("nan"), float("nan")
        low, high = np.percentile(np.mean(found, axis=0), [2.5, 97.5])
        return float(low), float(high)

    def _right(self, network: str) -> Array:
        """1 for each that is called what it is, else 0."""
        return np.asarray(self.shares[network].argmax(axis=1) == self.labels, np.float64)


def recall(confusion: Array) -> Array:
    """Share of each row of a confusion matrix on its diagonal; NaN where the row is empty."""
    sums = confusion.sum(axis=1)
    return np.asarray(np.where(sums > 0, np.diag(confusion) / np.maximum(sums, 1), np.nan))


def mean_recall(recalls: Array) -> float:
    """Mean over the genres that were tested; NaN if none was.

    Args:
        recalls: (genres,), NaN where a genre was not tested.
    """
    tested = recalls[~np.isnan(recalls)]
    return float(tested.mean()) if len(tested) else float("nan")


def augment_then_split(
    table: Table,
    settings: Settings,
    progress: Callable[[str, float], None] | None = None,
) -> Called:
    """The text's way: rows of all versions, a fifth of each genre's tested.

    Args:
        table: with all versions.
        settings: how networks learn; its seed draws the test too.
        progress: see :func:`train.genres.fitting.fit`.
    """
    rng = np.random.default_rng(settings.seed)
    test = np.zeros(len(table), bool)
    for label in range(len(table.genres)):
        own = rng.permutation(np.flatnonzero(table.labels == label))
        test[own[: round(TEST_SHARE * len(own))]] = True
    fitted = fit(table.rows(~test), settings, progress)
    held = table.rows(test)
    groups = np.arange(len(held))
    return Called(table.genres, held.labels, fitted.all_shares(held.features), groups)


def by_artist(
    table: Table,
    settings: Settings,
    progress: Callable[[str, float], None] | None = None,
    folds: int = FOLDS,
) -> Called:
    """Every piece called by networks that have heard nothing of its artist, by the mean over its
    clips, in so many folds.

    A genre with a single artist cannot be learnt without it: its pieces are not tested.

    Args:
        table: with all versions; those that are changed are learnt from only.
        settings: how networks learn.
        progress: see :func:`train.genres.fitting.fit`.
        folds: at most; a genre with fewer artists is tested in fewer of them.
    """
    side = artist_folds(table, folds)
    parts: list[tuple[Array, Array, dict[str, Array]]] = []
    for fold in range(folds):
        tested = (side == fold) & (table.versions == AS_IS)
        if not tested.any():
            continue

        def told(what: str, share: float, fold: int = fold) -> None:
            if progress:
                progress(f"fold {fold + 1} of {folds}: {what}", (fold + share) / folds)

        fitted = fit(table.rows(side != fold), settings, told)
        parts.append(called_by_piece(fitted, table.rows(tested)))
    if not parts:
        nobody: Array = np.zeros(0, np.int64)
        nothing = {name: np.zeros((0, len(table.genres))) for name in names_of(settings)}
        return Called(table.genres, nobody, nothing, nobody)
    labels, artists, shares = zip(*parts, strict=True)
    return Called(
        table.genres,
        np.concatenate(labels),
        {name: np.concatenate([part[name] for part in shares]) for name in shares[0]},
        np.concatenate(artists),
    )


def artist_folds(table: Table, folds: int) -> Array:
    """In which fold each row is tested, (rows,); −1 for never: artists are dealt out, those with
    most pieces first, each to the fold that has fewest pieces of the genre.

    Args:
        table: the rows.
        folds: how many.
    """
    side = np.full(len(table), -1)
    for label in range(len(table.genres)):
        own = table.labels == label
        pieces = {
            a: len(np.unique(table.pieces[own & (table.artists == a)]))
            for a in np.unique(table.artists[own]).tolist()
        }
        if len(pieces) < 2:
            continue
        filled = np.zeros(min(folds, len(pieces)))
        for artist in sorted(pieces, key=lambda a: (-pieces[a], a)):
            fold = int(np.argmin(filled))
            filled[fold] += pieces[artist]
            side[own & (table.artists == artist)] = fold
    return side


def called_by_piece(fitted: Fitted, rows: Table) -> tuple[Array, Array, dict[str, Array]]:
    """Labels, artists and shares, by network, of pieces: the mean over the rows of each.

    Args:
        fitted: networks.
        rows: of the pieces.
    """
    pieces, first, place = np.unique(rows.pieces, return_index=True, return_inverse=True)
    counts = np.bincount(place)[:, None]
    shares = {}
    for name, each in fitted.all_shares(rows.features).items():
        sums = np.zeros((len(pieces), len(rows.genres)))
        np.add.at(sums, place, each)
        shares[name] = sums / counts
    return rows.labels[first], rows.artists[first], shares


def _confusion(labels: Array, called: Array, genres: int) -> Array:
    counts = np.bincount(labels * genres + called, minlength=genres * genres)
    return np.asarray(counts.reshape(genres, genres))
