"""How each part of a score sounds: its instrument and its channel of the mixer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from engine.dsp.arrays import Array
from train.compose.score import Note
from train.compose.sound import amplitude, fade_out, samples, transpose

Instrument = Callable[[Note, float], Array]
"""Plays a note that is held for so many seconds: (1 or 2 channels, samples)."""


class Bus(Enum):
    """Where channels meet."""

    DRUMS = "drums"
    BASS = "bass"
    MUSIC = "music"


@dataclass(frozen=True)
class Channel:
    """One channel of the mixer.

    Attributes:
        instrument: what plays.
        gain_db: its level.
        bus: where it goes.
        send_db: level into the reverb; None for dry.
        echo_db: level into the echo; None for none.
        duck_db: how far each kick pushes it down.
    """

    instrument: Instrument
    gain_db: float
    bus: Bus
    send_db: float | None = None
    echo_db: float | None = None
    duck_db: float = 0.0


Palette = dict[str, Channel]
"""The channel of every part, by its name."""


def hertz(pitch: float) -> float:
    """Frequency of a MIDI pitch."""
    return float(440.0 * 2 ** ((pitch - 69) / 12))


def one_shot(sound: Array, seconds: float) -> Instrument:
    """A sound that ends after so many seconds whatever the note says."""
    short = fade_out(sound[:, : samples(seconds)], 0.6 * seconds)
    return lambda note, _: np.asarray(note.velocity * short)


def remembered(instrument: Instrument) -> Instrument:
    """The instrument with its notes kept: it plays each pitch, length and strength twice over.

    Two takes of each note alternate by the bar, so that a repeated chord does not repeat to the
    sample; strengths are kept to a tenth.
    """
    takes: dict[tuple[int, int, int, int], Array] = {}

    def play(note: Note, seconds: float) -> Array:
        strength = max(1, round(10 * note.velocity))
        key = (note.pitch, samples(seconds), strength, int(note.beat // 4) % 2)
        if key not in takes:
            takes[key] = instrument(replace(note, velocity=strength / 10), seconds)
        return np.asarray(takes[key] * (10 * note.velocity / strength))

    return play


def tuned(sample: Array, root: float) -> Instrument:
    """A sample with a known MIDI pitch, played at others by changing its speed."""

    def play(note: Note, seconds: float) -> Array:
        sound = transpose(sample, note.pitch - root)
        return note.velocity * fade_out(sound[:, : samples(seconds)], 0.12)

    return play


def layered(*parts: tuple[Array, float]) -> Array:
    """Samples on top of each other, each with a gain in dB."""
    mixed = np.zeros((1, max(sound.shape[1] for sound, _ in parts)))
    for sound, gain_db in parts:
        mixed[:, : sound.shape[1]] += amplitude(gain_db) * sound
    return mixed
