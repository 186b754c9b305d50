"""The bars of a track that become segments: its main part, where it is loud, low, dense, full."""

from __future__ import annotations

import numpy as np

from engine.beat.features import HOP, RATE, Features
from engine.dsp.arrays import Array
from engine.dsp.tempo import Tempo

BARS = 4  # of a segment; as many are kept before it
_LOW_HZ = 150.0
_MAIN = 0.6  # standard deviations under the best that still are the main part
_BOUNDARY = 0.35  # what a place in the phrase is worth, in standard deviations
_FULL = 2.0  # weight of fullness: an outro of drums and bass is as loud, low and dense as a drop
_UNEVEN = 0.5  # what is taken off for bars that differ: half of a segment in a break
_FEW_AND_LARGE = 1.5  # sections change few bars by much, melodies all by a little
_QUIET_DB = -50.0
_BREAK_DB = 30.0  # a break is 60 dB down as well as 30: beyond that it is no more of a break


def choose(heard: Features, tempo: Tempo, count: int = 3) -> list[float]:
    """Times at which segments begin, seconds, in order; fewer than ``count`` if there is no room.

    A segment's own four bars overlap no other's; the four before it lie in the track too.

    Args:
        heard: the track's features.
        tempo: tempo and downbeat of the track.
        count: how many segments to choose.
    """
    bars = int((heard.seconds - tempo.downbeat_s) / tempo.bar_s + 0.02)
    power = _per_bar(heard.power, tempo, bars)
    level_db = _db(power.sum(axis=1))
    low_db = _db(power[:, heard.bands_hz < _LOW_HZ].sum(axis=1))
    flux = _per_bar(heard.flux, tempo, bars).sum(axis=1)
    features = np.stack([_standard(v) for v in (_near(level_db), _near(low_db), flux)], axis=1)
    full = _standard(_near(_db(power)).mean(axis=1))
    audible = level_db > level_db.max(initial=-np.inf) + _QUIET_DB
    energy = (features.sum(axis=1) + _FULL * full) / (features.shape[1] + _FULL)
    starts = choose_bars(energy, audible, phrase_bar(features), count)
    return [tempo.downbeat_s + bar * tempo.bar_s for bar in starts]


def choose_bars(energy: Array, audible: Array, phrase: int, count: int) -> list[int]:
    """First bars of the segments, in order.

    Args:
        energy: (bars,) in standard deviations; more is more of a main part.
        audible: (bars,) whether there is anything in a bar.
        phrase: bar of four at which sections begin.
        count: how many to choose.
    """
    starts = np.arange(BARS, len(energy) - BARS + 1)
    starts = starts[[bool(audible[s : s + BARS].all()) for s in starts]] if len(starts) else starts
    if not len(starts):
        return []
    windows = np.stack([energy[s : s + BARS] for s in starts])
    score = windows.mean(axis=1) - _UNEVEN * windows.std(axis=1)
    score = score + _BOUNDARY * ((starts - phrase) % BARS == 0)
    chosen: list[int] = []
    main = np.flatnonzero(score >= score.max() - _MAIN)
    for part in np.array_split(main, count):  # spread over the main parts
        _add_best(chosen, starts[part], score[part])
    while len(chosen) < count and _add_best(chosen, starts, score):
        pass
    return sorted(chosen)


def phrase_bar(features: Array) -> int:
    """Bar of four at which sections begin: where a bar differs most from the one before.

    Args:
        features: (bars, features), in standard deviations.
    """
    change = np.zeros(BARS)
    steps = np.sum(np.diff(features, axis=0) ** 2, axis=1) ** _FEW_AND_LARGE
    for bar, step in enumerate(steps, start=1):
        change[bar % BARS] += step
    return int(np.argmax(change))


def _add_best(chosen: list[int], starts: Array, score: Array) -> bool:
    """Add the best start that overlaps none; False if there is none."""
    free = [i for i, s in enumerate(starts) if all(abs(s - c) >= BARS for c in chosen)]
    if not free:
        return False
    chosen.append(int(starts[max(free, key=lambda i: (score[i], -i))]))
    return True


def _per_bar(values: Array, tempo: Tempo, bars: int) -> Array:
    """Mean of frames over each bar, (bars, bands)."""
    edges = (tempo.downbeat_s + np.arange(max(0, bars) + 1) * tempo.bar_s) * RATE / HOP
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, 0, np.float64)])
    left = np.clip(edges.astype(np.intp), 0, len(total) - 2)
    weight = np.clip(edges - left, 0.0, 1.0)[:, None]
    at = total[left] * (1 - weight) + total[left + 1] * weight
    return np.asarray(np.diff(at, axis=0) / (tempo.bar_s * RATE / HOP))


def _near(db: Array) -> Array:
    return np.asarray(np.maximum(db, db.max(axis=0, initial=-200.0) - _BREAK_DB))


def _standard(values: Array) -> Array:
    return np.asarray((values - values.mean()) / (values.std() + 1e-6)) if len(values) else values


def _db(power: Array) -> Array:
    return np.asarray(10 * np.log10(np.maximum(power, 1e-20)))
