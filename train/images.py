"""Images for training, with the window as the engine uses it.

A batch is drawn from segments held in memory. The paper's own recipe shows aligned windows only;
on the stage the window is spliced at "now" (``phrase``) or ends there (``edge``), and the tempo
is right to a fraction of a frame only. What is heard there is never the window: what the network
makes of the phrase before is put on the phrase that is played. So a crop of ``phrase`` comes with
what plays meanwhile, and that is what a critic is shown, changed as the window is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.dsp.arrays import Array
from engine.errors import InputError
from train.dataset import Dataset, Split, images

_AHEAD = 24  # columns that gains are at most ahead of what the network has heard: twice a quarter
# beat at 150 BPM, the time of two inferences. What comes later is never heard.
_TEMPO_ERROR_COLUMNS = 0.5  # over a whole window: sub-frame, as a good clock leaves it


@dataclass(frozen=True)
class Windows:
    """How often each use of the window is shown; the rest is ``late``, the paper's.

    Attributes:
        phrase: share spliced at a random column.
        edge: share that ends at a random column.
    """

    phrase: float = 0.4
    edge: float = 0.2


class GenreImages:
    """Segments of one genre, −1 … 1, that crops are drawn from.

    Args:
        data: the dataset.
        genre: one of its genres.
        split: which tracks.

    Raises:
        InputError: there are no such segments.
    """

    def __init__(self, data: Dataset, genre: str, split: Split = "train") -> None:
        segments = data.segments(genre, split)
        if not segments:
            raise InputError(
                str(data.folder),
                f"no {split} segments of {genre!r}",
                cure="Prepare more music, or another split.",
            )
        stacked = data.front_end.normalise(images(segments))
        self.names = [segment.name for segment in segments]
        # (segments, 2, columns, bands) → (segments, 2, bands, columns)
        self.windows = np.ascontiguousarray(2.0 * stacked.transpose(0, 1, 3, 2) - 1.0)
        self.columns = self.windows.shape[-1]

    def crop(self, rng: np.random.Generator, width: int, uses: Windows) -> Array:
        """One random crop in one random use of the window.

        Returns:
            (2, bands, width): the window, and what is heard while it is used. They differ where
            the window still holds the phrase before.
        """
        before, own = self.windows[int(rng.integers(len(self.windows)))]
        chance = rng.random()
        first = int(rng.integers(self.columns - width + 1))
        window = heard = own
        if chance < uses.phrase:
            now = first + width - int(rng.integers(1, _AHEAD + 1))
            window = spliced(before, own, now, _error(rng))
        elif chance < uses.phrase + uses.edge:
            now = int(rng.integers(1, self.columns))
            window = heard = np.concatenate([before[:, now:], own[:, :now]], axis=1)
        return np.stack([window, heard])[:, :, first : first + width]


def spliced(before: Array, own: Array, now: int, error: float = 0.0) -> Array:
    """The circular window at column ``now``: this phrase up to there, the one before behind it.

    Args:
        before, own: two phrases in a row, (bands, columns).
        now: columns of this phrase that have been heard.
        error: how many columns the older phrase is off, because the tempo is.
    """
    older = before[:, now:]
    if error:
        at = np.clip(np.arange(now, before.shape[1]) + error, 0, before.shape[1] - 1)
        left = np.minimum(at.astype(np.intp), before.shape[1] - 2)
        weight = (at - left).astype(np.float32)
        older = before[:, left] * (1 - weight) + before[:, left + 1] * weight
    return np.concatenate([own[:, :now], older], axis=1)


def _error(rng: np.random.Generator) -> float:
    return float(rng.uniform(-_TEMPO_ERROR_COLUMNS, _TEMPO_ERROR_COLUMNS))


def batch(
    genre: GenreImages, rng: np.random.Generator, size: int, width: int, uses: Windows
) -> Array:
    """Crops as (size, 2, bands, width), float32: windows, and what is heard meanwhile."""
    crops = [genre.crop(rng, width, uses) for _ in range(size)]
    return np.stack(crops).astype(np.float32)
