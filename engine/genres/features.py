"""The 44 numbers by which a genre is told: 39 MFCC and five aggregates. Arrays in, arrays out.

Source: "Music Style Transfer using Deep Learning (Part 1)", sections "PART 1: Music Classifier" and
"Feature extraction": 39 MFCC, zero-crossing rate, spectral centroid, spectral roll-off at 85 % and
chroma, each as the mean over a song. The text promises five aggregates and names four, with MFCC
themselves as the fifth; here the fifth is the spectral bandwidth, which goes with the centroid as a
deviation with a mean, and does not change with the level either.

Each of them is what ``librosa.feature`` computes at 22,050 Hz with its defaults and frames that lie
within the sound (``center=False``). Deviations: a sound is first brought to one level, for on a
stage the level is the fader's; frames more than 80 dB below the loudest are left out, for a pause
is of no genre; and chroma takes the tuning to be 440 Hz instead of estimating it.

All of it is means over frames, so a stretch is summed up anew each second without another
transform: :func:`frames` does the work once, :func:`summary` adds up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft

from engine.beat.features import RATE
from engine.dsp.arrays import Array, Audio
from engine.dsp.mel import band_edges, triangles

WINDOW, HOP = 2048, 512
"""Samples at :data:`RATE`: 93 ms and 23 ms, librosa's defaults."""
N_MFCC = 39
AGGREGATES = ("zero-crossing rate", "centroid", "bandwidth", "roll-off", "chroma")
NAMES = (*(f"MFCC {n}" for n in range(N_MFCC)), *AGGREGATES)
"""Of the features, in their order."""
N_FEATURES = len(NAMES)
FRAMES_PER_S = RATE / HOP

_BANDS = 128
_ROLL_OFF = 0.85
_RANGE_DB = 80.0  # below the loudest: librosa's top_db
_LEAST = 1e-10  # of power: librosa's amin
_PITCHES = 12
_BINS = 32  # of a block
_BLOCK = 512  # frames at once: what is made of them stays within the cache of a core


@dataclass(frozen=True)
class Frames:
    """What is kept of each frame.

    Attributes:
        db: (frames, 128) mel power.
        power: (frames,) mean of that over the bands, not in dB.
        aggregates: (frames, 5), in the order of :data:`AGGREGATES`; hertz where they are such.
    """

    db: Array
    power: Array
    aggregates: Array

    def __len__(self) -> int:
        return len(self.db)

    def __getitem__(self, part: slice | Array) -> Frames:
        return Frames(self.db[part], self.power[part], self.aggregates[part])

    @classmethod
    def join(cls, *parts: Frames) -> Frames:
        """One after the other."""
        return cls(
            np.concatenate([part.db for part in parts]),
            np.concatenate([part.power for part in parts]),
            np.concatenate([part.aggregates for part in parts]),
        )


def count(samples: int) -> int:
    """Frames that lie within so many samples."""
    return max(0, 1 + (samples - WINDOW) // HOP)


def frames(sound: Audio) -> Frames:
    """The frames that lie within a sound, frame i from sample ``i * HOP`` on.

    Args:
        sound: mono at :data:`RATE`, (n,) float32.
    """
    whole = count(len(sound))
    heard = Frames(
        np.empty((whole, _BANDS), np.float32),
        np.empty(whole, np.float32),
        np.empty((whole, len(AGGREGATES)), np.float32),
    )
    sound = np.asarray(sound, np.float32)
    for first in range(0, whole, _BLOCK):
        done = slice(first, min(whole, first + _BLOCK))
        _measure(sound[first * HOP : (done.stop - 1) * HOP + WINDOW], heard[done])
    return heard


def summary(heard: Frames) -> Array | None:
    """The 44 numbers of a stretch, in the order of :data:`NAMES`; None for silence."""
    if not len(heard):
        return None
    audible = heard.power > max(float(heard.power.max()) * 10 ** (-_RANGE_DB / 10), _LEAST)
    if not audible.any():
        return None
    kept = heard if audible.all() else heard[audible]
    db = np.maximum(kept.db, kept.db.max() - np.float32(_RANGE_DB)).mean(axis=0, dtype=np.float64)
    db -= 10.0 * np.log10(level_of(kept))
    mfcc = scipy.fft.dct(db, norm="ortho")[:N_MFCC]
    return np.concatenate([mfcc, kept.aggregates.mean(axis=0, dtype=np.float64)])


def level_of(heard: Frames) -> float:
    """Mean mel power of a stretch: what :func:`summary` brings to 1."""
    return float(heard.power.mean(dtype=np.float64))


def _measure(part: Audio, into: Frames) -> None:
    plan, aggregates = _plan(), into.aggregates
    windows = np.lib.stride_tricks.sliding_window_view(part, WINDOW)[::HOP]
    spectrum = scipy.fft.rfft(windows * plan.window, axis=-1)
    energy = spectrum.real**2
    energy += spectrum.imag**2
    np.matmul(energy, plan.mel, out=into.db)
    into.power[:] = into.db.mean(axis=1)
    np.log10(np.maximum(into.db, np.float32(_LEAST), out=into.db), out=into.db)
    np.multiply(into.db, np.float32(10.0), out=into.db)
    magnitude = np.sqrt(energy)
    sums = magnitude @ plan.moments
    moments = sums[:, 1:] / np.maximum(sums[:, :1], np.float32(_LEAST))
    aggregates[:, 0] = _crossings(part)
    aggregates[:, 1] = 1e3 * moments[:, 0]
    aggregates[:, 2] = 1e3 * np.sqrt(np.maximum(moments[:, 1] - moments[:, 0] ** 2, 0.0))
    aggregates[:, 3] = _roll_off(magnitude) * np.float32(RATE / WINDOW)
    pitches = energy @ plan.chroma
    loudest = np.maximum(pitches.max(axis=1), np.finfo(np.float32).tiny)
    aggregates[:, 4] = pitches.mean(axis=1) / loudest


def _roll_off(magnitude: Array) -> Array:
    """The first bin of each frame up to which 85 % of its magnitude lies: the block first, and then
    the bin in it, for sums of all bins would cost as much as the transform."""
    blocks = magnitude[:, :-1].reshape(len(magnitude), -1, _BINS)
    sums = blocks.sum(axis=2)
    running = np.cumsum(sums, axis=1)
    edge = np.float32(_ROLL_OFF) * (running[:, -1:] + magnitude[:, -1:])
    block = np.minimum((running < edge).sum(axis=1), sums.shape[1] - 1)
    rows = np.arange(len(magnitude))
    before = (running[rows, block] - sums[rows, block])[:, None]
    inside = np.cumsum(blocks[rows, block], axis=1) + before
    return np.asarray(block * _BINS + (inside < edge).sum(axis=1))


def _crossings(part: Audio) -> Array:
    """Share of the samples of each frame whose sign is another than that of the one before."""
    negative = part < -_LEAST
    changes = np.empty(len(part), bool)
    np.not_equal(negative[1:], negative[:-1], out=changes[:-1])
    changes[-1] = False  # what comes next is not known, and of no frame
    hops = np.add.reduce(changes[: len(part) // HOP * HOP].reshape(-1, HOP), axis=1, dtype=np.intp)
    begins = np.arange(count(len(part)))
    running = np.concatenate([[0], np.cumsum(hops)])
    inside = running[begins + WINDOW // HOP] - running[begins]
    return np.asarray((inside - changes[begins * HOP + WINDOW - 1]) / WINDOW)


@dataclass(frozen=True)
class _Plan:
    """Constants: the window, and what maps bins to bands, to a sum and moments in kHz, and to
    pitches."""

    window: Array
    mel: Array
    moments: Array
    chroma: Array


@lru_cache(maxsize=1)
def _plan() -> _Plan:
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
    bins = np.fft.rfftfreq(WINDOW, 1.0 / RATE)
    edges = band_edges(_BANDS, 0.0, RATE / 2)
    mel = triangles(bins, edges) * (2.0 / (edges[2:] - edges[:-2]))  # of unit area, as librosa's
    moments = np.stack([(bins / 1e3) ** power for power in range(3)], axis=1)
    wanted = (mel, moments, _chroma(bins))
    return _Plan(hann, *(np.ascontiguousarray(weights, np.float32) for weights in wanted))


def _chroma(bins_hz: Array) -> Array:
    """(bins, 12): Gaussians a bin's width wide around the octaves of each pitch class, from C on,
    those of the fifth octave heaviest (Ellis 2007, "Chroma feature analysis and synthesis")."""
    centre, octaves = 5.0, 2.0
    octave = np.log2(bins_hz[1:] / (440.0 / 16))
    place = _PITCHES * np.concatenate([[octave[0] - 1.5], octave])  # 0 Hz lies below the first
    width = np.concatenate([np.maximum(np.diff(place), 1.0), [1.0]])
    half = round(_PITCHES / 2)
    away = np.remainder(place[:, None] - np.arange(_PITCHES) + half + 10 * _PITCHES, _PITCHES)
    bumps = np.exp(-0.5 * (2.0 * (away - half) / width[:, None]) ** 2)
    bumps /= np.sqrt((bumps**2).sum(axis=1, keepdims=True))
    bumps *= np.exp(-0.5 * ((place / _PITCHES - centre) / octaves) ** 2)[:, None]
    return np.asarray(np.roll(bumps, -3, axis=1))  # A is the first of them so far
