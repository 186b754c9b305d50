"""What every classifier sees: a level-matched log-mel image in dB, and its augmentations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.frontend import FrontEnd
from engine.errors import InputError
from engine.models.model_format import DEFAULT_LEVEL_DB

SPEC = FrontEnd()
_SILENT = 1e-10
_DYNAMIC_RANGE_DB = 50.0


def levelled(sound: Audio, level_db: float = DEFAULT_LEVEL_DB) -> Audio:
    """The sound at a mean power in dB re full scale, (channels, samples).

    Raises:
        InputError: the sound is silent or not finite: there is nothing to judge.
    """
    power = float(np.mean(np.square(sound, dtype=np.float64)))
    if not np.isfinite(power) or power < _SILENT:
        raise InputError(
            "judge",
            f"sound of mean power {power:.3g}",
            expected="audible sound",
            cure="Listen to the rendered file.",
        )
    return np.asarray(sound * np.float32(np.sqrt(10 ** (level_db / 10) / power)))


def view(sound: Audio, rate: int) -> Array:
    """Log-mel image of a sound at the training level, (columns, n_mels), dB, not clipped."""
    return SPEC.at(rate).log_mel(levelled(sound))


def long_term_db(images: Sequence[Array]) -> Array:
    """Mean power per band over all columns of images, dB, (n_mels,)."""
    power = np.mean([np.mean(10 ** (image / 10), axis=0) for image in images], axis=0)
    return np.asarray(10 * np.log10(power))


def without_eq(image: Array) -> Array:
    """The image with each band's mean removed and its dynamic range limited, dB.

    A static gain per band changes nothing of it: the floor too is taken from the band itself.
    """
    floor = image.max(axis=0) - _DYNAMIC_RANGE_DB
    limited = np.maximum(image, floor)
    return np.asarray(limited - limited.mean(axis=0))


def distance_db(one: Array, other: Array) -> float:
    """Mean absolute difference of two images within the model's range, dB."""
    low, high = SPEC.floor_db, SPEC.ceil_db
    columns = min(len(one), len(other))
    a, b = np.clip(one[:columns], low, high), np.clip(other[:columns], low, high)
    return float(np.abs(a - b).mean())


def augmented(image: Array, rng: np.random.Generator) -> Array:
    """The image with noise, shifted and stretched in time.

    The augmentations are those of "Music style transfer, part 1" (noise, temporal shift, stretch
    and squeeze), done on the image: white noise 20–50 dB below the sound adds its power to each
    band, the shift is circular, the stretch ±5 %.
    """
    columns, bands = image.shape
    noise_db = 10 * np.log10(SPEC.at(44100).noise_gain + 1e-9)
    noise_db = noise_db + DEFAULT_LEVEL_DB - rng.uniform(20.0, 50.0)
    noisy = 10 * np.log10(10 ** (image / 10) + 10 ** (noise_db / 10))
    factor = rng.uniform(0.95, 1.05)
    at = (np.arange(columns) * factor + rng.uniform(0, columns)) % columns
    left = at.astype(np.intp)
    weight = (at - left)[:, None]
    out = noisy[left] * (1 - weight) + noisy[(left + 1) % columns] * weight
    return np.asarray(out.reshape(columns, bands), np.float32)
