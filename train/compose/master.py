"""Mastering: loudness after ITU-R BS.1770, a look-ahead limiter, and edges that are silent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.integrate import cumulative_trapezoid
from scipy.ndimage import minimum_filter1d, uniform_filter1d
from scipy.signal import bilinear, firwin2, lfilter, oaconvolve, resample_poly, welch

from engine.dsp.arrays import Array, Audio
from train.compose.sound import SAMPLE_RATE, amplitude, fade_out, high_pass, samples

OVERSAMPLING = 4
LOOK_AHEAD_S = 0.004
FADE_IN_S = 0.02
FADE_OUT_S = 0.9
THIRDS_HZ = 1000.0 * 2.0 ** (np.arange(-15, 13) / 3)  # 31 Hz to 16 kHz
_TAPS = 4095
_MOST_DB = 14.0
# A full record: octaves from 1 kHz, and level of third octaves.
_CURVE = ((-5.0, -4.3, -3.5, -2.5, -1.0, 1.0, 2.5, 3.5, 4.0), (6, 11, 10, 5, 1, -1, -3, -6, -11))


@dataclass(frozen=True)
class Character:
    """How the masters of a genre differ from the distribution that all genres share.

    Attributes:
        curve_db: gains by octaves from 1 kHz, between which they are interpolated, dB.
        loudness_db: louder by so much, dB.
    """

    curve_db: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    loudness_db: float = 0.0


NEUTRAL = Character()


@dataclass(frozen=True)
class Target:
    """Where a master is to arrive.

    Attributes:
        curve_db: long-term level in third octaves around ``THIRDS_HZ``; None to leave the tone.
        loudness_lufs: integrated loudness before the limiter.
        ceiling_db: highest true peak, dB re full scale.
    """

    curve_db: Array | None = None
    loudness_lufs: float = -14.0
    ceiling_db: float = -1.0

    @classmethod
    def drawn(cls, rng: np.random.Generator, character: Character = NEUTRAL) -> Target:
        """One of a distribution around the character of the genre.

        Genres of the same character share it: tone and loudness tell nothing of them.

        Args:
            rng: of the master.
            character: of the genre.
        """
        octaves = np.log2(THIRDS_HZ / 1000.0)
        tilt = rng.normal(0.0, 0.5) * octaves
        bumps = sum(
            rng.normal(0.0, 1.2) * np.exp(-0.5 * ((octaves - centre) / 1.2) ** 2)
            for centre in (-4.0, -2.0, 0.0, 2.0, 3.5)
        )
        loudness = float(np.clip(rng.normal(-10.5, 1.2), -13.0, -8.0))
        at, gains_db = np.array(character.curve_db).T
        own = np.interp(octaves, at, gains_db)
        return cls(
            np.interp(octaves, *_CURVE) + tilt + bumps + own, loudness + character.loudness_db
        )


def master(mixed: Audio, target: Target) -> Audio:
    """Bring a mix to a tone and a loudness, below a true peak, with a fade at both ends.

    Args:
        mixed: (2, samples).
        target: where to arrive.

    Returns:
        (2, samples).
    """
    centred = high_pass(mixed.astype(np.float64), 22.0)
    if target.curve_db is not None:
        centred = _toned(centred, target.curve_db)
    loud = centred * amplitude(target.loudness_lufs - loudness(centred))
    limited = loud * _limiter_gain(loud, amplitude(target.ceiling_db))
    n = samples(FADE_IN_S)
    limited[:, :n] *= 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, n))
    return fade_out(limited, FADE_OUT_S).astype(np.float32)


def thirds_db(sound: Array) -> Array:
    """Long-term level in third octaves around ``THIRDS_HZ``, dB, (bands,).

    Heard in the seconds that are louder than the mean: the drops, where a genre is itself.
    """
    second = samples(1.0)
    blocks = sound[:, : sound.shape[1] // second * second].reshape(len(sound), -1, second)
    power = np.mean(blocks**2, axis=(0, 2))
    loud = blocks[:, power >= power.mean()].reshape(len(sound), -1)
    hertz, density = welch(loud, SAMPLE_RATE, nperseg=8192)
    edges = THIRDS_HZ[:, None] * 2.0 ** np.array([-1 / 6, 1 / 6])
    total = cumulative_trapezoid(density.mean(axis=0), hertz, initial=0.0)
    thirds = np.diff(np.interp(edges, hertz, total), axis=1)[:, 0]
    return np.asarray(10 * np.log10(np.maximum(thirds, 1e-12)))


def _toned(sound: Array, curve_db: Array) -> Array:
    """The sound with its long-term tone bent to a curve, by a linear-phase filter."""
    for _ in range(2):  # the second pass takes what the first one's smoothness left
        wanted = curve_db - thirds_db(sound)
        wanted = np.clip(wanted - np.median(wanted), -_MOST_DB, _MOST_DB)
        grid = np.linspace(0.0, SAMPLE_RATE / 2, 2048)
        gain = np.interp(np.log(np.maximum(grid, 1.0)), np.log(THIRDS_HZ), wanted)
        taps = firwin2(_TAPS, grid / grid[-1], 10 ** (gain / 20))
        sound = oaconvolve(sound, taps[None], mode="same", axes=-1)
    return np.asarray(sound)


def true_peak(sound: Array) -> Array:
    """Peak around each sample of all channels, between the samples too: (samples,)."""
    fine = np.abs(resample_poly(sound, OVERSAMPLING, 1, axis=1)).max(axis=0)
    return np.asarray(fine.reshape(-1, OVERSAMPLING).max(axis=1))


def loudness(sound: Array) -> float:
    """Integrated loudness in LUFS of stereo sound (2, samples), with both gates of BS.1770-4."""
    weighted = lfilter(*_high_pass_weight(), lfilter(*_shelf_weight(), sound))
    block, hop = samples(0.4), samples(0.1)
    energy = np.concatenate([[0.0], np.cumsum((weighted**2).sum(axis=0))])
    starts = np.arange(0, sound.shape[1] - block + 1, hop)
    power = (energy[starts + block] - energy[starts]) / block
    power = power[power > 10 ** ((-70 + 0.691) / 10)]
    power = power[power > power.mean() / 10]
    return float(-0.691 + 10 * np.log10(power.mean()))


def _limiter_gain(sound: Array, ceiling: float) -> Array:
    """Gain that keeps every true peak below the ceiling, moving smoothly ahead of it."""
    wanted = np.minimum(1.0, ceiling / np.maximum(true_peak(sound), 1e-9))
    width = 2 * samples(LOOK_AHEAD_S) + 1
    # Averaging as wide as the minimum can never rise above the gain that the peak needs.
    return np.asarray(uniform_filter1d(minimum_filter1d(wanted, width), width))


def _shelf_weight() -> tuple[Array, Array]:
    """The head's high shelf, from its analogue prototype: the standard prints 48 kHz only."""
    gain, corner, quality = 10 ** (3.999843853973347 / 20), 1681.974450955533, 0.7071752369554196
    w = 2 * SAMPLE_RATE * np.tan(np.pi * corner / SAMPLE_RATE)
    band = gain**0.4996667741545416
    b, a = bilinear([gain, band * w / quality, w**2], [1, w / quality, w**2], SAMPLE_RATE)
    return np.asarray(b), np.asarray(a)


def _high_pass_weight() -> tuple[Array, Array]:
    corner, quality = 38.13547087602444, 0.5003270373238773
    w = 2 * SAMPLE_RATE * np.tan(np.pi * corner / SAMPLE_RATE)
    b, a = bilinear([1, 0, 0], [1, w / quality, w**2], SAMPLE_RATE)
    return np.asarray(b), np.asarray(a)
