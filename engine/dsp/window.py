"""The four-downbeat window: which columns of the feed the generator sees, and when they were.

Two windows serve the three uses of the effect. :class:`PhraseWindow` is a circular image indexed
by the position in the phrase (uses ``phrase`` and ``late``);
:class:`engine.dsp.trailing.TrailingWindow` is the newest stretch of the feed (use ``edge``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.frontend import Analyser
from engine.dsp.tempo import WIDTH_STEP, Tempo, bucket

Use = Literal["late", "phrase", "edge"]
"""Of the window, see :class:`engine.offline.restyle.RestyleProcessor`."""
EDGE_REACH_S = 0.25  # how long the newest column may stand for what follows
SILENCE_DB = -120.0


@dataclass(frozen=True)
class WindowSnapshot:
    """A frozen copy of the window, handed to inference.

    Attributes:
        db: log-mel columns, not clipped, (width, n_mels).
        level: mean square of each column's windowed signal, (width,).
        start: sample at which column 0 is centred; column j lies at ``start + j * hop``.
        hop: model hop in samples.
        newest: sample at which the newest column is centred.
        reach: samples after ``newest`` for which the window holds a guess of what comes.
        period: length of the phrase in columns, not a whole number; the width where the window
            is no circle.
        circular: whether positions repeat with ``period``.
    """

    db: Array
    level: Array
    start: float
    hop: float
    newest: float
    reach: float
    period: float
    circular: bool


class Window(Protocol):
    """A window that is filled column by column."""

    period: float

    def centres(self, until: int) -> list[int]:
        """Centres of the next columns, in order, up to and including sample ``until``."""
        ...

    def push(self, db: Array, level: float) -> None:
        """Put in the next column, dB (n_mels,) and its mean square."""
        ...

    def snapshot(self) -> WindowSnapshot:
        """A copy that no later :meth:`push` changes."""
        ...

    def trailing(self, width: int) -> WindowSnapshot:
        """A copy of the newest columns, without a circle; all there are where ``width`` is 0."""
        ...

    def follow(self, tempo: Tempo, found: bool = False) -> None:
        """From now on the music goes at another tempo.

        Args:
            tempo: from now on.
            found: whether the one before was none: then columns keep their time, not their place.
        """
        ...


class Grid:
    """When the columns of a phrase are: it begins anew at each downbeat.

    Args:
        analyser: front end at the device's rate.
        tempo: tempo and downbeat.

    Attributes:
        tempo: as given.
        period, columns: length of a phrase in columns, and that rounded up.
    """

    def __init__(self, analyser: Analyser, tempo: Tempo) -> None:
        self.tempo, self._hop, self._rate = tempo, analyser.hop, analyser.rate
        self._after = analyser.after
        self.period = tempo.phrase_s * analyser.rate / analyser.hop
        self.columns = math.ceil(self.period)

    def centre(self, phrase: int, column: int) -> int:
        """Sample around which a column lies."""
        return round(self.tempo.phrase_start(phrase) * self._rate + column * self._hop)

    def following(self, phrase: int, column: int) -> tuple[int, int]:
        """The next column."""
        return (phrase, column + 1) if column + 1 < self.columns else (phrase + 1, 0)

    def first_after(self, sample: int) -> tuple[int, int]:
        """Phrase and column of the first column that ends after a sample."""
        centre = sample - self._after
        phrase = self.tempo.phrase_at(centre / self._rate)
        start = self.tempo.phrase_start(phrase) * self._rate
        place = phrase, min(max(math.floor((centre - start) / self._hop), 0), self.columns - 1)
        while self.centre(*place) <= centre:
            place = self.following(*place)
        return place

    def end_of_column(self, sample: int) -> int:
        """First time after ``sample`` at which a column has been heard to its end."""
        return self.centre(*self.first_after(sample)) + self._after

    def end_of_window(self, sample: int) -> int:
        """The same for the last column of a phrase."""
        phrase, _ = self.first_after(sample)
        return self.centre(phrase, self.columns - 1) + self._after


class PhraseWindow:
    """Circular image by position in the phrase: after "now" it holds the phrase before.

    The column grid starts anew at each downbeat: column j of every phrase is centred at the
    nearest sample of ``phrase_start + j * hop``. So two phrases lie on each other to half a
    sample, though a phrase is not a whole number of columns (472.5 at 175 BPM), and the image is
    aligned with the downbeat as in training.

    Before the first phrase is full, columns never heard repeat the bars that were.

    Args:
        analyser: front end at the device's rate.
        tempo: tempo and downbeat.
    """

    def __init__(self, analyser: Analyser, tempo: Tempo) -> None:
        self._analyser, self._hop, self._rate = analyser, analyser.hop, analyser.rate
        self._pace(tempo)
        # The first column is the first whose window holds a sample of the feed.
        self._phrase, self._column = self._grid.first_after(0)
        self._newest = self._phrase, self._column - 1
        self._heard_to = -analyser.after  # centre of the newest column pushed

    def _pace(self, tempo: Tempo) -> None:
        """An empty window for this tempo."""
        self._tempo, self._grid = tempo, Grid(self._analyser, tempo)
        self.period, self._columns = self._grid.period, self._grid.columns
        self._bar = tempo.bar_s * self._rate / self._hop
        width = bucket(self.period)
        self._db = np.full((width, self._analyser.spec.n_mels), SILENCE_DB, np.float32)
        self._level = np.zeros(width, np.float32)
        self._heard = np.zeros(self._columns, bool)

    def follow(self, tempo: Tempo, found: bool = False) -> None:
        """Another tempo or downbeat: each column keeps its musical place, and time goes on.

        Where the tempo has only now been found, each keeps its time.
        """
        # Not the centre of self._newest: after a change of tempo that lies a little before what
        # was heard, and after two of them the next column would be one that is long gone.
        newest, period = self._heard_to, self.period
        db, level, heard, recent = self._db, self._level, self._heard, self._newest_first()
        old, new, now_s = self._tempo, tempo, newest / self._rate
        # Where the old and the new phrase stand, in phrases.
        was, here = ((now_s - x.downbeat_s) / x.phrase_s for x in (old, new))
        self._pace(tempo)
        columns = np.arange(self._columns)
        remembered = np.ones(self._columns, bool)
        if found:
            ago = np.rint((here * self.period - columns) % self.period).astype(np.intp)
            remembered = ago < len(recent)
            source = recent[np.minimum(ago, len(recent) - 1)]
        else:
            place = (columns / self.period + was - here) % 1.0
            source = np.minimum(np.rint(place * period), len(heard) - 1).astype(np.intp)
        self._db[: self._columns], self._level[: self._columns] = db[source], level[source]
        self._heard[:] = heard[source] & remembered
        self._phrase, self._column = self._grid.first_after(newest + self._analyser.after)
        self._newest = (
            (self._phrase, self._column - 1)
            if self._column
            else (self._phrase - 1, self._columns - 1)
        )

    def centres(self, until: int) -> list[int]:
        """Centres of the next columns up to and including sample ``until``."""
        found, place = [], (self._phrase, self._column)
        while (centre := self._grid.centre(*place)) <= until:
            found.append(centre)
            place = self._grid.following(*place)
        return found

    def push(self, db: Array, level: float) -> None:
        """Put in the next column."""
        self._db[self._column], self._level[self._column] = db, level
        self._newest = (self._phrase, self._column)
        self._heard_to = self._grid.centre(*self._newest)
        self._heard[self._column] = True
        self._phrase, self._column = self._grid.following(self._phrase, self._column)

    def _newest_first(self) -> Array:
        """Columns from the newest back in time."""
        return np.asarray((self._newest[1] - np.arange(self._columns)) % self._columns)

    def trailing(self, width: int) -> WindowSnapshot:
        """The newest columns, to the nearest half column where a phrase has ended between them."""
        most = self._columns - self._columns % WIDTH_STEP
        columns = self._newest_first()[: min(width or most, most)][::-1]
        phrase, newest = self._newest
        centre = self._tempo.phrase_start(phrase) * self._rate + newest * self._hop
        return WindowSnapshot(
            db=self._db[columns],
            level=self._level[columns],
            start=centre - (len(columns) - 1) * self._hop,
            hop=self._hop,
            newest=centre,
            reach=EDGE_REACH_S * self._rate,
            period=float(len(columns)),
            circular=False,
        )

    def snapshot(self) -> WindowSnapshot:
        """The whole circle, padded circularly to the width of its bucket."""
        db, level = self._db.copy(), self._level.copy()
        phrase, newest = self._newest
        ahead = self._columns if self._heard.all() else self._guess(db, level, newest)
        padding = np.arange(self._columns, len(db))
        source = np.rint(padding - self.period).astype(np.intp)
        db[padding], level[padding] = db[source], level[source]
        start = self._tempo.phrase_start(phrase) * self._rate
        return WindowSnapshot(
            db=db,
            level=level,
            start=start,
            hop=self._hop,
            newest=start + newest * self._hop,
            reach=min(ahead, self.period) * self._hop,
            period=self.period,
            circular=True,
        )

    def _guess(self, db: Array, level: Array, newest: int) -> int:
        """Fill what was never heard, in place; how many columns after ``newest`` are now filled.

        A column never heard is taken from the nearest bar that was, and just after ``newest``
        from the newest column itself.
        """
        filled = self._heard.copy()
        for bars in range(1, self._tempo.bars):
            empty = np.flatnonzero(~filled)
            source = np.rint(empty - bars * self._bar).astype(np.intp) % self._columns
            empty, source = empty[self._heard[source]], source[self._heard[source]]
            db[empty], level[empty], filled[empty] = db[source], level[source], True
        ahead = np.arange(newest + 1, newest + 1 + self._columns) % self._columns
        held = ahead[: math.ceil(EDGE_REACH_S * self._rate / self._hop)]
        held = held[~filled[held]]
        db[held], level[held], filled[held] = db[newest], level[newest], True
        empty_ahead = ~filled[ahead]
        return int(np.argmax(empty_ahead)) if empty_ahead.any() else self._columns
