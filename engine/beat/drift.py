"""Where the beats of a piece lie whose tempo drifts.

1. Pace: the autocorrelation of the onsets in windows of some twenty beats, read at the multiples
   of a beat near to the tempo of the whole piece; of all ways through the windows the one with the
   clearest repetition and the steadiest pace (Viterbi; a jump has its price, as where a DJ changes
   the record). It knows nothing of on-beat and off-beat, so no break can make it slip.
2. Place: with time counted in beats of that pace, the onsets of every eight beats, folded at half
   beats, say how far these are off; again the best way through, which may only turn as slowly as
   the pace can be wrong. Which halves are beats is for :mod:`engine.beat.bars` to say: it is the
   same from beginning to end, though hats may be louder than the kick in one part only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft

from engine.beat.features import HOP, RATE
from engine.dsp.arrays import Array

_PER_S = RATE / HOP
_BEATS, _STEP = 24, 4  # of a window, and from one to the next
_MULTIPLES = (1, 2, 4, 8)
_RANGE, _FINE = 0.12, 0.001  # how far the tempo may go either way, and in what steps
_BEND, _JUMP = 0.15, 1.5  # price of a change of a step from window to window (squared), and at most
_TRUST, _REPEATS = 10.0, 0.6  # worth of a window's repetition, and from what sum on it is one
_FOLD = 8  # beats that are folded
_PLACES = 24  # of half a beat
_TURN = 2  # places that the beat may be off by more from one fold to the next …
_COST = 0.05  # … and the price of a place, squared


@dataclass(frozen=True)
class Beats:
    """Where the beats lie.

    Attributes:
        times_s, beats: times, and beats that have passed by then, (n,) each.
        clear: how much more onsets there are on them, or between them, than elsewhere, relative to
            the mean.
        steady: the same for the steady tempo.
        off_beats, off_s: how far that is off at worst, and when.
    """

    times_s: Array
    beats: Array
    clear: float
    steady: float
    off_beats: float
    off_s: float


def follow(onsets: Array, bpm: float, phase_s: float) -> Beats:
    """The beats of a piece, whose tempo may drift by a tenth.

    Args:
        onsets: of some bands, relative to their slow mean, (bands, frames).
        bpm: its tempo on the whole.
        phase_s: where a beat would be, were that steady.
    """
    beat = 60.0 / bpm * _PER_S  # frames
    frames = np.arange(onsets.shape[1])
    ratio = _pace(onsets, beat)
    beats = np.concatenate([[0.0], np.cumsum(ratio[:-1] / beat)])
    strength = onsets.sum(axis=0)
    beats -= _place(strength, beats)
    steady = (frames / _PER_S - phase_s) * bpm / 60.0
    off = beats - steady
    off -= np.median(off)
    worst = int(np.argmax(np.abs(off)))
    return Beats(
        frames / _PER_S,
        beats,
        _clear(strength, beats),
        _clear(strength, steady),
        float(abs(off[worst])),
        float(worst / _PER_S),
    )


def _pace(onsets: Array, beat: float) -> Array:
    """Tempo of each frame relative to that of the whole, (frames,)."""
    frames = onsets.shape[1]
    width, step = round(_BEATS * beat), round(_STEP * beat)
    firsts = np.arange(0, max(1, frames - width + 1), step)
    ratios = np.exp(np.arange(-_RANGE, _RANGE + _FINE / 2, _FINE))
    lags = beat / ratios[:, None] * np.array(_MULTIPLES)
    size = scipy.fft.next_fast_len(2 * width)
    clear = np.empty((len(firsts), len(ratios)))
    for n, first in enumerate(firsts):
        part = onsets[:, first : first + width]
        part = part - part.mean(axis=1, keepdims=True)
        spectrum = scipy.fft.rfft(part, size, axis=1)
        correlation = scipy.fft.irfft(np.abs(spectrum) ** 2, size, axis=1)[:, :width].sum(axis=0)
        correlation *= width / np.maximum(width - np.arange(width), 1) / (correlation[0] + 1e-9)
        correlation = np.convolve(correlation, [0.25, 0.5, 0.25], "same")
        clear[n] = np.interp(lags, np.arange(width), correlation).sum(axis=1)
    steps = np.arange(len(ratios))
    price = np.minimum(_BEND * (steps[:, None] - steps) ** 2, _JUMP)
    # A part that does not repeat says nothing of the pace.
    path = _best(_TRUST * np.maximum(clear - _REPEATS, 0.0), price)
    return np.asarray(np.interp(np.arange(frames), firsts + width / 2, ratios[path]))


def _place(strength: Array, beats: Array) -> Array:
    """How many beats the onsets lie later than half beats, (frames,)."""
    count = int(beats[-1] // _FOLD)
    frames = np.arange(len(strength))
    halves = np.arange(2 * max(1, count) * _FOLD)[:, None] + np.arange(_PLACES) / _PLACES
    at = np.interp(0.5 * halves.reshape(max(1, count), 2 * _FOLD, _PLACES), beats, frames)
    folded = np.interp(at, frames, strength).mean(axis=1)
    folded /= folded.mean() + 1e-9
    turn = np.arange(-_TURN, _TURN + 1)
    total, back = folded[0], np.zeros((len(folded), _PLACES), np.intp)
    for n in range(1, len(folded)):
        ways = np.stack([np.roll(total, by) - _COST * by**2 for by in turn])
        back[n] = turn[np.argmax(ways, axis=0)]
        total = ways.max(axis=0) + folded[n]
    at_place = [int(np.argmax(total))]
    for n in range(len(folded) - 1, 0, -1):
        at_place.append(at_place[-1] - int(back[n][at_place[-1] % _PLACES]))
    places = np.array(at_place[::-1]) / (2 * _PLACES)
    places = np.convolve(np.pad(places, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    middles = (np.arange(len(places)) + 0.5) * _FOLD
    return np.asarray(np.interp(beats, middles, places))


def _best(clear: Array, price: Array) -> Array:
    """The way through states, (n,), of which each has a value and each change a price."""
    total, back = clear[0], np.zeros(clear.shape, np.intp)
    for n in range(1, len(clear)):
        ways = total[:, None] - price
        back[n] = np.argmax(ways, axis=0)
        total = ways[back[n], np.arange(len(total))] + clear[n]
    path = [int(np.argmax(total))]
    for n in range(len(clear) - 1, 0, -1):
        path.append(int(back[n][path[-1]]))
    return np.array(path[::-1])


def _clear(strength: Array, beats: Array) -> float:
    """Mean onsets on beats, or between them, relative to the mean of all, less 1."""
    whole = np.arange(np.ceil(beats[0]), np.floor(beats[-1]) - 1)
    at = np.interp(whole + np.array([[0.0], [0.5]]), beats, np.arange(len(strength)))
    read = np.interp(at, np.arange(len(strength)), strength).mean(axis=1)
    return float(read.max() / (strength.mean() + 1e-9) - 1.0)
