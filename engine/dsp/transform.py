"""The Fourier transform of the kernel, in machine code: no allocation, no lock, no interpreter.

In four steps (Bailey, "FFTs in external or hierarchical memory", Journal of Supercomputing 4, 1990;
Van Loan, "Computational frameworks for the fast Fourier transform", SIAM 1992, section 3.3): the
signal as rows of eight is transformed column by column, turned, transposed, and transformed column
by column again. So a processor works on eight places at once in every step. The columns go through
a Stockham autosort transform of radix 4, with one step of radix 2 where their length is no power of
4 (Van Loan, section 1.7). Real and imaginary parts lie apart. Two real signals go through one
complex transform.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array
from engine.machine_code import compiled, internal
from engine.machine_vectors import LANES, fill, load, store, transposed

_LEAST = LANES * LANES


def twiddles(size: int) -> Array:
    """What :func:`transform` needs of a size: exp(−2πi·k·p/n) of each step and place, as (2, …)
    float32, real and imaginary parts.

    Args:
        size: samples, a power of 2 from 64 on.

    Raises:
        ValueError: the size is another.
    """
    if size < _LEAST or size & (size - 1):
        raise ValueError(f"a transform of {size} samples: no power of 2 from {_LEAST} on")
    rows = size // LANES
    turned = np.exp(-2j * np.pi * np.outer(np.arange(LANES), np.arange(rows)) / size)
    factors = np.concatenate([_steps(rows), turned.ravel(), _steps(LANES)])
    return np.stack([factors.real, factors.imag]).astype(np.float32)


def _steps(n: int) -> Array:
    """Of the steps of :func:`_columns`."""
    parts = []
    while n >= 4:
        p = np.arange(n // 4)
        parts += [np.exp(-2j * np.pi * k * p / n) for k in (1, 2, 3)]
        n //= 4
    return np.concatenate(parts)


@compiled()
def transform(re, im, work_re, work_im, factors):  # type: ignore[no-untyped-def]
    """Transform in place: X[k] = Σ x[n]·exp(−2πi·k·n/N). With real and imaginary parts exchanged it
    is the way back, times N.

    Args:
        re: real part of the signal, (N,) float32; then of its spectrum.
        im: imaginary part, the same.
        work_re: to work in, (N,) float32.
        work_im: to work in, (N,) float32.
        factors: of :func:`twiddles`.
    """
    size = len(re)
    rows = size // LANES
    a_re, a_im, b_re, b_im = re, im, work_re, work_im
    used, passes = _columns(a_re, a_im, b_re, b_im, rows, factors, 0)
    if passes % 2:
        a_re, a_im, b_re, b_im = b_re, b_im, a_re, a_im
    _transpose(a_re, b_re)
    _transpose(a_im, b_im)
    for i in range(0, size, LANES):
        x, y = load(b_re, i), load(b_im, i)
        w_re, w_im = load(factors[0], used + i), load(factors[1], used + i)
        store(b_re, i, w_re * x - w_im * y)
        store(b_im, i, w_re * y + w_im * x)
    _, more = _columns(b_re, b_im, a_re, a_im, LANES, factors, used + size)
    if (passes + 1 + more) % 2:
        for q in range(size):
            re[q], im[q] = work_re[q], work_im[q]


@internal()
def _columns(a_re, a_im, b_re, b_im, n, factors, first):  # type: ignore[no-untyped-def]
    """Transform the columns of n rows, each of which lies together.

    Args:
        a_re: real parts of the rows, one after the other, (N,) float32; written over.
        a_im: imaginary parts, the same.
        b_re: to work in, (N,) float32.
        b_im: to work in, (N,) float32.
        n: number of rows; of eight or more numbers each.
        factors: of :func:`twiddles`.
        first: place at which the factors for this begin.

    Returns:
        Where the next factors begin, and how often a and b have changed places: the outcome lies
        in b if that is odd.
    """
    size = len(a_re)
    stride, passes = size // n, 0
    while n >= 4:
        quarter = n // 4
        step = stride * quarter
        for p in range(quarter):
            w1, w2, w3 = first + p, first + quarter + p, first + 2 * quarter + p
            w1_re, w1_im = fill(factors[0, w1]), fill(factors[1, w1])
            w2_re, w2_im = fill(factors[0, w2]), fill(factors[1, w2])
            w3_re, w3_im = fill(factors[0, w3]), fill(factors[1, w3])
            for q in range(0, stride, LANES):
                i, o = stride * p + q, stride * 4 * p + q
                x0, y0 = load(a_re, i), load(a_im, i)
                x1, y1 = load(a_re, i + step), load(a_im, i + step)
                x2, y2 = load(a_re, i + 2 * step), load(a_im, i + 2 * step)
                x3, y3 = load(a_re, i + 3 * step), load(a_im, i + 3 * step)
                s_re, s_im, d_re, d_im = x0 + x2, y0 + y2, x0 - x2, y0 - y2
                t_re, t_im = x1 + x3, y1 + y3
                j_re, j_im = y3 - y1, x1 - x3  # i·(second − fourth)
                store(b_re, o, s_re + t_re)
                store(b_im, o, s_im + t_im)
                u_re, u_im = d_re - j_re, d_im - j_im
                store(b_re, o + stride, w1_re * u_re - w1_im * u_im)
                store(b_im, o + stride, w1_re * u_im + w1_im * u_re)
                u_re, u_im = s_re - t_re, s_im - t_im
                store(b_re, o + 2 * stride, w2_re * u_re - w2_im * u_im)
                store(b_im, o + 2 * stride, w2_re * u_im + w2_im * u_re)
                u_re, u_im = d_re + j_re, d_im + j_im
                store(b_re, o + 3 * stride, w3_re * u_re - w3_im * u_im)
                store(b_im, o + 3 * stride, w3_re * u_im + w3_im * u_re)
        a_re, a_im, b_re, b_im = b_re, b_im, a_re, a_im
        passes += 1
        first += 3 * quarter
        n, stride = quarter, 4 * stride
    if n == 2:
        half = size // 2
        for q in range(0, half, LANES):
            x0, y0 = load(a_re, q), load(a_im, q)
            x1, y1 = load(a_re, q + half), load(a_im, q + half)
            store(b_re, q, x0 + x1)
            store(b_im, q, y0 + y1)
            store(b_re, q + half, x0 - x1)
            store(b_im, q + half, y0 - y1)
        passes += 1
    return first, passes


@internal()
def _transpose(rows, columns):  # type: ignore[no-untyped-def]
    """Rows of eight, (N,), as eight rows."""
    length = len(rows) // LANES
    for k in range(0, length, LANES):
        at = LANES * k
        block = transposed(
            load(rows, at),
            load(rows, at + LANES),
            load(rows, at + 2 * LANES),
            load(rows, at + 3 * LANES),
            load(rows, at + 4 * LANES),
            load(rows, at + 5 * LANES),
            load(rows, at + 6 * LANES),
            load(rows, at + 7 * LANES),
        )
        for lane in range(LANES):
            store(columns, lane * length + k, block[lane])
