"""Kits: the sounds a track is played on, as names and numbers.

Each genre has kits for any track and kits that only held-out tracks are played on, with other
one-shots and other basses, so that a judge can be asked about sounds it has never heard.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

KITS, UNSEEN_KITS = 10, 5


@dataclass(frozen=True)
class OneShots:
    """The one-shots of a genre: of all tracks, and of held-out tracks only."""

    kicks: tuple[str, ...]
    snares: tuple[str, ...]
    unseen_kicks: tuple[str, ...]
    unseen_snares: tuple[str, ...]


_HATS = ("drum_cymbal_closed", "drum_cymbal_pedal")
_DRUM_AND_BASS = OneShots(
    kicks=(
        *("drum_heavy_kick", "bd_tek", "bd_haus", "bd_klub", "bd_fat", "bd_zum", "bd_ada"),
        "bd_pure",
    ),
    snares=("drum_snare_hard", "sn_dolf", "elec_snare", "sn_generic", "elec_hi_snare"),
    unseen_kicks=("bd_gas", "bd_sone", "drum_bass_hard", "bd_mehackit"),
    unseen_snares=("sn_dub", "sn_zome", "elec_mid_snare", "elec_lo_snare"),
)
# The highs of sn_zome swell again 100 ms after the stroke, which in slow music is a second one.
ONE_SHOTS = {
    "liquid": _DRUM_AND_BASS,
    "dancefloor": _DRUM_AND_BASS,
    "lofi": OneShots(
        kicks=("bd_haus", "bd_zum", "drum_bass_soft", "bd_ada", "drum_heavy_kick"),
        snares=("drum_snare_soft", "sn_generic", "elec_filt_snare", "sn_dolf"),
        unseen_kicks=("elec_soft_kick", "elec_hollow_kick", "bd_gas"),
        unseen_snares=("drum_snare_hard", "perc_snap2", "perc_snap"),
    ),
    "trap": OneShots(
        kicks=("bd_808", "bd_fat", "bd_tek", "bd_klub", "bd_haus"),
        snares=("elec_hi_snare", "sn_dub", "elec_snare", "sn_generic"),
        unseen_kicks=("bd_gas", "bd_sone", "bd_zome"),
        unseen_snares=("elec_mid_snare", "perc_snap", "elec_lo_snare"),
    ),
    "rnb": OneShots(
        kicks=("drum_bass_soft", "drum_heavy_kick", "bd_ada", "bd_haus"),
        snares=("drum_snare_soft", "drum_snare_hard", "sn_dolf", "sn_generic"),
        unseen_kicks=("drum_bass_hard", "bd_zum", "elec_soft_kick"),
        unseen_snares=("elec_filt_snare", "perc_snap2", "perc_snap"),
    ),
}


@dataclass(frozen=True)
class Kit:
    """What a track is played on; a genre decides how it is treated.

    Attributes:
        name: unique.
        unseen: whether only held-out tracks are played on it.
        kick, snare, hat: one-shots.
        kick_hz, snare_hz: pitch of the synthesised layer below each, hertz.
        kick_s, snare_s, hat_s: how long they ring, relative.
        tone: balance of body (0) and noise (1) in the snare.
        saws: detunings of the mid bass, cents.
        drive: how far the mid bass is driven, relative.
        formant_hz: where the mid bass has its voice, hertz.
        strings: brightness of pads and keys, relative.
        pluck: whether the lead is plucked (else electric piano).
    """

    name: str
    unseen: bool
    kick: str
    snare: str
    hat: str
    kick_hz: float
    snare_hz: float
    kick_s: float
    snare_s: float
    hat_s: float
    tone: float
    saws: tuple[float, ...]
    drive: float
    formant_hz: float
    strings: float
    pluck: bool


def kits(genre: str) -> tuple[list[Kit], list[Kit]]:
    """The kits of a genre: those of all tracks, and those of held-out tracks only."""
    seed = sum(ord(letter) << (5 * place) for place, letter in enumerate(genre[:8]))
    rng = np.random.default_rng(seed)
    own = ONE_SHOTS[genre]
    seen = [
        _kit(f"{genre} kit {i + 1}", False, own.kicks, own.snares, (0, 1, 2), rng)
        for i in range(KITS)
    ]
    unseen = [
        _kit(f"{genre} unseen kit {i + 1}", True, own.unseen_kicks, own.unseen_snares, (3, 4), rng)
        for i in range(UNSEEN_KITS)
    ]
    return seen, unseen


_BASSES: tuple[tuple[float, ...], ...] = (
    (-14.0, 0.0, 12.0),
    (-22.0, -7.0, 9.0, 19.0),
    (-9.0, 0.0, 8.0),
    (-31.0, -11.0, 13.0, 28.0),
    (-17.0, -16.0, 15.0),
)


def _kit(
    name: str,
    unseen: bool,
    kicks: tuple[str, ...],
    snares: tuple[str, ...],
    basses: tuple[int, ...],
    rng: np.random.Generator,
) -> Kit:
    return Kit(
        name=name,
        unseen=unseen,
        kick=str(rng.choice(kicks)),
        snare=str(rng.choice(snares)),
        hat=str(rng.choice(_HATS)),
        kick_hz=float(rng.uniform(44.0, 58.0)),
        snare_hz=float(rng.uniform(175.0, 245.0)),
        kick_s=float(rng.uniform(0.8, 1.25)),
        snare_s=float(rng.uniform(0.8, 1.3)),
        hat_s=float(rng.uniform(0.7, 1.4)),
        tone=float(rng.uniform(0.3, 0.7)),
        saws=_BASSES[int(rng.choice(basses))],
        drive=float(rng.uniform(0.8, 1.25)),
        formant_hz=float(rng.uniform(450.0, 1100.0)),
        strings=float(rng.uniform(0.7, 1.4)),
        pluck=bool(rng.random() < 0.6),
    )
