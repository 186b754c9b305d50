"""The stretch around "now" that a generator is shown of the phrase window.

A convolutional generator does not look at four bars when it draws one column: nine residual
blocks reach 80 columns to either side, and what it learnt from were crops. So on the stage it is
shown a crop of the phrase window as in training: what was just heard, and after it the phrase
before, as far as it will be needed. That takes a quarter of the time of a whole window, so gains
are as much younger. What was drawn is kept by position in the phrase: where no newer gain is
there in time, the one of a phrase ago is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.frontend import FrontEnd
from engine.dsp.tempo import Tempo, bucket
from engine.dsp.window import Use, WindowSnapshot

AHEAD = 24  # columns after "now", 0.28 s: two inferences of a quarter beat at 150 BPM, and context.
# What comes later is drawn again before it is heard.
_KEPT = 0.5  # share of the crop before "now" that is kept: its left edge lacks what came before

Draw = Callable[[Array], Array]


def shown_columns(view: int, front_end: FrontEnd, tempo: Tempo, use: Use) -> int:
    """Width of the image that one inference is given.

    Args:
        view: columns around "now" that the generator wants to see; 0 for the whole window.
        front_end: of its images.
        tempo: of the feed.
        use: of the window.
    """
    if view and use != "late":
        return view
    return bucket(tempo.phrase_s / front_end.hop_s)


class Crop:
    """Crops of a circular window through a generator, collected by position in the phrase.

    Args:
        columns: width of a crop.
    """

    def __init__(self, columns: int) -> None:
        self._before = columns - AHEAD - 1
        self.forget()

    def forget(self) -> None:
        """Nothing has been drawn yet: the places in the phrase are others now."""
        self._shown = self._made = self._level = np.zeros(0, np.float32)
        self._drawn = np.zeros(0, bool)

    def restyle(
        self, draw: Draw, snapshot: WindowSnapshot, source: Array
    ) -> tuple[WindowSnapshot, Array, Array]:
        """Draw the stretch around "now".

        Args:
            draw: a crop (columns, n_mels), 0…1, to an image of the same shape.
            snapshot: of a circular window, and
            source: its image, 0…1, (width, n_mels).

        Returns:
            The snapshot, its reach no further than there are gains; what was shown at each
            column when it was last drawn; and what was made of it, (width, n_mels) each.
        """
        if len(self._drawn) != len(source):
            self._shown, self._made = source.copy(), source.copy()
            self._level, self._drawn = snapshot.level.copy(), np.zeros(len(source), bool)
        newest = round((snapshot.newest - snapshot.start) / snapshot.hop)
        offsets = np.arange(-self._before, AHEAD + 1)
        crop = source[_places(newest + offsets, snapshot.period)]
        made = draw(crop)

        # Columns of the window by their distance from "now", −period/2 … +period/2.
        half = 0.5 * snapshot.period
        distance = (np.arange(len(source)) - newest + half) % snapshot.period - half
        nearest = np.rint(distance).astype(np.intp)
        fresh = (nearest >= -round(_KEPT * self._before)) & (nearest <= AHEAD)
        at = nearest[fresh] + self._before
        self._shown[fresh], self._made[fresh] = crop[at], made[at]
        self._level[fresh], self._drawn[fresh] = snapshot.level[fresh], True

        missing = distance[~self._drawn] % snapshot.period
        reach = min(snapshot.reach, (missing.min(initial=snapshot.period) - 1) * snapshot.hop)
        known = replace(snapshot, reach=reach, level=self._level.copy())
        return known, self._shown.copy(), self._made.copy()


def _places(columns: Array, period: float) -> Array:
    """Nearest columns of the circle to columns counted on over its seam."""
    last = int(np.ceil(period)) - 1
    round_trip = columns - period * np.floor(columns / period)
    return np.asarray(np.minimum(np.rint(round_trip), last).astype(np.intp))
