"""The synthesised voices of the slower genres: strings, keys, brass, an 808 and its hats.

Conventions are those of ``synth``: frequency in Hz and seconds in, (channels, samples) out, with a
peak near 1.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array
from train.compose.sound import SAMPLE_RATE, high_pass, low_pass, samples
from train.compose.synth import envelope, sawtooths, sweep, time_axis

_HAT_HZ = (205.3, 304.4, 369.6, 522.7, 540.0, 800.0)  # the six oscillators of the TR-808's cymbals


def string(
    frequency: float, seconds: float, brightness: float, ring_s: float, attack: float = 0.002
) -> Array:
    """A plucked string: harmonics that die the sooner the higher they are.

    Args:
        frequency: hertz.
        seconds: length of the note.
        brightness: 0 (flesh of the thumb) to 1 (plectrum).
        ring_s: time in which the lowest harmonic falls by 8.7 dB, seconds.
        attack: seconds.
    """
    t = time_axis(seconds + 0.06)
    tone = np.zeros(len(t))
    for k in range(1, 1 + min(14, int(9000.0 / frequency))):
        # The string is plucked at a seventh of its length: every seventh harmonic is missing.
        weight = np.abs(np.sin(np.pi * k / 7)) * k ** (-2.2 + 1.2 * brightness)
        tone += weight * np.sin(2 * np.pi * k * frequency * t) * np.exp(-t * k**0.8 / ring_s)
    tone /= np.abs(tone).max(initial=1e-9)
    return np.asarray(tone[None] * envelope(len(t), attack=attack, release=0.06))


def eight_oh_eight(frequency: float, seconds: float, slide: int, drive: float) -> Array:
    """The long kick of the TR-808 as a bass, driven, its pitch sliding over the last third.

    Args:
        frequency: hertz.
        seconds: length of the note.
        slide: semitones that it moves by.
        drive: of the saturation, about 1.
    """
    t = time_axis(seconds + 0.05)
    moved = np.clip((t / seconds - 0.66) / 0.28, 0.0, 1.0)
    semitones = slide * (3 * moved**2 - 2 * moved**3) + 14.0 * np.exp(-t / 0.012)
    phase = 2 * np.pi * np.cumsum(frequency * 2 ** (semitones / 12)) / SAMPLE_RATE
    tone = np.sin(phase) * np.exp(-t / 1.6)
    warm = np.tanh((1.2 + 1.6 * drive) * tone + 0.2 * tone**2) / np.tanh(1.2 + 1.6 * drive)
    return high_pass(warm[None], 20.0) * envelope(len(t), attack=0.003, release=0.05)


def bell(frequency: float, seconds: float, tone: float) -> Array:
    """A dark bell: FM at an inharmonic ratio, whose brightness dies first.

    Args:
        frequency: hertz.
        seconds: length of the note.
        tone: balance of wood (0) and metal (1).
    """
    t = time_axis(seconds + 0.9)
    ratio = 3.0 + 0.53 * tone
    index = (0.7 + 1.3 * tone) * np.exp(-t / 0.18)
    body = np.sin(2 * np.pi * frequency * t + index * np.sin(2 * np.pi * ratio * frequency * t))
    high = 0.25 * np.sin(2 * np.pi * 4.07 * frequency * t) * np.exp(-t / 0.11)
    sound = (body * np.exp(-t / 0.7) + high) * envelope(len(t), attack=0.002, release=0.9)
    return low_pass(0.85 * sound[None], 5500.0)


def organ(frequency: float, seconds: float, rng: np.random.Generator) -> Array:
    """Drawbars through a slowly turning loudspeaker, (2, samples).

    Args:
        frequency: hertz.
        seconds: length of the note.
        rng: of the phases.
    """
    t = time_axis(seconds + 0.05)
    turn = 2 * np.pi * (0.9 * t + rng.random())
    bars = ((0.5, 0.5), (1.0, 1.0), (1.5, 0.35), (2.0, 0.5), (3.0, 0.2), (4.0, 0.16))
    bend = 0.0006 * np.sin(turn) / (2 * np.pi * 0.9)
    tone = sum(
        weight * np.sin(2 * np.pi * ratio * frequency * (t + bend) + 6.28 * rng.random())
        for ratio, weight in bars
    )
    sides = np.stack([0.8 + 0.2 * np.sin(turn), 0.8 - 0.2 * np.sin(turn)])
    return np.asarray(0.45 * tone * sides * envelope(len(t), attack=0.008, release=0.05))


def brass(frequency: float, seconds: float, brightness: float, rng: np.random.Generator) -> Array:
    """Two players in unison who swell into the note, (2, samples).

    Args:
        frequency: hertz.
        seconds: length of the note.
        brightness: factor of the corner that the low-pass opens to, about 1.
        rng: of detunings and phases.
    """
    t = time_axis(seconds + 0.09)
    cents = np.array([-6.0, 5.0]) + rng.normal(0.0, 1.5, 2)
    vibrato = 1.0 + 0.0025 * np.minimum(t / 0.6, 1.0) * np.sin(2 * np.pi * 5.2 * t)
    # The vibrato is in the time axis, so that the saws' edges stay as round as they are.
    bent = np.cumsum(vibrato) / SAMPLE_RATE
    voices = sawtooths(frequency * 2 ** (cents / 1200), bent, rng)
    opening = np.minimum(t / 0.07, 1.0) * np.exp(-t / 2.5)
    sound = sweep(voices, 500.0, 2400.0 * brightness, opening)
    lean = np.array([[0.75, 0.35], [0.35, 0.75]])
    return np.asarray((lean @ sound) * envelope(len(t), attack=0.035, release=0.09))


def clap(seconds: float, rng: np.random.Generator) -> Array:
    """Three hands within 25 ms, and the room they are in."""
    t = time_axis(seconds)
    shape = 0.5 * np.exp(-t / (0.25 * seconds))
    for start in (0.0, 0.011, 0.023):
        shape += np.where(t >= start, np.exp(-(t - start) / 0.004), 0.0)
    sound = low_pass(high_pass(rng.normal(0.0, 0.4, len(t)) * shape, 900.0), 9000.0)[None]
    return np.asarray(sound / np.abs(sound).max())


def metal_hat(seconds: float, tone: float, rng: np.random.Generator) -> Array:
    """A hi-hat of the TR-808: six square waves and a little noise above 7 kHz.

    Args:
        seconds: length, in which it falls by 40 dB.
        tone: factor of the oscillators' frequencies, about 1.
        rng: of phases and noise.
    """
    t = time_axis(seconds)
    squares = sum(np.sign(np.sin(2 * np.pi * (tone * hz * t + rng.random()))) for hz in _HAT_HZ)
    raw = (squares / 6 + rng.normal(0.0, 0.3, len(t))) * np.exp(-4.6 * t / seconds)
    sound = high_pass(np.asarray(raw)[None], 7000.0, 4)[:, : samples(seconds)]
    return np.asarray(sound / np.abs(sound).max())
