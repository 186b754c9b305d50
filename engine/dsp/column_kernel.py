"""Log-mel columns in machine code, of windows of any length.

A transform of a length that is no power of 2 is a convolution with a chirp (Bluestein, "A linear
filtering approach to the computation of discrete Fourier transform", IEEE Trans. Audio and
Electroacoustics 18, 1970). Only powers are wanted, so that the last product with the chirp, of
magnitude 1, is left out. Two channels go through one complex transform (L + iR), which is exact for
the sum of their powers.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.transform import transform, twiddles
from engine.machine_code import compiled, internal

POWER_FLOOR = 1e-12
"""−120 dB: far below the image's floor, and never log(0)."""


class ColumnPlan(NamedTuple):
    """What columns of windows of one length, n samples, are computed with.

    Attributes:
        chirp: exp(−iπk²/n), (2, n) float32, real and imaginary parts; (2, 0) if n is a power of 2.
        response: spectrum of the convolution, over the number of its points, (2, points) float32.
        factors: of the transform, see :func:`engine.dsp.transform.twiddles`.
        first: the first bin of each band's triangle, (bands,).
        places: where each band's weights begin in ``weights``, (bands + 1,).
        weights: of the triangles, one behind the other, float32.
        level_scale: from the sum of all powers to the mean square of the signal.
        points: of the transform.
        of_magnitude: whether magnitudes are summed over a band, and not powers.
    """

    chirp: Array
    response: Array
    factors: Array
    first: Array
    places: Array
    weights: Array
    level_scale: float
    points: int
    of_magnitude: bool


def column_plan(
    n: int, triangles: Array, level_scale: float, of_magnitude: bool = False
) -> ColumnPlan:
    """The plan of windows of one length.

    Args:
        n: samples of a window.
        triangles: weights of the bands, (n // 2 + 1, bands).
        level_scale: see :class:`ColumnPlan`.
        of_magnitude: see :class:`ColumnPlan`.
    """
    points = 1 << (n - 1).bit_length()
    chirp, response = np.zeros((2, 0)), np.zeros((2, 0))
    if points != n:
        points = 1 << (2 * n - 2).bit_length()
        k = np.arange(n)
        turned = np.exp(-1j * np.pi * (k * k % (2 * n)) / n)
        around = np.zeros(points, np.complex128)
        around[:n] = turned.conj()
        around[points - n + 1 :] = turned[:0:-1].conj()
        filtered = np.fft.fft(around) / points
        chirp = np.stack([turned.real, turned.imag])
        response = np.stack([filtered.real, filtered.imag])
    used = triangles > 0
    first = np.where(used.any(axis=0), used.argmax(axis=0), 0)
    counts = np.where(used.any(axis=0), len(used) - used[::-1].argmax(axis=0) - first, 0)
    parts = [triangles[f : f + c, b] for b, (f, c) in enumerate(zip(first, counts, strict=True))]
    return ColumnPlan(
        chirp.astype(np.float32),
        response.astype(np.float32),
        twiddles(points),
        first,
        np.concatenate([[0], np.cumsum(counts)]),
        np.concatenate(parts).astype(np.float32),
        level_scale,
        points,
        of_magnitude,
    )


def work_for(plan: ColumnPlan) -> Array:
    """Memory to work in: four arrays of the transform's points, and the powers."""
    return np.empty((5, plan.points), np.float32)


@compiled()
def log_mel(sound, starts, window, plan, work, db, level):  # type: ignore[no-untyped-def]
    """Columns of windows, each by itself: the same to the bit, whichever others there are.

    Args:
        sound: (channels, samples) float32.
        starts: first samples of the windows, which lie within the sound, (columns,).
        window: (n,) float32.
        plan: of its length.
        work: to work in, see :func:`work_for`.
        db: for the columns, (columns, bands) float32.
        level: for the mean squares of the windowed signal, (columns,) float32.
    """
    n, bands = len(window), len(plan.first)
    bins, power = n // 2 + 1, work[4]
    for column in range(len(starts)):
        power[:bins] = 0.0
        for channel in range(0, len(sound), 2):
            _add_power(sound, channel, starts[column], window, plan, work)
        scale = np.float32(1.0 / len(sound))
        total = 0.0
        for k in range(bins):
            power[k] *= scale
            total += power[k]
        level[column] = (2.0 * total - power[0]) * plan.level_scale
        if plan.of_magnitude:
            for k in range(bins):
                power[k] = math.sqrt(power[k])
        for band in range(bands):
            there, place = plan.first[band], plan.places[band]
            found = np.float32(0.0)
            for i in range(plan.places[band + 1] - place):
                found += power[there + i] * plan.weights[place + i]
            summed = float(found)
            if plan.of_magnitude:
                summed *= summed
            db[column, band] = 10.0 * math.log10(max(summed, POWER_FLOOR))


@internal()
def _add_power(sound, channel, start, window, plan, work):  # type: ignore[no-untyped-def]
    """Add |X|² of one channel, or of one and the next, to the powers."""
    re, im, power, n = work[0], work[1], work[4], len(window)
    both = channel + 1 < len(sound)
    re[n:], im[n:] = 0.0, 0.0
    for i in range(n):
        re[i] = sound[channel, start + i] * window[i]
        im[i] = sound[channel + 1, start + i] * window[i] if both else np.float32(0.0)
    if plan.chirp.shape[1]:
        _turn(re, im, plan.chirp, n)
        transform(re, im, work[2], work[3], plan.factors)
        _turn(re, im, plan.response, len(re))
        transform(im, re, work[3], work[2], plan.factors)
    else:
        transform(re, im, work[2], work[3], plan.factors)
    half = np.float32(0.5)
    power[0] += re[0] * re[0] + im[0] * im[0]
    for k in range(1, n // 2 + 1):
        here = re[k] * re[k] + im[k] * im[k]
        there = re[n - k] * re[n - k] + im[n - k] * im[n - k]
        power[k] += half * (here + there)


@internal()
def _turn(re, im, factors, n):  # type: ignore[no-untyped-def]
    """Multiply the first numbers of a signal by complex ones."""
    for i in range(n):
        x, y = re[i], im[i]
        re[i] = x * factors[0, i] - y * factors[1, i]
        im[i] = x * factors[1, i] + y * factors[0, i]
