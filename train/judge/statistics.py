"""Figures by track: a track is one witness, however many segments it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_RESAMPLINGS = 2000
_SEED = 20190610


@dataclass(frozen=True)
class Figure:
    """A mean with its 95 % interval.

    Attributes:
        mean: over tracks of the mean of each track's segments.
        low, high: percentile bootstrap over tracks (Efron 1979).
        tracks: how many.
    """

    mean: float
    low: float
    high: float
    tracks: int

    def __str__(self) -> str:
        return f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}]"


def by_track(values: Sequence[float], tracks: Sequence[str]) -> Figure:
    """Mean of the values, and its interval when the tracks are drawn anew.

    Args:
        values: one per segment.
        tracks: whose segment each is.

    Raises:
        ValueError: the two differ in length, or there is nothing.
    """
    if not values or len(values) != len(tracks):
        raise ValueError(f"{len(values)} values for {len(tracks)} segments")
    grouped: dict[str, list[float]] = {}
    for value, track in zip(values, tracks, strict=True):
        grouped.setdefault(track, []).append(value)
    means = np.array([np.mean(group) for group in grouped.values()])
    rng = np.random.default_rng(_SEED)
    draws = means[rng.integers(len(means), size=(_RESAMPLINGS, len(means)))].mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return Figure(float(means.mean()), float(low), float(high), len(means))
