"""Readings of the gain images: where to look for each hop, and the rows found there.

A reading is a few numbers; the rows of many hops are interpolated at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.gain import GainImage, Quality


class Gains(Protocol):
    """Gains of columns in a row.

    Attributes:
        gain_db: (columns, n_mels).
        generated_db: the generated image, dB at the level of the feed, where there is one.
        noise: variance a sample and band, (columns, n_mels), or None.
        level: mean square of the feed, (columns,).
        newest: sample around which the newest column lies that they know of.
    """

    @property
    def gain_db(self) -> Array: ...  # noqa: D102

    @property
    def generated_db(self) -> Array | None: ...  # noqa: D102

    @property
    def noise(self) -> Array | None: ...  # noqa: D102

    @property
    def level(self) -> Array: ...  # noqa: D102

    @property
    def newest(self) -> float: ...  # noqa: D102


Rows = Callable[[Gains], Array]


@dataclass(frozen=True, slots=True)
class Tap:
    """A place between two columns of an image; ``weight`` is that of the right one."""

    image: Gains
    left: int
    right: int
    weight: float

    @classmethod
    def at(cls, image: GainImage, sample: float) -> Tap:
        """The place of an instant."""
        return cls(image, *image.position(sample))

    @property
    def has_image(self) -> bool:
        """Whether there is a generated image, and not gains alone."""
        return self.image.generated_db is not None

    @property
    def level(self) -> float:
        """Mean square of the input there."""
        level = self.image.level
        return (
            float(level[self.left]) * (1.0 - self.weight) + float(level[self.right]) * self.weight
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """Where the gain of one hop comes from.

    Attributes:
        tap: None before there is any image.
        before: the image before, while one fades into the next.
        blend: share of ``tap`` in that fade, 0…1.
        wet: 0 (dry) … 1.
        quality: how well the instant is known.
    """

    tap: Tap | None
    before: Tap | None
    blend: float
    wet: float
    quality: Quality

    @property
    def noisy(self) -> bool:
        """Whether there is noise to render: never from a gain that is only held."""
        known = self.quality in (Quality.FRESH, Quality.PREDICTED)
        return known and self.wet > 0 and self.tap is not None and self.tap.image.noise is not None


def gain_rows(readings: Sequence[Reading], n_mels: int) -> Array:
    """Gains of hops, dB, (hops, n_mels), faded towards 0 dB as they are dry."""
    rows = _rows(readings, _gain, n_mels)
    if any(reading.wet < 1.0 for reading in readings):
        rows *= np.array([reading.wet for reading in readings], np.float32)[:, None]
    return rows


def generated_rows(readings: Sequence[Reading], n_mels: int) -> Array:
    """The generated image at these hops, dB at the level of the feed, (hops, n_mels)."""
    return _rows(readings, _generated, n_mels)


def noise_rows(readings: Sequence[Reading], n_mels: int) -> Array:
    """Variance per band of the noise of hops that are ``noisy``, (hops, n_mels)."""
    return _rows(readings, _noise, n_mels)


def _gain(image: Gains) -> Array:
    return image.gain_db


def _generated(image: Gains) -> Array:
    assert image.generated_db is not None, "a streaming generator makes no image"
    return image.generated_db


def _noise(image: Gains) -> Array:
    return np.zeros_like(image.gain_db) if image.noise is None else image.noise


def _rows(readings: Sequence[Reading], rows_of: Rows, n_mels: int) -> Array:
    rows = _interpolate([reading.tap for reading in readings], rows_of, n_mels)
    for i, reading in enumerate(readings):
        if reading.before is not None:
            (old,) = _interpolate([reading.before], rows_of, n_mels)
            rows[i] = old + np.float32(reading.blend) * (rows[i] - old)
    return rows


def _interpolate(taps: Sequence[Tap | None], rows_of: Rows, n_mels: int) -> Array:
    """Linear interpolation between the columns of each tap, runs of one image at once."""
    parts = []
    for _, run in groupby(taps, key=lambda tap: id(tap.image) if tap else None):
        here = list(run)
        if here[0] is None:
            parts.append(np.zeros((len(here), n_mels), np.float32))
            continue
        some = [tap for tap in here if tap is not None]
        rows = rows_of(some[0].image)
        weight = np.array([tap.weight for tap in some], np.float32)
        parts.append(_between(rows, [t.left for t in some], [t.right for t in some], weight))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _between(rows: Array, left: list[int], right: list[int], weight: Array) -> Array:
    if len(left) == 1:  # live there is one hop at a time: slices are quicker than lists
        low, high = rows[left[0] : left[0] + 1], rows[right[0] : right[0] + 1]
    else:
        low, high = rows[left], rows[right]
    return np.asarray(low + weight[:, None] * (high - low))
