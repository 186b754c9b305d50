"""Gain images: what a generated image asks of the sound, and how it is read at an instant.

Phase reuse (Vande Veire et al. 2019, section 2.3) without the way through the inverse mel
transform: the generated image divided by the input's image is a gain, which goes onto the live
spectrum with its phase. An identity generator is then exactly the input. What no gain can make,
because the input has no energy there, is left over as ``noise``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.frontend import Analyser
from engine.dsp.window import WindowSnapshot
from engine.errors import GeneratorError

MAX_GAIN_DB = 12.0  # more than this amplifies hiss; the rest is rendered as noise
MIN_GAIN_DB = -60.0


class Quality(Enum):
    """Where the gain of an instant comes from, best first."""

    FRESH = "fresh"  # the generator has seen this instant
    PREDICTED = "predicted"  # it has seen the same place one phrase ago
    HELD = "held"  # too old: the last gain is held
    DRY = "dry"  # nothing to hold any more


@dataclass(frozen=True)
class GainImage:
    """What inference publishes: a generated image as gains over time.

    Attributes:
        gain_db: (width, n_mels), limited to MIN_GAIN_DB…MAX_GAIN_DB.
        generated_db: (width, n_mels), at the level of the feed.
        noise: variance per sample and band of the noise that fills what the gain cannot reach,
            (width, n_mels); None where there is none.
        level: mean square of the input at each column, (width,).
        source: the window that was restyled.
    """

    gain_db: Array
    generated_db: Array
    noise: Array | None
    level: Array
    source: WindowSnapshot

    def around_newest(self, width: int) -> GainImage:
        """As much of it as ``width`` columns hold: all, or the columns around the newest, no
        circle any more."""
        if len(self.level) <= width:
            return self
        source = self.source
        newest = round((source.newest - source.start) / source.hop)
        columns = newest + np.arange(width) - width // 2
        rows = np.rint(columns % source.period).astype(np.intp) % len(self.level)
        part = replace(
            source,
            db=source.db[rows],
            level=source.level[rows],
            start=source.start + columns[0] * source.hop,
            reach=min(source.reach, (width - width // 2 - 1) * source.hop),
            period=float(width),
            circular=False,
        )
        noise = None if self.noise is None else self.noise[rows]
        return GainImage(self.gain_db[rows], self.generated_db[rows], noise, self.level[rows], part)


def gain_image(
    snapshot: WindowSnapshot,
    source: Array,
    generated: Array,
    analyser: Analyser,
    model_gain_db: float,
    noise_branch: bool = True,
) -> GainImage:
    """Compare input and output of the generator, from one snapshot, clipped alike.

    Args:
        snapshot: the window that was shown.
        source: what the generator saw, 0…1, (width, n_mels).
        generated: what it made of it, the same shape.
        analyser: the front end that made the window.
        model_gain_db: gain that brought the feed to the generator's loudness.
        noise_branch: whether missing energy is filled with noise.

    Raises:
        GeneratorError: the generated image has another shape or is not finite.
    """
    if generated.shape != source.shape or not np.isfinite(generated).all():
        raise GeneratorError(
            "generator",
            f"returned {_describe(generated)}",
            expected=f"finite values of shape {source.shape}",
            cure="The preset is faulty: export it again.",
        )
    front_end = analyser.spec
    source_db, generated_db = front_end.denormalise(source), front_end.denormalise(generated)
    asked = generated_db - source_db
    gain_db = np.clip(asked, MIN_GAIN_DB, MAX_GAIN_DB)
    # Energy is missing only where the gain was limited: computing the difference elsewhere would
    # leave rounding noise at −60 dB in place of nothing.
    missing = asked > MAX_GAIN_DB
    noise = None
    if noise_branch and missing.any():
        power = np.zeros_like(gain_db)
        power[missing] = _power(generated_db[missing]) - _power(source_db[missing] + MAX_GAIN_DB)
        audible = analyser.noise_gain > 0
        scale = np.zeros_like(analyser.noise_gain)
        scale[audible] = 10 ** (-model_gain_db / 10) / analyser.noise_gain[audible]
        noise = (power * scale).astype(np.float32)
    return GainImage(gain_db, generated_db - model_gain_db, noise, snapshot.level, snapshot)


def _power(db: Array) -> Array:
    return np.asarray(10.0 ** (db / 10.0))


def _describe(image: Array) -> str:
    if not np.isfinite(image).all():
        return f"{np.count_nonzero(~np.isfinite(image))} values that are not finite"
    return f"shape {image.shape}"
