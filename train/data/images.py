"""Images for training, with the window as the engine uses it.

A batch is drawn from segments held in memory. The paper's own recipe shows aligned windows only;
on the stage the window is spliced at "now" (``phrase``) or ends there (``edge``), and the tempo
is right to a fraction of a frame only. What is heard there is never the window: what the network
makes of the phrase before is put on the phrase that is played. So a crop of ``phrase`` comes with
what plays meanwhile, and that is what a critic is shown, changed as the window is.

What is heard of one inference is a few columns, and then there is a newer one. A ``row`` is many
windows, each a little later than the one before, of which those columns make one stretch: all that
is heard on the stage over a while, and nothing that is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.crop import AHEAD
from engine.dsp.frontend import FrontEnd
from engine.errors import InputError
from train.data.dataset import Dataset, Split, SplitBy, images

_TEMPO_ERROR_COLUMNS = 0.5  # over a whole window: sub-frame, as a good clock leaves it
ROW = 8  # windows in a row
HEARD = 8  # columns that are heard of each,
LEAD = 3  # from this many after "now" on: 46 to 128 ms, an eighth of a beat at 175 BPM amidst


@dataclass(frozen=True)
class Windows:
    """How often each use of the window is shown; the rest is ``late``, the paper's.

    Attributes:
        phrase: share spliced as the stage shows it: the last ``AHEAD`` columns are a phrase old.
        edge: share that ends at a random column.
    """

    phrase: float = 0.4
    edge: float = 0.2


class GenreImages:
    """Segments of one genre, −1 … 1, that crops are drawn from.

    Args:
        data: the dataset.
        genre: one of its genres.
        split: which of them.
        by: what is on one side of the split as a whole.

    Raises:
        InputError: there are no such segments.
    """

    def __init__(
        self, data: Dataset, genre: str, split: Split = "train", by: SplitBy = "track"
    ) -> None:
        segments = data.segments(genre, split, by)
        if not segments:
            raise InputError(
                str(data.folder),
                f"no {split} segments of {genre!r}",
                cure="Prepare more music, or another split.",
            )
        self.windows = _shown(images(segments), data.front_end)
        self.columns = self.windows.shape[-1]
        self._segments = segments
        self._wanted: Array | None = None

    def learn(self, teacher: Callable[[Array], Array]) -> None:
        """Let a teacher say what every whole phrase should become; crops then come with that.

        Args:
            teacher: a window (bands, columns), −1 … 1, to an image of the same shape.
        """
        pairs = [[teacher(window) for window in pair] for pair in self.windows]
        self._wanted = np.stack([np.stack(pair) for pair in pairs]).astype(np.float32)

    def learn_twins(self, data: Dataset) -> None:
        """Let the twin of each segment be what it should become; crops then come with that.

        Raises:
            InputError: a segment has no twin.
        """
        twins = np.stack([data.twin_image(segment) for segment in self._segments])
        self._wanted = _shown(twins, data.front_end)

    def exchange(self, other: GenreImages) -> None:
        """Learn the pairs of the other genre backwards too, and the other way round.

        A twin is music of the other genre, performed as all of that is; what it was made from is
        what it should become.

        Args:
            other: has learnt twins, as this one.

        Raises:
            ValueError: one of them has not.
        """
        if self._wanted is None or other._wanted is None:
            raise ValueError("learn twins first")
        own, their = (self.windows, self._wanted), (other.windows, other._wanted)
        for genre, pairs, more in ((self, own, their), (other, their, own)):
            genre.windows = np.concatenate([pairs[0], more[1]])
            genre._wanted = np.concatenate([pairs[1], more[0]])

    def row(self, rng: np.random.Generator, width: int) -> Array:
        """Windows in a row at a random place, as the stage shows them one after the other.

        Returns:
            (ROW, 2 or 3, bands, width): each as from :meth:`crop`.
        """
        number = int(rng.integers(len(self.windows)))
        first = int(rng.integers(self.columns - AHEAD - (ROW - 1) * HEARD + 1))
        error = _error(rng)
        before, own = self.windows[number]
        shown = []
        for now in range(first, first + ROW * HEARD, HEARD):
            pairs = [(before, spliced(before, own, now, error)), (before, own)]
            if self._wanted is not None:
                pairs.append(tuple(self._wanted[number]))
            end = self.columns + now + AHEAD
            shown.append([np.concatenate(pair, axis=1)[:, end - width : end] for pair in pairs])
        return np.stack([np.stack(images) for images in shown])

    def stretch(self, rng: np.random.Generator, width: int) -> Array:
        """Consecutive columns at a random place of the phrase before and a segment's own.

        Args:
            rng: of segment and place.
            width: columns, no more than both phrases have.

        Returns:
            (1, bands, width).
        """
        pair = self.windows[int(rng.integers(len(self.windows)))]
        first = int(rng.integers(2 * self.columns - width + 1))
        return np.concatenate(pair, axis=1)[None, :, first : first + width]

    def crop(self, rng: np.random.Generator, width: int, uses: Windows) -> Array:
        """One random crop in one random use of the window.

        Args:
            rng: of segment, use and place.
            width: columns.
            uses: how often each use is shown.

        Returns:
            (2, bands, width): the window, and what is heard while it is used. They differ where
            the window still holds the phrase before. (3, bands, width) with a teacher: what that
            is to become.
        """
        number = int(rng.integers(len(self.windows)))
        before, own = self.windows[number]
        wanted = None if self._wanted is None else self._wanted[number]
        chance = rng.random()
        first = int(rng.integers(self.columns - width + 1))
        window = heard = own
        right = None if wanted is None else wanted[1]
        if chance < uses.phrase:
            window = spliced(before, own, first + width - AHEAD, _error(rng))
        elif chance < uses.phrase + uses.edge:
            now = int(rng.integers(1, self.columns))
            window = heard = _turned(before, own, now)
            right = None if wanted is None else _turned(wanted[0], wanted[1], now)
        shown = [window, heard] if right is None else [window, heard, right]
        return np.stack(shown)[:, :, first : first + width]


def shown_images(data: Dataset, genre: str, by: SplitBy) -> GenreImages:
    """Images of a genre to look at: held-out ones, where there are any.

    Args:
        data: the dataset.
        genre: one of its genres.
        by: what is held out as a whole.
    """
    held_out = by == "clip" or data.tracks(genre, "held-out")
    return GenreImages(data, genre, "held-out" if held_out else "train", by)


def _shown(columns_db: Array, front_end: FrontEnd) -> Array:
    """(segments, 2, columns, bands), dB, as the networks see it: (segments, 2, bands, columns)."""
    return np.ascontiguousarray(2.0 * front_end.normalise(columns_db).transpose(0, 1, 3, 2) - 1.0)


def _turned(before: Array, own: Array, now: int) -> Array:
    """The window whose newest column, its last, is column ``now`` of a phrase."""
    return np.concatenate([before[:, now:], own[:, :now]], axis=1)


def spliced(before: Array, own: Array, now: int, error: float = 0.0) -> Array:
    """The circular window at column ``now``: this phrase up to there, the one before behind it.

    Args:
        before: the phrase before this one, (bands, columns).
        own: this phrase, (bands, columns).
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
    """Crops, see :meth:`GenreImages.crop`.

    Args:
        genre: that they are drawn from.
        rng: of the crops.
        size: how many.
        width: columns of each.
        uses: how often each use of the window is shown.

    Returns:
        (size, 2 or 3, bands, width), float32.
    """
    crops = [genre.crop(rng, width, uses) for _ in range(size)]
    return np.stack(crops).astype(np.float32)


def rows(genre: GenreImages, rng: np.random.Generator, size: int, width: int) -> Array:
    """Rows of windows, see :meth:`GenreImages.row`.

    Args:
        genre: that they are drawn from.
        rng: of the rows.
        size: how many.
        width: columns of each window.

    Returns:
        (size, ROW, 2 or 3, bands, width), float32.
    """
    return np.stack([genre.row(rng, width) for _ in range(size)]).astype(np.float32)


def stretches(genre: GenreImages, rng: np.random.Generator, size: int, width: int) -> Array:
    """Stretches, see :meth:`GenreImages.stretch`.

    Args:
        genre: that they are drawn from.
        rng: of the stretches.
        size: how many.
        width: columns of each.

    Returns:
        (size, 1, bands, width), float32.
    """
    return np.stack([genre.stretch(rng, width) for _ in range(size)]).astype(np.float32)


def heard_columns(width: int) -> slice:
    """Of a window in a row, the columns that are heard before there is a newer one."""
    first = width - AHEAD + LEAD
    return slice(first, first + HEARD)
