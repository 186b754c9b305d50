"""The gain for an instant, from the images that inference has published."""

from __future__ import annotations

from collections import Counter, deque

from engine.dsp.gain import GainImage, Quality
from engine.dsp.tempo import Tempo
from engine.stages.fade import HOLD_S, Fade
from engine.stages.readings import Reading, Tap

BLEND_S = 0.010  # from one image to the next


class GainReader:
    """Falls back in order: fresh, predicted, held, dry; addressed by the time of the output.

    Args:
        rate: sample rate, hertz.
        hop: samples between readings.
        tempo: after a fall to dry the effect comes back at the next downbeat; without a tempo
            as soon as it can.
        blend: whether a predicted gain fades from one image into the next, as in use ``phrase``.
            A fresh gain never does: it would be late by as much.
        images: how many of the newest are kept.
    """

    def __init__(
        self, rate: float, hop: int, tempo: Tempo | None, blend: bool, images: int = 2
    ) -> None:
        self._rate = rate
        self._images: deque[GainImage] = deque(maxlen=images)
        self._current: GainImage | None = None
        self._before: GainImage | None = None
        self._blend = 1.0
        self._blend_step = hop / (BLEND_S * rate) if blend else 1.0
        self._fade = Fade(rate, hop, tempo)
        self._held: tuple[Tap | None, Tap | None, float] = (None, None, 1.0)
        self.share: Counter[Quality] = Counter({quality: 0 for quality in Quality})

    def publish(self, image: GainImage) -> None:
        """A finished inference."""
        self._images.append(image)

    def forget(self) -> None:
        """As if there had never been an image: the next one is heard as soon as it is there."""
        self._images.clear()
        self._current = self._before = None
        self._held = (None, None, 1.0)
        self._fade.forget()

    @property
    def tempo(self) -> Tempo | None:
        """Of the feed."""
        return self._fade.tempo

    @tempo.setter
    def tempo(self, tempo: Tempo | None) -> None:
        self._fade.tempo = tempo

    def read(self, sample: float, heard: bool = True) -> Reading:
        """Gains for the output sample at this time in the feed; called once a hop, in order.

        Args:
            sample: the time.
            heard: whether it counts.
        """
        quality, image = self._choose(sample)
        if image is not None:
            self._switch(image)
            self._held = self._tap(sample, quality)
        wet = self._fade.follow(sample, quality is not Quality.DRY, self._current is not None)
        reading = Reading(*self._held, wet, quality if wet > 0 else Quality.DRY)
        if sample >= 0 and heard:
            self.share[reading.quality] += 1
        return reading

    def _choose(self, sample: float) -> tuple[Quality, GainImage | None]:
        """The newest image that is fresh at this instant, else the newest that predicts it."""
        predicting: GainImage | None = None
        for image in reversed(self._images):
            quality = image.quality(sample)
            if quality is Quality.FRESH:
                return quality, image
            if quality is Quality.PREDICTED and predicting is None:
                predicting = image
        if predicting is not None:
            return Quality.PREDICTED, predicting
        if self._images:
            source = self._images[-1].source
            if 0 < sample - source.newest - source.reach <= HOLD_S * self._rate:
                return Quality.HELD, None
        return Quality.DRY, None

    def _switch(self, image: GainImage) -> None:
        if image is not self._current:
            self._before, self._current, self._blend = self._current, image, 0.0

    def _tap(self, sample: float, quality: Quality) -> tuple[Tap | None, Tap | None, float]:
        assert self._current is not None
        tap = Tap.at(self._current, sample)
        self._blend = min(1.0, self._blend + self._blend_step)
        if self._before is None or self._blend >= 1.0 or quality is Quality.FRESH:
            self._before = None
            return tap, None, 1.0
        return tap, Tap.at(self._before, sample), self._blend
