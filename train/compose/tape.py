"""What a recording medium does to a mix: saturation, unsteady speed, a narrow band, noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.dsp.arrays import Array
from train.compose.sound import SAMPLE_RATE, amplitude, high_pass, low_pass, samples

_CENT = np.log(2.0) / 1200.0
_TICKS_HZ, _POPS_HZ = 7.0, 0.35  # how many there are in a second
_LOUD = 99.9  # percentile of the levels that count as full modulation
_FADE_S = 0.3
_PIECE = 1 << 16  # samples that are moved at once: few enough for a processor's cache


@dataclass(frozen=True)
class Tape:
    """A medium.

    Attributes:
        drive: saturation, 1 is next to none.
        low_hz, high_hz: corners of its band, hertz.
        wow_cents, flutter_cents: how far the pitch wavers below 1 Hz, and at 5 to 9 Hz.
        hiss_db: level of its noise re the mean level of the music, dB.
        crackle_db: peak of a common tick of a record's surface, re the same, dB; None for none.
    """

    drive: float
    low_hz: float
    high_hz: float
    wow_cents: float = 0.0
    flutter_cents: float = 0.0
    hiss_db: float = -55.0
    crackle_db: float | None = None

    def play(self, mixed: Array, rng: np.random.Generator) -> Array:
        """A mix as it comes back from the medium.

        The band lies within 12 % of the corners, as no two machines are alike.

        Args:
            mixed: (2, samples).
            rng: of this machine and of the noise.
        """
        sound = mixed.astype(np.float64)
        full = float(np.percentile(np.abs(sound), _LOUD)) + 1e-9
        sound = full * np.tanh(self.drive * sound / full) / np.tanh(self.drive)
        sound = _wavering(sound, self.wow_cents, self.flutter_cents, rng)
        low_hz, high_hz = (
            corner * float(rng.uniform(0.88, 1.12)) for corner in (self.low_hz, self.high_hz)
        )
        level = float(np.sqrt(np.mean(sound**2)))
        sound += level * amplitude(self.hiss_db) * rng.normal(0.0, 1.0, sound.shape)
        sound = low_pass(high_pass(sound, low_hz), high_hz, order=4)
        if self.crackle_db is not None:
            sound += level * amplitude(self.crackle_db) * crackle(sound.shape[1], rng)
        fade = samples(_FADE_S)
        sound[:, :fade] *= np.linspace(0.0, 1.0, fade)
        return np.asarray(sound, np.float32)


def crackle(n: int, rng: np.random.Generator) -> Array:
    """Ticks and pops of a record's surface, a common tick of peak 1, (2, n).

    Both are below 4 kHz, so that they are not taken for cymbals.
    """
    surface = np.zeros((2, n))
    for rate_hz, low_hz, high_hz, peak in (
        (_TICKS_HZ, 900.0, 3800.0, 1.0),
        (_POPS_HZ, 150.0, 1200.0, 2.0),
    ):
        times = rng.integers(n, size=rng.poisson(rate_hz * n / SAMPLE_RATE))
        strength = peak * rng.lognormal(0.0, 0.5, len(times)) * rng.choice([-1.0, 1.0], len(times))
        lean = rng.uniform(0.3, 1.0, (2, len(times)))
        click = np.zeros((1, samples(0.02)))
        click[0, 0] = 1.0
        click = low_pass(high_pass(click, low_hz), high_hz, order=4)
        click /= np.abs(click).max()
        for time, each in zip(times, (lean * strength).T, strict=True):
            surface[:, time : time + click.shape[1]] += each[:, None] * click[:, : n - time]
    return surface


def _wavering(sound: Array, wow: float, flutter: float, rng: np.random.Generator) -> Array:
    """The sound at a speed that wavers, by so many cents; it is never a whole 3 ms off."""
    if not wow and not flutter:
        return sound
    t = np.arange(sound.shape[1]) / SAMPLE_RATE
    late = np.zeros(len(t))  # seconds
    for cents, hertz in (
        (0.7 * wow, rng.uniform(0.45, 0.65)),
        (0.3 * wow, rng.uniform(0.75, 1.0)),
        (flutter, rng.uniform(5.0, 9.0)),
    ):
        late += cents * _CENT * np.sin(2 * np.pi * (hertz * t + rng.random())) / (2 * np.pi * hertz)
    places = np.arange(len(t)) + late * SAMPLE_RATE
    pieces = np.array_split(places, max(1, len(t) // _PIECE))
    return np.concatenate([_at(sound, piece) for piece in pieces], axis=1)


def _at(sound: Array, places: Array) -> Array:
    """The sound between its samples, by the cubic of Catmull and Rom."""
    n = sound.shape[1]
    whole = np.floor(places).astype(np.int64)
    x = places - whole
    before, here, there, beyond = (
        sound[:, np.clip(whole + offset, 0, n - 1)] for offset in (-1, 0, 1, 2)
    )
    slope = 0.5 * (there - before)
    bend = before - 2.5 * here + 2.0 * there - 0.5 * beyond
    twist = 0.5 * (beyond - before) + 1.5 * (here - there)
    return np.asarray(((twist * x + bend) * x + slope) * x + here)
