"""Where a recording is cut off, or turns into another: no clip may hold such a place.

Young, Broido & Ayumba, "Multi-instrumental genre transfer using CycleGAN", section "Data
considerations": clips "where the audio cuts and transitions to the next song" were taken out by
hand. Here a cut is silence between two sounds, and a transition is a place behind which the pitches
are others than before it, and stay so: sections of one song differ in what plays, two songs also in
their keys. Of 306 splices of two composed songs it finds three in four (others are of keys alike),
and in half an hour of the songs themselves four places. Words and voices of producers it does not
hear.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.fft
import scipy.ndimage

from engine.dsp.arrays import Array

Stretch = tuple[int, int]
"""First sample, and the one behind the last."""

_CUT_S = 0.3  # a stop of a beat has a tail that is heard
_CUT_DB = 50.0  # below the mean power of the track
_HOP_S = 0.01
_BLOCK_S = 0.25
_SPAN_S = 12.0  # on either side of a transition: a progression of chords is over by then
_LEAST_S = 6.0  # the same near the ends of a file
_PITCH_HZ = (65.0, 2100.0)
_WINDOW_S = 0.37
_LOUD = 100.0  # a pitch a hundredth as strong as the mean counts in full
_OTHER = 0.25  # distance of the pitches, 0 … 1: within most songs it stays below 0.2
_TONAL = 0.02  # deviation between pitches, of their mean: noise has 0.003, songs from 0.03 on
_AROUND_S = 1.0  # a transition is not found more exactly


class Flaw(NamedTuple):
    """A place that no clip may hold.

    Attributes:
        begin_s, end_s: seconds.
        kind: ``cut`` or ``transition``.
    """

    begin_s: float
    end_s: float
    kind: str


def flaws(sound: Array, rate: float) -> list[Flaw]:
    """Cuts and transitions of a sound, in order.

    Args:
        sound: mono, (samples,).
        rate: hertz.
    """
    return sorted([*_cuts(sound, rate), *_transitions(sound, rate)])


def whole_stretches(samples: int, found: list[Flaw], rate: float) -> list[Stretch]:
    """What lies between the flaws, in samples.

    Args:
        samples: of the sound.
        found: its flaws.
        rate: hertz.
    """
    free, at = [], 0
    for flaw in found:
        free.append((at, max(at, round(flaw.begin_s * rate))))
        at = max(at, round(flaw.end_s * rate))
    return [*free, (at, max(at, samples))]


def _cuts(sound: Array, rate: float) -> list[Flaw]:
    """Silences with sound on both sides; before and behind all sound there is no cut."""
    hop = max(1, round(_HOP_S * rate))
    whole = len(sound) // hop * hop
    power = np.square(sound[:whole], dtype=np.float64).reshape(-1, hop).mean(axis=1)
    silent = power < power.mean() * 10 ** (-_CUT_DB / 10)
    runs, count = scipy.ndimage.label(silent)
    found = []
    for (part,) in scipy.ndimage.find_objects(runs, count):
        inside = part.start > 0 and part.stop < len(power)
        if inside and (part.stop - part.start) * hop >= _CUT_S * rate:
            found.append(Flaw(part.start * hop / rate, part.stop * hop / rate, "cut"))
    return found


def _transitions(sound: Array, rate: float) -> list[Flaw]:
    """Where the pitches of what follows are others than those of what was."""
    far = _change(_pitches(sound, rate))
    nearby = 2 * round(_LEAST_S / _BLOCK_S) + 1
    peaks = (far >= _OTHER) & (far == scipy.ndimage.maximum_filter1d(far, nearby))
    times = np.flatnonzero(peaks) * _BLOCK_S
    return [Flaw(at - _AROUND_S, at + _AROUND_S, "transition") for at in times.tolist()]


def _pitches(sound: Array, rate: float) -> Array:
    """Log-compressed magnitude per pitch class, every ``_BLOCK_S``, (blocks, 12)."""
    hop, size = round(_BLOCK_S * rate), round(_WINDOW_S * rate)
    padded = np.pad(sound, (size // 2, size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[: len(sound) : hop]
    hz = np.fft.rfftfreq(size, 1 / rate)
    inside = (hz > _PITCH_HZ[0]) & (hz < _PITCH_HZ[1])
    classes = np.rint(12 * np.log2(hz[inside] / 440.0)).astype(np.intp) % 12
    window = np.hanning(size).astype(np.float32)
    magnitude = np.abs(scipy.fft.rfft(frames * window, axis=1))[:, inside]
    loud = np.log1p(_LOUD * magnitude / (magnitude.mean() + 1e-12))
    return np.stack([loud[:, classes == one].mean(axis=1) for one in range(12)], axis=1)


def _change(pitches: Array) -> Array:
    """Distance of the mean pitches before and behind each block, 0 for alike to 1 for opposite."""
    blocks, span, least = len(pitches), round(_SPAN_S / _BLOCK_S), round(_LEAST_S / _BLOCK_S)
    sums = np.concatenate([np.zeros((1, 12)), np.cumsum(pitches, axis=0)])
    at = np.arange(least, blocks - least + 1)
    far = np.zeros(blocks)
    if not len(at):
        return far
    begin, end = np.maximum(at - span, 0), np.minimum(at + span, blocks)
    sides = [
        (sums[last] - sums[first]) / (last - first)[:, None]
        for first, last in ((begin, at), (at, end))
    ]
    tonal = [side.std(axis=1) >= _TONAL * side.mean(axis=1) for side in sides]
    before, behind = (side - side.mean(axis=1, keepdims=True) for side in sides)
    norms = np.linalg.norm(before, axis=1) * np.linalg.norm(behind, axis=1)
    alike = np.sum(before * behind, axis=1) / (norms + 1e-12)
    far[at] = np.where(tonal[0] & tonal[1], 0.5 * (1.0 - alike), 0.0)
    return far
