"""The synthesised voices: pure functions from pitch and length to sound.

Every voice takes a frequency in Hz and the length of the note in seconds, adds its own release
to it and returns (channels, samples) with a peak near 1.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array
from train.compose.sound import SAMPLE_RATE, high_pass, low_pass, samples


def sub(frequency: float, seconds: float) -> Array:
    """A sine, warmed by a little saturation so that small speakers tell its pitch."""
    t = time_axis(seconds + 0.04)
    tone = np.sin(2 * np.pi * frequency * t)
    warm = np.tanh(1.6 * tone + 0.25 * tone**2) / np.tanh(1.6)
    # The saturation is not symmetric and leaves an offset.
    return high_pass(warm[None], 20.0) * envelope(len(t), attack=0.006, release=0.04)


def warm_reese(frequency: float, seconds: float, cents: Array, rng: np.random.Generator) -> Array:
    """Beating saws, opened slowly by a low-pass; without the range of the sub.

    Args:
        frequency: hertz.
        seconds: length of the note.
        cents: detunings of the saws.
        rng: of the phases.
    """
    t = time_axis(seconds + 0.06)
    saws = sawtooths(frequency * 2 ** (cents / 1200), t, rng).mean(axis=0)
    opening = 0.5 - 0.5 * np.cos(2 * np.pi * np.minimum(t / max(seconds, 0.1), 1.0))
    sound = sweep(saws, 240.0, 800.0, opening)
    return high_pass(np.tanh(1.4 * sound)[None], 95.0) * envelope(
        len(t), attack=0.018, release=0.06
    )


def driven_reese(
    frequency: float,
    seconds: float,
    cents: Array,
    drive: float,
    formant_hz: float,
    rng: np.random.Generator,
) -> Array:
    """Beating saws through distortion, a moving voice, and distortion again.

    Args:
        frequency: hertz.
        seconds: length of the note.
        cents: detunings of the saws.
        drive: of both distortions, about 1.
        formant_hz: centre that the voice moves around.
        rng: of the phases.
    """
    t = time_axis(seconds + 0.04)
    saws = sawtooths(frequency * 2 ** (cents / 1200), t, rng).mean(axis=0)
    rough = np.tanh(5.0 * drive * saws)
    opening = 0.5 - 0.5 * np.cos(2 * np.pi * (t / 0.686 + rng.random()))  # two beats at 175 BPM
    voice = sweep(rough, 0.7 * formant_hz, 5.0 * formant_hz, opening)
    edge = high_pass(rough, 2.5 * formant_hz) * (0.25 + 0.35 * opening)
    sound = np.tanh(3.0 * drive * (voice + edge))
    return high_pass(sound[None], 95.0, 4) * envelope(len(t), attack=0.004, release=0.03)


def pad(
    frequency: float, seconds: float, rng: np.random.Generator, brightness: float = 1.0
) -> Array:
    """Warm stereo strings: four saws, two leaning to each side, under a slow low-pass.

    Args:
        frequency: hertz.
        seconds: length of the note.
        rng: of detunings and phases.
        brightness: factor of the low-pass's corner, about 1.
    """
    t = time_axis(seconds + 0.7)
    cents = np.array([-9.0, -3.0, 4.0, 8.0]) + rng.normal(0.0, 0.8, 4)
    saws = sawtooths(frequency * 2 ** (cents / 1200), t, rng)
    opening = 0.5 - 0.5 * np.cos(2 * np.pi * (t / 5.5 + rng.random()))
    voices = sweep(saws, 700.0 * brightness, 2600.0 * brightness, opening)
    lean = np.array([[0.8, 0.4, 0.6, 0.2], [0.2, 0.6, 0.4, 0.8]])
    return (lean @ voices) * 0.5 * envelope(len(t), attack=0.22, release=0.7)


def electric_piano(frequency: float, seconds: float, velocity: float) -> Array:
    """Two-operator FM with a tine on top; a harder stroke is brighter, a high note shorter.

    Args:
        frequency: hertz.
        seconds: length of the note.
        velocity: how hard, above 0 to 1.
    """
    t = time_axis(seconds + 0.25)
    decay = 1.9 * (220.0 / frequency) ** 0.4
    index = (0.5 + 1.5 * velocity) * np.exp(-t / (0.35 * decay))
    body = np.sin(2 * np.pi * frequency * t + index * np.sin(2 * np.pi * frequency * t))
    tine = np.sin(2 * np.pi * 7 * frequency * t) * np.exp(-t / 0.06) * 0.14 * velocity
    tone = (body * np.exp(-t / decay) + tine) * envelope(len(t), attack=0.003, release=0.25)
    return high_pass(tone[None], 120.0)


def pluck(frequency: float, seconds: float, rng: np.random.Generator) -> Array:
    """The lead: a saw and its octave through a low-pass that closes after the attack.

    Args:
        frequency: hertz.
        seconds: length of the note.
        rng: of the phases.
    """
    t = time_axis(seconds + 0.3)
    saws = sawtooths(frequency * np.array([0.998, 1.002, 2.001]), t, rng)
    # Unequal voices, so that their beating never swallows a note.
    mixed = np.array([0.7, 0.2, 0.25]) @ saws
    tone = sweep(mixed, frequency * 1.5, frequency * 6.0, np.exp(-t / 0.16))
    return np.asarray((tone * np.exp(-t / 0.9))[None]) * envelope(len(t), attack=0.004, release=0.3)


def riser(seconds: float, rng: np.random.Generator) -> Array:
    """Noise whose band climbs from 300 Hz to 9 kHz while it swells."""
    t = time_axis(seconds)
    progress = t / seconds
    centres = np.geomspace(300.0, 9000.0, 12)
    noise = rng.normal(0.0, 0.35, len(t))
    sound = np.zeros(len(t))
    for position, centre in zip(np.linspace(0, 1, len(centres)), centres, strict=True):
        band = high_pass(low_pass(noise, centre * 1.3), centre / 1.3)
        # Narrow bands of white noise are weak in proportion to their width.
        weight = np.sqrt(3000.0 / centre) * np.exp(-(((progress - position) / 0.13) ** 2))
        sound += band * weight
    return np.asarray((sound * progress**1.7)[None])


def shaker(rng: np.random.Generator) -> Array:
    """One soft stroke of high noise, 60 ms long."""
    t = time_axis(0.06)
    shape = np.minimum(t / 0.008, 1.0) * np.exp(-t / 0.014)
    return high_pass(rng.normal(0.0, 0.6, len(t)) * shape, 6000.0)[None]


def time_axis(seconds: float) -> Array:
    """Times of the samples of so many seconds, seconds, (samples,)."""
    return np.arange(samples(seconds)) / SAMPLE_RATE


def envelope(n: int, attack: float, release: float) -> Array:
    """Rise and fall of a note, (n,); it is held in between and ends at zero.

    Args:
        n: samples.
        attack: seconds.
        release: seconds.
    """
    rise = np.minimum(np.arange(n) / (attack * SAMPLE_RATE), 1.0)
    fall = np.minimum(np.arange(n)[::-1] / (release * SAMPLE_RATE), 1.0)
    return np.asarray(np.sin(0.5 * np.pi * rise) * fall**2)


def sawtooths(frequencies: Array, t: Array, rng: np.random.Generator) -> Array:
    """Sawtooth waves with random phases, (voices, samples), their edges rounded by polyBLEP.

    Args:
        frequencies: hertz, (voices,).
        t: times, seconds, (samples,).
        rng: of the phases.
    """
    step = frequencies[:, None] / SAMPLE_RATE
    phase = (frequencies[:, None] * t + rng.random((len(frequencies), 1))) % 1.0
    wave = 2.0 * phase - 1.0
    before, after = phase / step, (phase - 1.0) / step
    wave -= np.where(phase < step, 2 * before - before**2 - 1.0, 0.0)
    wave -= np.where(phase > 1.0 - step, after**2 + 2 * after + 1.0, 0.0)
    return np.asarray(wave)


def sweep(sound: Array, closed_hz: float, open_hz: float, opening: Array) -> Array:
    """A moving low-pass: closed where ``opening`` is 0, open where it is 1.

    Args:
        sound: (…, samples).
        closed_hz: lower corner, hertz.
        open_hz: higher corner, hertz.
        opening: (samples,).
    """
    closed, opened = low_pass(sound, closed_hz), low_pass(sound, open_hz)
    return np.asarray(closed + opening * (opened - closed))
