"""Clips of a track from anywhere, neither aligned nor stretched.

Young, Broido & Ayumba, "Multi-instrumental genre transfer using CycleGAN": clips of 4 s of whole
songs, because sections and tempi differ too much from genre to genre to be brought together;
without those in which the sound is cut off or the next song begins (section "Data considerations").
A clip takes the place of a segment's four bars, at the tempo at which it is as long as these.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.tempo import Tempo
from train.prepare.flaws import Stretch, flaws, whole_stretches
from train.prepare.outcome import PrepareSettings
from train.prepare.sources import Source

_QUIET_DB = 30.0  # below the mean power of the track: a pause
_TRIES = 20  # draws for places that are no pauses


def clip_bpm(seconds: float) -> float:
    """The tempo at which four bars of four beats are so long, BPM."""
    return 16 * 60.0 / seconds


def choose_clips(
    sound: Array, rate: float, seconds: float, count: int, rng: np.random.Generator
) -> list[float]:
    """Times at which clips begin, seconds, in order. No two overlap, none is a pause, and none
    holds a flaw, see :mod:`train.prepare.flaws`; fewer than ``count`` where there is no room for
    more.

    Args:
        sound: of the track, mono, (samples,).
        rate: hertz.
        seconds: length of a clip.
        count: how many are wanted.
        rng: of the places.
    """
    length = round(seconds * rate)
    if len(sound) < length:
        return []
    power = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64))])
    least = power[-1] / len(sound) * 10 ** (-_QUIET_DB / 10) * length
    free = whole_stretches(len(sound), flaws(sound, rate), rate)
    best: list[int] = []
    for _ in range(_TRIES):
        places = _places(free, length, count, rng)
        loud = [p for p in places if power[p + length] - power[p] > least]
        if len(loud) > len(best) or not best:
            best = loud
        if len(best) == len(places):
            break
    return [first / rate for first in sorted(best)]


def _places(free: list[Stretch], length: int, count: int, rng: np.random.Generator) -> list[int]:
    """Samples at which clips begin that lie within the stretches and do not overlap; any such
    choice is as likely as the others, once it is drawn how many lie in which stretch."""
    room = [(end - begin) // length for begin, end in free]
    kept = rng.multivariate_hypergeometric(room, min(count, sum(room)))
    places = []
    for (begin, end), n in zip(free, kept.tolist(), strict=True):
        spare = np.sort(rng.integers(0, end - begin - n * length + 1, n))
        places += [begin + int(gap) + i * length for i, gap in enumerate(spare)]
    return places


def tempo_of_clips(seconds: float, starts_s: list[float]) -> Tempo:
    """A tempo at which the first clip is four bars."""
    return Tempo(clip_bpm(seconds), starts_s[0])


def shares(
    sources: list[Source], settings: PrepareSettings, total: int | None
) -> list[PrepareSettings]:
    """What is asked of each source so that every genre has so many clips, as alike as can be.

    Args:
        sources: of all genres.
        settings: what they have in common.
        total: clips of each genre; None for what the settings say of each track.
    """
    if total is None:
        return [settings] * len(sources)
    genres = [source.genre for source in sources]
    result = []
    for number, genre in enumerate(genres):
        place, of = genres[:number].count(genre), genres.count(genre)
        # The share of the tracks up to this one, rounded, less that of those before it.
        upto = [math.floor(total * tracks / of) for tracks in (place, place + 1)]
        result.append(replace(settings, per_track=upto[1] - upto[0]))
    return result
