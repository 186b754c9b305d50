"""Every part as lo-fi hip hop plays it: soft keys, dull drums, a thumbed bass, on worn tape."""

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
    drum_drive=1.8,
    parallel_db=-10.0,
    room=0.45,
    tape=Tape(
        drive=1.7,
        low_hz=42.0,
        high_hz=9000.0,
        wow_cents=9.0,
        flutter_cents=2.5,
        hiss_db=-36.0,
        crackle_db=-5.0,
    ),
)


def lofi(library: SampleLibrary, kit: Kit, rng: np.random.Generator) -> Palette:
    """Every part as lo-fi hip hop plays it.

    Args:
        library: the one-shots.
        kit: what the parts are played on.
        rng: of the sounds.
    """
    for_music, rng = rng.spawn(2)
    kick, snare, hat = _drums(library, kit, rng)
    open_hat = low_pass(high_pass(library.load("drum_cymbal_open"), 3500.0), 8000.0)
    ride = low_pass(high_pass(library.load("drum_cymbal_soft"), 2500.0), 7000.0)
    shaker = low_pass(drums.noise(0.06, 4000.0, 8000.0, rng), 7000.0)

    def bass(note: Note, seconds: float) -> Array:
        tone = voices.string(hertz(note.pitch + 12), seconds, 0.15 * kit.drive, 0.9, 0.012)
        low = voices.string(hertz(note.pitch), seconds, 0.0, 1.6, 0.012)
        return note.velocity * (0.45 * tone + 0.8 * low)

    def keys(note: Note, seconds: float) -> Array:
        sound = synth.electric_piano(hertz(note.pitch), seconds, 0.7 * note.velocity)
        return note.velocity * low_pass(sound, 2600.0 * kit.strings)

    def guitar(note: Note, seconds: float) -> Array:
        sound = voices.string(hertz(note.pitch), seconds, 0.35, 0.7, 0.004)
        return note.velocity * low_pass(sound, 3200.0)

    def pad(note: Note, seconds: float) -> Array:
        sound = synth.pad(hertz(note.pitch), seconds, for_music, 0.6 * kit.strings)
        return note.velocity * low_pass(sound, 1800.0)

    def growl(note: Note, seconds: float) -> Array:
        return bass(note, seconds)

    def horn(note: Note, seconds: float) -> Array:
        return note.velocity * voices.brass(hertz(note.pitch), seconds, 0.6, for_music)

    lead = guitar if kit.pluck else keys
    return shared(library, kit, for_music) | {
        "kick": Channel(drums.hits(kick, 0.24, rng), -5.0, _DRUMS),
        "snare": Channel(drums.hits(snare, 0.22 * kit.snare_s, rng), -8.0, _DRUMS, send_db=-16.0),
        "ghost": Channel(drums.hits(snare, 0.12, rng), -13.0, _DRUMS, send_db=-16.0),
        "roll": Channel(drums.hits(snare, 0.14, rng), -18.0, _DRUMS, send_db=-14.0),
        "hat": Channel(drums.hits(hat, 0.07 * kit.hat_s, rng, touch=0.5), -5.0, _DRUMS),
        "open hat": Channel(drums.hits(open_hat, 0.2, rng), -17.0, _DRUMS),
        "ride": Channel(drums.hits(ride, 0.3, rng), -18.0, _DRUMS),
        "shaker": Channel(drums.hits(shaker, 0.06, rng), -22.0, _DRUMS),
        "sub": Channel(remembered(bass), -6.0, _BASS, duck_db=2.0),
        "reese": Channel(remembered(bass), -18.0, _BASS, duck_db=2.0),
        "growl": Channel(remembered(growl), -14.0, _BASS, duck_db=2.0),
        "pad": Channel(remembered(pad), -19.0, _MUSIC, send_db=-14.0, duck_db=4.0),
        "keys": Channel(remembered(keys), -9.5, _MUSIC, send_db=-15.0, duck_db=3.0),
        "lead": Channel(remembered(lead), -9.5, _MUSIC, -13.0, -14.0, 2.0),
        "guitar": Channel(
            tuned(low_pass(library.load("guit_em9"), 2200.0), 40.0), -15.0, _MUSIC, -14.0, None, 3.0
        ),
        "chank": Channel(remembered(guitar), -19.0, _MUSIC, send_db=-16.0),
        "horns": Channel(remembered(horn), -19.0, _MUSIC, send_db=-12.0),
    }


def _drums(
    library: SampleLibrary, kit: Kit, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Kick, snare and closed hat, as an old sampler has them: saturated and without highs."""
    load = library.load
    kick = drums.punched(
        drums.normalised(
            layered(
                (drums.kick_body(1.15 * kit.kick_hz, 0.17 * kit.kick_s), 0.0),
                (low_pass(load(kit.kick), 2200.0), -3.0),
                (drums.noise(0.05, 200.0, 1800.0, rng), -20.0),
            )
        ),
        -3.0,
    )
    dust = drums.noise(0.16 * kit.snare_s, 600.0, 5200.0, rng)
    snare = drums.driven(
        drums.normalised(
            layered(
                (low_pass(load(kit.snare), 5500.0), 0.0),
                (drums.snare_body(0.95 * kit.snare_hz, 0.12 * kit.snare_s), -5.0),
                (dust, -11.0 + 5.0 * kit.tone),
            )
        ),
        1.8,
    )
    hat = drums.normalised(low_pass(high_pass(load(kit.hat), 3500.0), 8500.0))
    return kick, drums.punched(snare, -4.0), hat
