"""How far a set of sounds is from a set of real ones: the kernel audio distance (Chung et al. 2025,
"KAD: No more FAD!"): an unbiased squared maximum mean discrepancy of embeddings.

The embeddings are the project's own: what the judge's network has found before its last layer,
learnt from real training segments. Bandwidth is the median distance among the real ones (their
rule).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.dsp.arrays import Array
from train.judge.statistics import Figure

SCALE = 1000.0
_RESAMPLINGS, _SEED = 500, 20190610


class RealSounds:
    """Real sounds of a genre.

    Args:
        embeddings: of them, (n, dimensions), n ≥ 2.
    """

    def __init__(self, embeddings: Array) -> None:
        self._real = np.asarray(embeddings, np.float64)
        squares = _squares(self._real, self._real)
        among = squares[~np.eye(len(squares), dtype=bool)]
        self._width = float(np.median(among)) or 1.0
        n = len(squares)
        self._own = (np.exp(-squares / (2 * self._width)).sum() - n) / (n * (n - 1))

    def distance(self, embeddings: Array, tracks: Sequence[str]) -> Figure:
        """Distance of a set, × 1000, with its interval when its tracks are drawn anew.

        Args:
            embeddings: (m, dimensions), m ≥ 2.
            tracks: whose each is.
        """
        other = np.asarray(embeddings, np.float64)
        within = np.exp(-_squares(other, other) / (2 * self._width))
        across = np.exp(-_squares(other, self._real) / (2 * self._width)).mean(axis=1)
        names = list(dict.fromkeys(tracks))
        places = [np.flatnonzero([track == name for track in tracks]) for name in names]
        rng = np.random.default_rng(_SEED)
        draws = [
            self._of(within, across, np.concatenate([places[i] for i in drawn]))
            for drawn in rng.integers(len(names), size=(_RESAMPLINGS, len(names)))
        ]
        low, high = np.percentile(draws, [2.5, 97.5])
        whole = self._of(within, across, np.arange(len(other)))
        return Figure(whole, float(low), float(high), len(names))

    def _of(self, within: Array, across: Array, chosen: Array) -> float:
        """The distance of some of a set; a pair of one and itself says nothing."""
        pairs = chosen[:, None] != chosen[None]
        among = within[np.ix_(chosen, chosen)][pairs]
        own = float(among.mean()) if len(among) else 1.0
        return SCALE * (own + float(self._own) - 2.0 * float(across[chosen].mean()))


def _squares(one: Array, other: Array) -> Array:
    """Squared distances, (n, m)."""
    norms = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None]
    return np.asarray(np.maximum(norms - 2.0 * one @ other.T, 0.0))
