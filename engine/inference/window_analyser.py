"""What inference hears: the feed as columns in the phrase window, at the model's loudness.

Runs where inference runs, one job at a time, so that nobody who hears the feed waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.columns import ColumnStream
from engine.dsp.crop import Crop
from engine.dsp.frontend import Analyser
from engine.dsp.gain import GainImage, gain_image
from engine.dsp.level import ModelLevel
from engine.dsp.tempo import Tempo
from engine.dsp.window import Window
from engine.inference.jobs import WindowGenerator
from engine.inference.slot_inference import Part


class WindowAnalyser:
    """Columns of the feed into the window, the window through the generator.

    Args:
        generator: the network.
        window: the four-downbeat window to fill.
        analyser: front end at the feed's rate.
        channels: number of channels.
        noise_branch: whether missing energy is to be rendered as noise.
        view: columns around "now" that the generator is shown; 0 for the whole window.
    """

    def __init__(
        self,
        generator: WindowGenerator,
        window: Window,
        analyser: Analyser,
        channels: int,
        noise_branch: bool,
        view: int,
    ) -> None:
        self._generator, self._window, self._analyser = generator, window, analyser
        self._noise_branch, self._edge_width = noise_branch, view
        self._view = Crop(view) if view else None
        self._known, self._received = True, 0
        self._columns = ColumnStream(analyser, channels)
        self._level = ModelLevel(generator.level_db, analyser.spec.hop_s)

    def restyle(self, parts: Sequence[Part], until: int, then: Tempo | None = None) -> GainImage:
        """Hear what there is, then restyle the window as it is at sample ``until``.

        Args:
            parts: in the order of the feed.
            until: up to which columns are taken.
            then: tempo that is followed behind this window.

        Raises:
            GeneratorError: the generator failed.
        """
        self.hear(parts, until)
        try:
            return self._restyled()
        finally:
            if then is not None:
                self._follow(then)

    def hear(self, parts: Sequence[Part], until: int) -> None:
        """Hear what there is, up to sample ``until``, and leave it at that."""
        for part in parts:
            if part is None or isinstance(part, Tempo):
                self._take(min(self._received, until))  # columns before it are of the old tempo
                self._follow(part)
            else:
                self._columns.push([part])
                self._received += part.shape[-1]
        self._take(until)

    def _take(self, until: int) -> None:
        db, levels = self._columns.take(self._window.centres(until - self._analyser.after))
        for column, level in zip(db, levels.tolist(), strict=True):
            self._window.push(column, level)
            self._level.push(level)

    def _restyled(self) -> GainImage:
        known, gain_db = self._known, self._level.gain_db
        snapshot = self._window.snapshot() if known else self._window.trailing(self._edge_width)
        source = self._analyser.spec.normalise(snapshot.db + np.float32(gain_db))
        if self._view is None or not known:
            generated = self._generator(source, snapshot.period)
        else:
            snapshot, source, generated = self._view.restyle(self._draw, snapshot, source)
        return gain_image(snapshot, source, generated, self._analyser, gain_db, self._noise_branch)

    def _follow(self, tempo: Tempo | None) -> None:
        """From now on the music goes at another tempo, or nobody knows at which."""
        if tempo is not None:
            self._window.follow(tempo, found=not self._known)
        self._known = tempo is not None
        if self._view is not None:
            self._view.forget()

    def _draw(self, crop: Array) -> Array:
        return self._generator(crop, float(len(crop)))
