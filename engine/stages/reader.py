"""The gain for an instant, from the images that inference has published."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, replace

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.gain import GainImage, Quality
from engine.dsp.tempo import Tempo

HOLD_S = 0.5  # how long the last gain is held once nothing knows the instant
FADE_S = 0.030  # from wet to dry and back
BLEND_S = 0.010  # from one image to the next


@dataclass
class Reading:
    """Gains for one hop.

    Attributes:
        gain_db: (n_mels,), already faded towards 0 dB.
        image: the newest image behind it, None before there is any.
        place: columns of the image on both sides of the instant, and the weight of the second.
        noise: variance per band, (n_mels,), or None.
        level: mean square of the input that the noise was made for.
        wet: 0 (dry) … 1.
        quality: where it comes from.
    """

    gain_db: Array
    image: GainImage | None
    place: tuple[int, int, float]
    noise: Array | None
    level: float
    wet: float
    quality: Quality

    @property
    def generated_db(self) -> Array:
        """The generated image at this instant, (n_mels,), at the level of the feed; silence
        before there is one."""
        if self.image is None:
            return np.full_like(self.gain_db, -np.inf)
        return _between(self.image.generated_db, self.place)


class GainReader:
    """Falls back in order: fresh, predicted, held, dry; addressed by the time of the output.

    Args:
        n_mels: number of bands.
        rate: sample rate, hertz.
        hop: samples between readings.
        tempo: after a fall to dry the effect comes back at the next downbeat; without a tempo
            as soon as it can.
        blend: whether a predicted gain fades from one image into the next, as in use ``phrase``.
            A fresh gain never does: it would be late by as much.
    """

    def __init__(
        self, n_mels: int, rate: float, hop: int, tempo: Tempo | None, blend: bool
    ) -> None:
        self._rate, self._tempo = rate, tempo
        # Two are enough: in use late one is heard while the next waits for its phrase.
        self._images: deque[GainImage] = deque(maxlen=2)
        self._current: GainImage | None = None
        self._before: GainImage | None = None
        self._blend = 1.0
        self._blend_step = hop / (BLEND_S * rate) if blend else 1.0
        self._wet_step = hop / (FADE_S * rate)
        self._wet = 1.0
        self._lost = False
        self._lost_bar = 0
        unity = np.zeros(n_mels, np.float32)
        self._held = Reading(unity, None, (0, 0, 0.0), None, 0.0, 0.0, Quality.DRY)
        self.share: Counter[Quality] = Counter({quality: 0 for quality in Quality})

    def publish(self, image: GainImage) -> None:
        """A finished inference."""
        self._images.append(image)

    def read(self, sample: float) -> Reading:
        """Gains for the output sample at this time in the feed; called once a hop, in order."""
        quality, image = self._choose(sample)
        if quality in (Quality.FRESH, Quality.PREDICTED):
            assert image is not None
            self._switch(image)
            reading = self._interpolate(sample, quality)
        else:
            reading = replace(self._held, noise=None, level=0.0, quality=quality)
        reading.wet = self._fade(sample, quality)
        self._held = reading
        if reading.wet < 1.0:
            reading = replace(
                reading,
                gain_db=reading.gain_db * np.float32(reading.wet),
                quality=reading.quality if reading.wet > 0 else Quality.DRY,
            )
        if sample >= 0:
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

    def _interpolate(self, sample: float, quality: Quality) -> Reading:
        assert self._current is not None
        reading = _at(self._current, sample, quality)
        self._blend = min(1.0, self._blend + self._blend_step)
        if self._before is None or self._blend >= 1.0 or quality is Quality.FRESH:
            self._before = None
            return reading
        old, a = _at(self._before, sample, quality), np.float32(self._blend)
        reading.gain_db = old.gain_db + a * (reading.gain_db - old.gain_db)
        if reading.noise is not None and old.noise is not None:
            reading.noise = old.noise + a * (reading.noise - old.noise)
        return reading

    def _fade(self, sample: float, quality: Quality) -> float:
        if quality is Quality.DRY:
            self._lost = self._lost or self._current is not None
            self._lost_bar = self._bar(sample)
            if sample >= 0:  # before the feed begins there is nothing to fade from
                self._wet = max(0.0, self._wet - self._wet_step)
        elif not self._lost or self._bar(sample) != self._lost_bar or self._tempo is None:
            self._lost = False
            self._wet = min(1.0, self._wet + self._wet_step)
        else:
            self._wet = max(0.0, self._wet - self._wet_step)
        return self._wet

    def _bar(self, sample: float) -> int:
        return self._tempo.bar_at(sample / self._rate) if self._tempo else 0


def _at(image: GainImage, sample: float, quality: Quality) -> Reading:
    """Linear interpolation in dB between the two columns around an instant."""
    place = left, right, weight = image.position(sample)
    noise = None if image.noise is None else _between(image.noise, place)
    level = float(image.level[left]) * (1.0 - weight) + float(image.level[right]) * weight
    return Reading(_between(image.gain_db, place), image, place, noise, level, 1.0, quality)


def _between(rows: Array, place: tuple[int, int, float]) -> Array:
    left, right, weight = place
    return np.asarray(rows[left] + np.float32(weight) * (rows[right] - rows[left]))
