"""The same parts in two manners of playing: the palettes of liquid and of dancefloor.

The differences are those that the paper hears (Vande Veire et al. 2019, section 3): in dancefloor
the snare is hard and punchy, hats are noisy, the bass is driven and the melody stands back; in
liquid the snare is softer and brighter, hats are clean, pads and melody are in front.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.dsp.arrays import Array
from train.compose import drums, synth
from train.compose.kits import Kit
from train.compose.palette import (
    Bus,
    Channel,
    Instrument,
    Palette,
    hertz,
    layered,
    one_shot,
    remembered,
    tuned,
)
from train.compose.samples import SampleLibrary
from train.compose.score import Note
from train.compose.sound import fade_out, high_pass, low_pass, samples, transpose

Performer = Callable[[SampleLibrary, Kit, np.random.Generator], Palette]
_DRUMS, _BASS, _MUSIC = Bus.DRUMS, Bus.BASS, Bus.MUSIC


def liquid(library: SampleLibrary, kit: Kit, rng: np.random.Generator) -> Palette:
    """Every part as liquid drum & bass plays it.

    Args:
        library: the one-shots.
        kit: what the parts are played on.
        rng: of the sounds.
    """
    for_music, rng = rng.spawn(2)
    load = library.load
    kick = drums.normalised(
        layered(
            (drums.kick_body(kit.kick_hz, 0.2 * kit.kick_s), 0.0),
            (low_pass(load(kit.kick), 3500.0), -5.0),
        )
    )
    air = drums.noise(0.16 * kit.snare_s, 2500.0, 14000.0, rng)
    snare = drums.punched(
        drums.normalised(
            layered(
                (high_pass(load(kit.snare), 350.0), -1.0),
                (air, -5.0 + 4.0 * kit.tone),
                (drums.snare_body(1.15 * kit.snare_hz, 0.07 * kit.snare_s), -10.0),
            )
        ),
        -3.0,
    )
    hat = high_pass(load(kit.hat), 6500.0, 4)
    open_hat = high_pass(load("drum_cymbal_open"), 6000.0, 4)
    ride = high_pass(load("drum_cymbal_soft"), 4000.0)
    cents = np.array(kit.saws)

    def bass(note: Note, seconds: float) -> Array:
        return note.velocity * synth.warm_reese(hertz(note.pitch), seconds, cents, rng)

    return shared(library, kit, for_music) | {
        "kick": Channel(drums.hits(kick, 0.22, rng), -6.0, _DRUMS),
        "snare": Channel(drums.hits(snare, 0.2 * kit.snare_s, rng), -8.5, _DRUMS, send_db=-10.0),
        "ghost": Channel(drums.hits(snare, 0.12, rng), -12.0, _DRUMS, send_db=-12.0),
        "roll": Channel(drums.hits(snare, 0.16, rng), -15.0, _DRUMS, send_db=-10.0),
        "hat": Channel(drums.hits(hat, 0.05 * kit.hat_s, rng), -10.0, _DRUMS),
        "open hat": Channel(drums.hits(open_hat, 0.12, rng), -15.0, _DRUMS),
        "ride": Channel(drums.hits(ride, 0.3, rng), -16.0, _DRUMS),
        "shaker": Channel(lambda note, _: note.velocity * synth.shaker(rng), -15.0, _DRUMS),
        "reese": Channel(remembered(bass), -17.0, _BASS, duck_db=4.0),
        "growl": Channel(
            remembered(tuned(low_pass(load("bass_woodsy_c"), 900.0), 36.0)), -17.0, _BASS, duck_db=3
        ),
        "pad": Channel(_pad(kit, for_music), -13.5, _MUSIC, send_db=-12.0, duck_db=3.0),
        "keys": Channel(remembered(_keys), -11.5, _MUSIC, send_db=-12.0, duck_db=1.5),
        "lead": Channel(
            _lead(kit, for_music), -7.5, _MUSIC, send_db=-10.0, echo_db=-9.0, duck_db=1.0
        ),
    }


def dancefloor(library: SampleLibrary, kit: Kit, rng: np.random.Generator) -> Palette:
    """Every part as dancefloor drum & bass plays it; arguments as of :func:`liquid`."""
    for_music, rng = rng.spawn(2)
    load = library.load
    kick = drums.driven(
        drums.punched(
            drums.normalised(
                layered(
                    (drums.kick_body(kit.kick_hz, 0.16 * kit.kick_s), 0.0),
                    (load(kit.kick), -3.0),
                )
            ),
            5.0,
        ),
        1.6,
    )
    crack = drums.noise(0.2 * kit.snare_s, 1200.0, 11000.0, rng)
    snare = drums.driven(
        drums.punched(
            drums.normalised(
                layered(
                    (drums.snare_body(kit.snare_hz, 0.16 * kit.snare_s), 0.0),
                    (load(kit.snare), -3.0),
                    (crack, -8.0 + 6.0 * kit.tone),
                )
            ),
            6.0,
        ),
        2.6,
    )
    hiss = drums.noise(0.16 * kit.hat_s, 5000.0, 15000.0, rng)
    hat = drums.driven(layered((hiss, -1.0), (high_pass(load(kit.hat), 4000.0), -4.0)), 1.5)
    wash = drums.noise(0.34 * kit.hat_s, 4500.0, 14500.0, rng)
    open_hat = drums.driven(layered((wash, 0.0), (load("drum_cymbal_open"), -6.0)), 1.8)
    ride = drums.driven(layered((wash, -3.0), (load("drum_cymbal_hard"), -4.0)), 1.8)
    cents = np.array(kit.saws) * 1.6

    def bass(note: Note, seconds: float) -> Array:
        return note.velocity * synth.driven_reese(
            hertz(note.pitch), seconds, cents, kit.drive, kit.formant_hz, rng
        )

    growl = drums.driven(load("bass_hard_c" if kit.unseen else "bass_dnb_f")[:, :44100], 3.0)
    return shared(library, kit, for_music) | {
        "kick": Channel(drums.hits(kick, 0.2, rng, touch=0.3), -5.0, _DRUMS),
        "snare": Channel(
            drums.hits(snare, 0.3 * kit.snare_s, rng, touch=0.2), -4.0, _DRUMS, send_db=-18.0
        ),
        "ghost": Channel(drums.hits(snare, 0.1, rng), -14.0, _DRUMS),
        "roll": Channel(drums.hits(snare, 0.2, rng), -10.0, _DRUMS, send_db=-18.0),
        "hat": Channel(drums.hits(hat, 0.16 * kit.hat_s, rng, touch=0.4), -13.0, _DRUMS),
        "open hat": Channel(drums.hits(open_hat, 0.33, rng, touch=0.3), -13.5, _DRUMS),
        "ride": Channel(drums.hits(ride, 0.4, rng, touch=0.3), -15.0, _DRUMS),
        "shaker": Channel(drums.hits(hiss, 0.1, rng, touch=0.4), -17.0, _DRUMS),
        "reese": Channel(remembered(bass), -11.5, _BASS, duck_db=8.0),
        "growl": Channel(
            remembered(tuned(growl, 36.0 if kit.unseen else 41.0)), -13.0, _BASS, duck_db=6.0
        ),
        "pad": Channel(_pad(kit, for_music), -22.0, _MUSIC, send_db=-16.0, duck_db=9.0),
        "keys": Channel(remembered(_keys), -20.0, _MUSIC, send_db=-16.0, duck_db=7.0),
        "lead": Channel(
            _lead(kit, for_music), -16.0, _MUSIC, send_db=-14.0, echo_db=-12.0, duck_db=6.0
        ),
    }


def shared(library: SampleLibrary, kit: Kit, rng: np.random.Generator) -> Palette:
    """What genres play alike unless they say otherwise; arguments as of :func:`liquid`."""
    load = library.load
    splash = high_pass(load("drum_splash_soft" if kit.tone < 0.5 else "drum_splash_hard"), 700.0)
    hiss = load("vinyl_hiss")
    tom = transpose(load("drum_tom_mid_hard"), 12 * np.log2(kit.snare_hz / 210.0))

    def atmosphere(_: Note, seconds: float) -> Array:
        return fade_out(high_pass(hiss[:, : samples(seconds)], 400.0), 1.0)

    def swell(_: Note, seconds: float) -> Array:
        return fade_out(splash[:, samples(seconds) :: -1], 0.03)

    def sub(note: Note, seconds: float) -> Array:
        return note.velocity * synth.sub(hertz(note.pitch), seconds)

    return {
        "tom": Channel(drums.hits(tom, 0.35, rng), -9.0, _DRUMS, send_db=-16.0),
        "crash": Channel(one_shot(splash, 2.2), -15.0, _DRUMS, send_db=-18.0),
        "swell": Channel(swell, -15.0, _MUSIC, send_db=-16.0),
        "riser": Channel(lambda _, seconds: synth.riser(seconds, rng), -10.0, _MUSIC, -16.0),
        "atmosphere": Channel(atmosphere, -18.0, _MUSIC),
        "sub": Channel(remembered(sub), -10.0, _BASS, duck_db=8.0),
        "guitar": Channel(tuned(load("guit_em9"), 40.0), -14.0, _MUSIC, -14.0, -16.0, 3.0),
        "choir": Channel(tuned(load("ambi_choir"), 72.42), -15.0, _MUSIC, -8.0, -12.0, 3.0),
        "chank": Channel(_lead(replace(kit, pluck=True), rng), -16.0, _MUSIC, send_db=-16.0),
        "horns": Channel(_pad(kit, rng), -14.0, _MUSIC, send_db=-12.0, duck_db=3.0),
    }


def _pad(kit: Kit, rng: np.random.Generator) -> Instrument:
    return remembered(
        lambda note, seconds: (
            note.velocity * synth.pad(hertz(note.pitch), seconds, rng, kit.strings)
        )
    )


def _keys(note: Note, seconds: float) -> Array:
    return note.velocity * synth.electric_piano(hertz(note.pitch), seconds, note.velocity)


def _lead(kit: Kit, rng: np.random.Generator) -> Instrument:
    if not kit.pluck:
        return remembered(_keys)
    return remembered(
        lambda note, seconds: note.velocity * synth.pluck(hertz(note.pitch), seconds, rng)
    )
