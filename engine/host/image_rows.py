"""The image of the line-in, what the generator makes of it and the gain between, column by column,
for whoever shows them: bytes, only computed while somebody looks."""

from __future__ import annotations

import math

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.frontend import Analyser, FrontEnd
from engine.dsp.gain import MAX_GAIN_DB, MIN_GAIN_DB
from engine.dsp.path_state import KIND_STREAMING, KIND_WINDOW
from engine.dsp.streaming import LEADS
from engine.state import shared_state as b
from engine.state.shared_status import BANDS, IMAGES

_MOST = 32  # columns at a time; who comes later sees the newest
_FULL = 255.0


class ImageRows:
    """Follows the line-in on the grid of columns that streaming generators answer to.

    Args:
        shared: of the stage.
    """

    def __init__(self, shared: b.SharedState) -> None:
        self._shared, self._front_end = shared, FrontEnd(n_mels=BANDS)
        self._session, self._next = -1, 0

    def take(self) -> Array:
        """The columns that have been heard since the last time, (n, IMAGES · BANDS), uint8: dB of
        the line-in and of the generated image from the front end's floor to its ceiling, and the
        gain from the least to the greatest there is."""
        opened = self._shared.opened()
        if opened is None:
            return np.zeros((0, IMAGES * BANDS), np.uint8)
        analyser = self._front_end.at(opened.rate)
        end = math.floor((opened.heard - analyser.after) / analyser.hop) + 1
        if opened.number != self._session:
            self._session, self._next = opened.number, end
        first = max(self._next, end - _MOST)
        self._next = max(end, first)
        if first >= end:
            return np.zeros((0, IMAGES * BANDS), np.uint8)
        return self._rows(analyser, np.arange(first, end), max(1, opened.inputs))

    def _rows(self, analyser: Analyser, columns: Array, channels: int) -> Array:
        starts = np.rint(columns * analyser.hop).astype(np.int64) - analyser.before
        n = int(starts[-1] - starts[0]) + analyser.n
        sound = self._shared.read(self._shared.feed, int(starts[0]), n, channels)
        fed, _ = analyser.columns(sound, starts - starts[0])
        gain, power = np.zeros_like(fed), np.zeros_like(fed)
        slot = self._shared.active
        for row, column in enumerate(columns.tolist()):
            found = self._gains(slot, column, column * analyser.hop)
            if found is not None:
                gain[row], power[row] = found[0], found[1] * analyser.noise_gain
        made = 10.0 * np.log10(10.0 ** ((fed + gain) / 10.0) + power)
        scaled = np.clip((gain - MIN_GAIN_DB) / (MAX_GAIN_DB - MIN_GAIN_DB), 0.0, 1.0)
        images = self._front_end.normalise(fed), self._front_end.normalise(made), scaled
        return np.rint(_FULL * np.concatenate(images, axis=1)).astype(np.uint8)

    def _gains(self, slot: int, column: int, instant: float) -> tuple[Array, Array] | None:
        """Gain, dB, and variance of the noise of each band, as the generator answered for a column;
        None where it did not."""
        kind = int(self._shared.kinds[slot])
        if kind == KIND_STREAMING:
            return self._answered(slot, column)
        return self._restyled(slot, instant) if kind == KIND_WINDOW else None

    def _answered(self, slot: int, column: int) -> tuple[Array, Array] | None:
        what = self._shared.published
        for lead, columns in enumerate(LEADS):
            by = column - columns
            at, near = by % what.answer.shape[1], by % what.ahead.shape[1]
            if what.answer["column"][slot, at] != by or (lead and what.ahead[slot, near] != by):
                continue
            if lead:
                return what.ahead_gain[slot, near, lead - 1], what.ahead_noise[slot, near, lead - 1]
            noise = what.answer_noise[slot, at] * bool(what.answer["noisy"][slot, at])
            return what.answer_gain[slot, at], noise
        return None

    def _restyled(self, slot: int, instant: float) -> tuple[Array, Array] | None:
        what = self._shared.published
        newest = int(what.newest[slot])
        at = newest % what.image.shape[1]
        image = what.image[slot, at]
        if not newest or image["number"] != newest:
            return None
        place = (instant - float(image["start"])) / float(image["hop"])
        if image["circular"]:
            place %= float(image["period"])
        column = round(place)
        if not 0 <= column < int(image["width"]):
            return None
        noise = what.image_noise[slot, at, column] * bool(image["noisy"])
        return what.image_gain[slot, at, column], noise
