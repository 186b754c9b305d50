"""The mixer: plays a score through a palette and balances it into stereo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pedalboard import Chain, Compressor, Delay, HighpassFilter, LowpassFilter, Reverb

from engine.dsp.arrays import Array, Audio
from engine.dsp.tempo import Tempo
from train.compose.palette import Bus, Channel, Palette
from train.compose.score import Score
from train.compose.sound import SAMPLE_RATE, amplitude, high_pass, low_pass, samples
from train.compose.tape import Tape

DUCK_ATTACK_S = 0.004
DUCK_RELEASE_S = 0.13
MONO_BELOW_HZ = 150.0


@dataclass(frozen=True)
class Mixer:
    """How the whole is treated.

    Attributes:
        drum_drive: saturation of the drum bus, 1 is next to none.
        parallel_db: level of the compressed drums beside the others.
        room: size of the reverb, 0 to 1.
        spread_db: standard deviation of the channels' levels from one track to the next.
        tape: the medium that the whole goes through, if any.
    """

    drum_drive: float = 1.0
    parallel_db: float = -8.0
    room: float = 0.72
    spread_db: float = 1.2
    tape: Tape | None = None


def mix(score: Score, palette: Palette, mixer: Mixer, rng: np.random.Generator) -> Audio:
    """The whole piece before mastering.

    Args:
        score: what is played.
        palette: a channel for every part of the score.
        mixer: how the whole is treated.
        rng: of this mix's own balance.

    Returns:
        (2, samples), not yet limited.
    """
    length = samples(score.seconds)
    kicks = [score.time_of(note) for note in score.notes if note.part == "kick"]
    valley = _valley(kicks, length)
    buses = {bus: np.zeros((2, length)) for bus in Bus}
    reverb_send, echo_send = np.zeros((1, length)), np.zeros((1, length))
    for part in parts(score):
        channel = palette[part]
        stem = _play(score, part, channel, length)
        gain_db = channel.gain_db + rng.normal(0.0, mixer.spread_db)
        stem *= amplitude(gain_db) * (
            10 ** (-channel.duck_db * valley / 20) if channel.duck_db else 1.0
        )
        buses[channel.bus] += stem
        mono = stem.mean(axis=0, keepdims=True)
        if channel.send_db is not None:
            reverb_send += amplitude(channel.send_db) * mono
        if channel.echo_db is not None:
            echo_send += amplitude(channel.echo_db) * mono
    mixed = _sum(buses, reverb_send, echo_send, score.tempo, mixer)
    return mixed if mixer.tape is None else mixer.tape.play(mixed, rng)


def parts(score: Score) -> list[str]:
    """Names of the parts that play, in order of their first entry."""
    return list(dict.fromkeys(note.part for note in score.notes))


def _play(score: Score, part: str, channel: Channel, length: int) -> Array:
    """One part on its own, (2, length)."""
    stem = np.zeros((2, length))
    for note in score.notes:
        if note.part != part:
            continue
        start = samples(score.time_of(note))
        sound = channel.instrument(note, note.beats * score.tempo.beat_s)
        n = min(sound.shape[1], length - start)
        stem[:, start : start + n] += sound[:, :n]
    return stem


def _valley(kicks: list[float], length: int) -> Array:
    """How deep the side-chain ducks, 0 to 1: full at each kick, then a smooth recovery."""
    attack = np.linspace(0.0, 1.0, samples(DUCK_ATTACK_S))
    release = 0.5 + 0.5 * np.cos(np.linspace(0.0, np.pi, samples(DUCK_RELEASE_S)))
    dip = np.concatenate([attack, release])
    valley = np.zeros(length + len(dip))
    for kick in kicks:
        start = samples(kick)
        valley[start : start + len(dip)] = np.maximum(valley[start : start + len(dip)], dip)
    return valley[:length]


def _sum(
    buses: Mapping[Bus, Array], reverb_send: Array, echo_send: Array, tempo: Tempo, mixer: Mixer
) -> Audio:
    dotted_eighth_s = 0.75 * tempo.beat_s
    echo = Chain(
        [
            HighpassFilter(400.0),
            LowpassFilter(4500.0),
            Delay(dotted_eighth_s, feedback=0.35, mix=1.0),
        ]
    )
    hall = Chain(
        [
            HighpassFilter(300.0),
            LowpassFilter(7000.0),
            Reverb(room_size=mixer.room, damping=0.5, wet_level=1.0, dry_level=0.0, width=0.5),
        ]
    )
    glue = Chain([Compressor(threshold_db=-14.0, ratio=3.0, attack_ms=12.0, release_ms=90.0)])
    echoes = _through(echo, echo_send)
    wet = _through(hall, np.repeat(reverb_send + 0.4 * echoes, 2, axis=0))
    drums = np.tanh(mixer.drum_drive * buses[Bus.DRUMS]) / mixer.drum_drive
    mixed = drums + amplitude(mixer.parallel_db) * _through(glue, drums)
    mixed += buses[Bus.BASS] + buses[Bus.MUSIC] + echoes + wet
    middle, side = mixed.mean(axis=0), 0.5 * (mixed[0] - mixed[1])
    side = high_pass(side, MONO_BELOW_HZ)
    return low_pass(np.stack([middle + side, middle - side]), 16000.0, order=4).astype(np.float32)


def _through(chain: Chain, sound: Array) -> Array:
    return np.asarray(chain(sound.astype(np.float32), SAMPLE_RATE), dtype=np.float64)
