"""Drums of layers: a CC0 one-shot over a synthesised body, shaped, and never twice the same.

Every sound is (1, samples), peak 1 or below.
"""

from __future__ import annotations

from itertools import cycle

import numpy as np

from engine.dsp.arrays import Array
from train.compose.palette import Instrument
from train.compose.score import Note
from train.compose.sound import (
    SAMPLE_RATE,
    amplitude,
    fade_out,
    high_pass,
    low_pass,
    samples,
    transpose,
)

_VARIANTS = 4
_PUNCH_S = 0.012


def kick_body(hz: float, seconds: float) -> Array:
    """A sine that falls from four times its pitch, as drum machines do."""
    t = np.arange(samples(seconds)) / SAMPLE_RATE
    phase = 2 * np.pi * hz * (t + 3.0 * 0.018 * (1 - np.exp(-t / 0.018)))
    return (np.sin(phase) * np.exp(-3.2 * t / seconds))[None]


def snare_body(hz: float, seconds: float) -> Array:
    """The two lowest modes of a drum head, their pitch falling a little."""
    t = np.arange(samples(seconds)) / SAMPLE_RATE
    bend = t + 0.25 * 0.012 * (1 - np.exp(-t / 0.012))
    tone = np.sin(2 * np.pi * hz * bend) + 0.5 * np.sin(2 * np.pi * 1.59 * hz * bend)
    return (tone / 1.5 * np.exp(-5.0 * t / seconds))[None]


def noise(seconds: float, low_hz: float, high_hz: float, rng: np.random.Generator) -> Array:
    """A burst of noise in a band, that falls by 40 dB over its length.

    Args:
        seconds: length.
        low_hz: lower corner of the band, hertz.
        high_hz: upper corner of the band, hertz.
        rng: of the noise.
    """
    t = np.arange(samples(seconds)) / SAMPLE_RATE
    raw = rng.normal(0.0, 0.5, len(t)) * np.exp(-4.6 * t / seconds)
    return normalised(low_pass(high_pass(raw[None], low_hz), high_hz))


def punched(sound: Array, gain_db: float) -> Array:
    """The first 12 ms raised (or, below 0 dB, softened)."""
    t = np.arange(sound.shape[1]) / SAMPLE_RATE
    return np.asarray(sound * (1.0 + (amplitude(gain_db) - 1.0) * np.exp(-t / _PUNCH_S)))


def rounded(sound: Array, seconds: float) -> Array:
    """The sound with an attack that takes so long, as through a room and onto tape."""
    shaped = sound.copy()
    n = samples(seconds)
    shaped[:, :n] *= 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, n))
    return shaped


def driven(sound: Array, drive: float) -> Array:
    """Saturated: the quiet parts come forward, peak stays 1."""
    return np.asarray(np.tanh(drive * sound) / np.tanh(drive))


def normalised(sound: Array) -> Array:
    """Peak 1."""
    return np.asarray(sound / max(float(np.abs(sound).max(initial=0.0)), 1e-9))


def hits(sound: Array, seconds: float, rng: np.random.Generator, touch: float = 1.0) -> Instrument:
    """A drum with round robin: four strokes that differ in pitch, tone and level.

    Args:
        sound: the drum, (1, samples).
        seconds: it ends after so many, whatever the note says.
        rng: of the strokes.
        touch: how much softer strokes are duller, 0 (a machine) to 1.
    """
    strokes: list[tuple[Array, Array]] = []
    for _ in range(_VARIANTS):
        stroke = transpose(sound, rng.normal(0.0, 0.12))[:, : samples(seconds)]
        bright = fade_out(stroke, 0.6 * seconds) * amplitude(rng.normal(0.0, 0.5))
        strokes.append((bright, low_pass(bright, 4500.0 * 2 ** rng.normal(0.0, 0.2))))

    # The next stroke, whatever the place in the bar: a backbeat is always on the same steps.
    turn = cycle(strokes)

    def play(note: Note, _: float) -> Array:
        bright, dull = next(turn)
        open_ = 1.0 - touch * (1.0 - note.velocity)
        return np.asarray(note.velocity * (dull + open_ * (bright - dull)))

    return play
