"""Every part as trap plays it: claps, metal hats, an 808 that slides, bells in a dark hall."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array
from train.compose import drums, synth, voices
from train.compose.kits import Kit
from train.compose.mix import Mixer
from train.compose.palette import (
    Bus,
    Channel,
    Instrument,
    Palette,
    hertz,
    layered,
    remembered,
    tuned,
)
from train.compose.performers import shared
from train.compose.samples import SampleLibrary
from train.compose.score import Note
from train.compose.sound import fade_out, high_pass, low_pass, transpose

_DRUMS, _BASS, _MUSIC = Bus.DRUMS, Bus.BASS, Bus.MUSIC
_UNMOVED = 60  # pitch of a drum as it is
MIXER = Mixer(drum_drive=1.4, parallel_db=-9.0, room=0.8)


def trap(library: SampleLibrary, kit: Kit, rng: np.random.Generator) -> Palette:
    """Every part as trap plays it; arguments as of :func:`train.compose.lofi_sound.lofi`."""
    for_music, rng = rng.spawn(2)
    kick, snare = _drums(library, kit, rng)
    metal = voices.metal_hat(0.09 * kit.hat_s, float(rng.uniform(0.9, 1.2)), rng)
    hat = drums.normalised(layered((metal, 0.0), (high_pass(library.load(kit.hat), 7000.0), -6.0)))
    open_hat = voices.metal_hat(0.45 * kit.hat_s, float(rng.uniform(0.9, 1.2)), rng)
    ride = high_pass(library.load("drum_cymbal_soft"), 5000.0)

    def bass(note: Note, seconds: float) -> Array:
        return note.velocity * voices.eight_oh_eight(
            hertz(note.pitch), seconds, note.slide, kit.drive
        )

    def bell(note: Note, seconds: float) -> Array:
        return note.velocity * voices.bell(hertz(note.pitch), seconds, kit.tone)

    def pluck(note: Note, seconds: float) -> Array:
        return note.velocity * synth.pluck(hertz(note.pitch), 0.6 * seconds, for_music)

    def pad(note: Note, seconds: float) -> Array:
        sound = synth.pad(hertz(note.pitch - 12), seconds, for_music, 0.8 * kit.strings)
        return note.velocity * low_pass(sound, 2500.0)

    lead = bell if kit.pluck else pluck
    return shared(library, kit, for_music) | {
        "kick": Channel(drums.hits(kick, 0.28, rng, touch=0.3), -5.0, _DRUMS),
        "snare": Channel(drums.hits(snare, 0.3, rng, touch=0.2), -4.5, _DRUMS, send_db=-14.0),
        "ghost": Channel(drums.hits(snare, 0.12, rng), -16.0, _DRUMS),
        "roll": Channel(drums.hits(snare, 0.2, rng), -12.0, _DRUMS, send_db=-14.0),
        "hat": Channel(_moved(hat, rng), -8.0, _DRUMS),
        "open hat": Channel(drums.hits(open_hat, 0.4, rng, touch=0.2), -14.0, _DRUMS),
        "ride": Channel(drums.hits(ride, 0.3, rng, touch=0.3), -18.0, _DRUMS),
        "shaker": Channel(lambda note, _: note.velocity * synth.shaker(rng), -19.0, _DRUMS),
        "sub": Channel(remembered(bass), -4.5, _BASS, duck_db=7.0),
        "reese": Channel(remembered(bass), -18.0, _BASS, duck_db=7.0),
        "growl": Channel(remembered(bass), -14.0, _BASS, duck_db=7.0),
        "pad": Channel(remembered(pad), -17.0, _MUSIC, send_db=-9.0, duck_db=4.0),
        "keys": Channel(remembered(pluck), -17.0, _MUSIC, send_db=-9.0, duck_db=3.0),
        "lead": Channel(remembered(lead), -9.0, _MUSIC, -8.0, -10.0, 2.0),
        "chank": Channel(remembered(pluck), -20.0, _MUSIC, send_db=-10.0),
        "horns": Channel(remembered(bell), -17.0, _MUSIC, send_db=-8.0),
        "guitar": Channel(
            tuned(low_pass(library.load("guit_em9"), 1500.0), 40.0), -17.0, _MUSIC, -8.0, None, 3.0
        ),
    }


def _drums(library: SampleLibrary, kit: Kit, rng: np.random.Generator) -> tuple[Array, Array]:
    """Kick and snare: a short hard kick over the 808, and a clap over the snare."""
    load = library.load
    kick = drums.driven(
        drums.punched(
            drums.normalised(
                layered(
                    (drums.kick_body(kit.kick_hz, 0.2 * kit.kick_s), 0.0), (load(kit.kick), -2.0)
                )
            ),
            6.0,
        ),
        1.8,
    )
    snare = drums.driven(
        drums.punched(
            drums.normalised(
                layered(
                    (high_pass(load(kit.snare), 180.0), -2.0),
                    (voices.clap(0.22 * kit.snare_s, rng), -6.0 + 6.0 * kit.tone),
                    (drums.snare_body(1.1 * kit.snare_hz, 0.1 * kit.snare_s), -6.0),
                )
            ),
            5.0,
        ),
        1.8,
    )
    return kick, snare


def _moved(hat: Array, rng: np.random.Generator) -> Instrument:
    """The hat at the pitch of each note, shortened to what a roll leaves it."""
    sounds: dict[int, Array] = {}

    def play(note: Note, seconds: float) -> Array:
        if note.pitch not in sounds:
            sounds[note.pitch] = transpose(hat, note.pitch - _UNMOVED)
        sound = sounds[note.pitch]
        length = max(int(seconds * 44100 * 0.95), 800)
        return np.asarray(note.velocity * fade_out(sound[:, :length], 0.012))

    return play
