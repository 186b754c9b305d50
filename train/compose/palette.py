"""How each part of a score sounds: its instrument and its channel on the desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from engine.dsp.arrays import Array
from train.compose import synth
from train.compose.samples import SampleLibrary
from train.compose.score import Note
from train.compose.sound import amplitude, fade_out, high_pass, low_pass, samples, transpose

Instrument = Callable[[Note, float], Array]
"""Plays a note that is held for so many seconds: (1 or 2 channels, samples)."""


class Bus(Enum):
    """Where channels meet."""

    DRUMS = "drums"
    BASS = "bass"
    MUSIC = "music"


@dataclass(frozen=True)
class Channel:
    """One strip of the desk.

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
    """A drum that ends after so many seconds whatever the note says; softer is also duller."""
    bright = fade_out(sound[:, : samples(seconds)], 0.6 * seconds)
    dull = low_pass(bright, 4500.0)

    def play(note: Note, _: float) -> Array:
        return note.velocity * (dull + note.velocity * (bright - dull))

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


def liquid(library: SampleLibrary, rng: np.random.Generator) -> Palette:
    """The sounds of liquid drum & bass.

    Raises:
        InputError: a sample is missing or unreadable.
    """
    load = library.load
    kick = layered((load("drum_heavy_kick"), 0.0), (load("bd_tek"), -8.0))
    snare = layered(
        (load("drum_snare_hard"), 0.0),
        (high_pass(load("elec_hi_snare"), 900.0), -7.0),
        (high_pass(load("sn_dub"), 1500.0), -10.0),
    )
    ghost = high_pass(load("drum_snare_soft"), 180.0)
    hat = high_pass(load("drum_cymbal_closed"), 5000.0)
    open_hat = high_pass(load("drum_cymbal_open"), 4000.0)
    ride = high_pass(load("drum_cymbal_soft"), 3000.0)
    splash = high_pass(load("drum_splash_hard"), 700.0)
    hiss = load("vinyl_hiss")

    def atmosphere(_: Note, seconds: float) -> Array:
        return fade_out(high_pass(hiss[:, : samples(seconds)], 400.0), 1.0)

    def swell(_: Note, seconds: float) -> Array:
        return fade_out(splash[:, samples(seconds) :: -1], 0.03)

    def shaker(note: Note, _: float) -> Array:
        return note.velocity * synth.shaker(rng)

    drums, bass, music = Bus.DRUMS, Bus.BASS, Bus.MUSIC
    return {
        "kick": Channel(one_shot(kick, 0.17), -5.0, drums),
        "snare": Channel(one_shot(snare, 0.28), -6.0, drums, send_db=-16.0),
        "ghost": Channel(one_shot(ghost, 0.16), -2.0, drums, send_db=-18.0),
        "roll": Channel(one_shot(snare, 0.2), -12.0, drums, send_db=-14.0),
        "tom": Channel(one_shot(load("drum_tom_mid_hard"), 0.4), -10.0, drums, send_db=-16.0),
        "hat": Channel(one_shot(hat, 0.07), -8.0, drums),
        "open hat": Channel(one_shot(open_hat, 0.2), -11.0, drums),
        "ride": Channel(one_shot(ride, 0.45), -13.0, drums),
        "shaker": Channel(shaker, -12.0, drums),
        "crash": Channel(one_shot(splash, 2.4), -14.0, drums, send_db=-18.0),
        "swell": Channel(swell, -14.0, music, send_db=-16.0),
        "riser": Channel(lambda _, seconds: synth.riser(seconds, rng), -9.0, music, -16.0),
        "atmosphere": Channel(atmosphere, -16.0, music),
        "sub": Channel(
            lambda note, seconds: note.velocity * synth.sub(hertz(note.pitch), seconds),
            -11.5,
            bass,
            duck_db=9.0,
        ),
        "reese": Channel(
            lambda note, seconds: note.velocity * synth.reese(hertz(note.pitch), seconds, rng),
            -12.5,
            bass,
            duck_db=6.0,
        ),
        "growl": Channel(tuned(load("bass_dnb_f"), 41.0), -11.0, bass, duck_db=4.0),
        "pad": Channel(
            lambda note, seconds: note.velocity * synth.pad(hertz(note.pitch), seconds, rng),
            -19.0,
            music,
            send_db=-16.0,
            duck_db=6.0,
        ),
        "keys": Channel(
            lambda note, seconds: (
                note.velocity * synth.electric_piano(hertz(note.pitch), seconds, note.velocity)
            ),
            -17.0,
            music,
            send_db=-14.0,
            duck_db=3.0,
        ),
        "lead": Channel(
            lambda note, seconds: note.velocity * synth.pluck(hertz(note.pitch), seconds, rng),
            -10.0,
            music,
            send_db=-12.0,
            echo_db=-9.0,
            duck_db=2.0,
        ),
        "guitar": Channel(tuned(load("guit_em9"), 40.0), -11.0, music, -14.0, -16.0, 3.0),
        "choir": Channel(tuned(load("ambi_choir"), 72.42), -12.0, music, -8.0, -12.0, 3.0),
    }
