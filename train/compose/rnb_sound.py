"""Every part as a band of older R&B plays it: drums, bass, keys, guitar, horns, on tape."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array
from train.compose import drums, synth, voices
from train.compose.kits import Kit
from train.compose.mix import Mixer
from train.compose.palette import Bus, Channel, Palette, hertz, layered, remembered, tuned
from train.compose.performers import shared
from train.compose.samples import SampleLibrary
from train.compose.score import Note
from train.compose.sound import high_pass, low_pass
from train.compose.tape import Tape

_DRUMS, _BASS, _MUSIC = Bus.DRUMS, Bus.BASS, Bus.MUSIC
MIXER = Mixer(
    drum_drive=1.2,
    parallel_db=-16.0,
    room=0.55,
    tape=Tape(
        drive=2.2,
        low_hz=50.0,
        high_hz=7500.0,
        wow_cents=1.0,
        flutter_cents=0.6,
        hiss_db=-46.0,
    ),
)


def rnb(library: SampleLibrary, kit: Kit, rng: np.random.Generator) -> Palette:
    """Every part as older R&B plays it; arguments as of :func:`train.compose.lofi_sound.lofi`."""
    for_music, rng = rng.spawn(2)
    load = library.load
    kick, snare, hat = _drums(library, kit, rng)
    open_hat = low_pass(high_pass(load("drum_cymbal_open"), 2500.0), 8000.0)
    ride = low_pass(high_pass(load("drum_cymbal_soft"), 1500.0), 8000.0)
    crash = low_pass(high_pass(load("drum_splash_soft"), 700.0), 7000.0)
    shaker = drums.punched(drums.noise(0.07, 3500.0, 7000.0, rng), -9.0)

    def bass(note: Note, seconds: float) -> Array:
        # An octave above the sub of other genres: a bass guitar.
        low = voices.string(hertz(note.pitch), seconds, 0.1, 1.2, 0.006)
        tone = voices.string(hertz(note.pitch + 12), seconds, 0.4 * kit.drive, 0.8, 0.004)
        return note.velocity * (0.5 * low + 0.7 * tone)

    def organ(note: Note, seconds: float) -> Array:
        return note.velocity * voices.organ(hertz(note.pitch), seconds, for_music)

    def piano(note: Note, seconds: float) -> Array:
        return note.velocity * synth.electric_piano(hertz(note.pitch), seconds, note.velocity)

    def chank(note: Note, seconds: float) -> Array:
        sound = voices.string(hertz(note.pitch), seconds, 0.8, 0.12)
        return note.velocity * high_pass(sound, 400.0)

    def guitar(note: Note, seconds: float) -> Array:
        return note.velocity * voices.string(hertz(note.pitch), seconds, 0.6, 0.9)

    def horn(note: Note, seconds: float) -> Array:
        return note.velocity * voices.brass(hertz(note.pitch), seconds, kit.strings, for_music)

    def strings(note: Note, seconds: float) -> Array:
        sound = synth.pad(hertz(note.pitch + 12), seconds, for_music, kit.strings)
        return note.velocity * high_pass(sound, 300.0)

    keys, lead = (organ, guitar) if kit.pluck else (piano, horn)
    return shared(library, kit, for_music) | {
        "kick": Channel(drums.hits(kick, 0.3, rng), -6.0, _DRUMS, send_db=-24.0),
        "snare": Channel(drums.hits(snare, 0.26 * kit.snare_s, rng), -7.0, _DRUMS, send_db=-15.0),
        "ghost": Channel(drums.hits(snare, 0.14, rng), -11.0, _DRUMS, send_db=-18.0),
        "roll": Channel(drums.hits(snare, 0.16, rng), -15.0, _DRUMS, send_db=-15.0),
        "hat": Channel(drums.hits(hat, 0.08 * kit.hat_s, rng), -12.0, _DRUMS, send_db=-22.0),
        "open hat": Channel(drums.hits(open_hat, 0.28, rng), -15.0, _DRUMS, send_db=-22.0),
        "ride": Channel(drums.hits(ride, 0.5, rng), -17.0, _DRUMS, send_db=-20.0),
        "shaker": Channel(drums.hits(shaker, 0.07, rng), -22.0, _DRUMS),
        "tom": Channel(
            drums.hits(low_pass(load("drum_tom_mid_soft"), 4000.0), 0.4, rng),
            -8.0,
            _DRUMS,
            send_db=-16.0,
        ),
        "crash": Channel(drums.hits(crash, 1.8, rng), -16.0, _DRUMS, send_db=-18.0),
        "sub": Channel(remembered(bass), -5.5, _BASS),
        "reese": Channel(remembered(bass), -18.0, _BASS),
        "growl": Channel(remembered(bass), -14.0, _BASS),
        "pad": Channel(remembered(strings), -19.0, _MUSIC, send_db=-13.0),
        "keys": Channel(remembered(keys), -12.5, _MUSIC, send_db=-16.0),
        "lead": Channel(remembered(lead), -10.5, _MUSIC, send_db=-12.0),
        "chank": Channel(remembered(chank), -12.0, _MUSIC, send_db=-18.0),
        "horns": Channel(remembered(horn), -15.0, _MUSIC, send_db=-13.0),
        "guitar": Channel(tuned(load("guit_em9"), 40.0), -15.0, _MUSIC, send_db=-15.0),
    }


def _drums(
    library: SampleLibrary, kit: Kit, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Kick, snare and closed hat of a kit in a room, their attacks rounded."""
    load = library.load
    kick = drums.rounded(
        drums.normalised(
            layered(
                (drums.kick_body(1.2 * kit.kick_hz, 0.14 * kit.kick_s), -2.0),
                (low_pass(load(kit.kick), 3000.0), -2.0),
            )
        ),
        0.007,
    )
    wires = drums.noise(0.18 * kit.snare_s, 1200.0, 6500.0, rng)
    snare = drums.rounded(
        drums.normalised(
            layered(
                (low_pass(load(kit.snare), 6500.0), 0.0),
                (drums.snare_body(0.9 * kit.snare_hz, 0.16 * kit.snare_s), -4.0),
                (wires, -12.0 + 5.0 * kit.tone),
            )
        ),
        0.006,
    )
    hat = drums.normalised(low_pass(high_pass(load(kit.hat), 3000.0), 8500.0))
    return kick, snare, drums.rounded(hat, 0.003)
