"""The Fourier transform of the kernel, in machine code: no allocation, no lock, no interpreter.

A Stockham autosort transform of radix 4, with one step of radix 2 where the size is no power of 4
(Van Loan, "Computational frameworks for the fast Fourier transform", SIAM 1992, section 1.7). Real
and imaginary parts lie apart, so that a compiler works on several places at once. Two real signals
go through one complex transform.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array
from engine.machine_code import compiled


def twiddles(size: int) -> Array:
    """What :func:`transform` needs of a size, a power of 2 from 4 on: exp(−2πi·k·p/n) of each step
    and place, as (2, …) float32, real and imaginary parts."""
    if size < 4 or size & (size - 1):
        raise ValueError(f"a transform of {size} samples: no power of 2")
    parts, n = [], size
    while n >= 4:
        p = np.arange(n // 4)
        parts += [np.exp(-2j * np.pi * k * p / n) for k in (1, 2, 3)]
        n //= 4
    factors = np.concatenate(parts)
    return np.stack([factors.real, factors.imag]).astype(np.float32)


@compiled(fastmath={"contract", "nsz"})
def transform(re, im, work_re, work_im, factors):  # type: ignore[no-untyped-def]
    """Transform in place: X[k] = Σ x[n]·exp(−2πi·k·n/N). With real and imaginary parts exchanged it
    is the way back, times N.

    Args:
        re, im: the signal, (N,) float32; then its spectrum.
        work_re, work_im: to work in, (N,) float32.
        factors: of :func:`twiddles`.
    """
    size = len(re)
    a_re, a_im, b_re, b_im = re, im, work_re, work_im
    n, stride, first = size, 1, 0
    swapped = False
    while n >= 4:
        quarter = n // 4
        for p in range(quarter):
            w1_re, w1_im = factors[0, first + p], factors[1, first + p]
            w2_re, w2_im = factors[0, first + quarter + p], factors[1, first + quarter + p]
            w3_re, w3_im = factors[0, first + 2 * quarter + p], factors[1, first + 2 * quarter + p]
            i, o = stride * p, stride * 4 * p
            step = stride * quarter
            for q in range(stride):
                x0, y0 = a_re[i + q], a_im[i + q]
                x1, y1 = a_re[i + q + step], a_im[i + q + step]
                x2, y2 = a_re[i + q + 2 * step], a_im[i + q + 2 * step]
                x3, y3 = a_re[i + q + 3 * step], a_im[i + q + 3 * step]
                s_re, s_im, d_re, d_im = x0 + x2, y0 + y2, x0 - x2, y0 - y2
                t_re, t_im = x1 + x3, y1 + y3
                j_re, j_im = y3 - y1, x1 - x3  # i·(second − fourth)
                b_re[o + q], b_im[o + q] = s_re + t_re, s_im + t_im
                u_re, u_im = d_re - j_re, d_im - j_im
                b_re[o + q + stride] = w1_re * u_re - w1_im * u_im
                b_im[o + q + stride] = w1_re * u_im + w1_im * u_re
                u_re, u_im = s_re - t_re, s_im - t_im
                b_re[o + q + 2 * stride] = w2_re * u_re - w2_im * u_im
                b_im[o + q + 2 * stride] = w2_re * u_im + w2_im * u_re
                u_re, u_im = d_re + j_re, d_im + j_im
                b_re[o + q + 3 * stride] = w3_re * u_re - w3_im * u_im
                b_im[o + q + 3 * stride] = w3_re * u_im + w3_im * u_re
        a_re, a_im, b_re, b_im = b_re, b_im, a_re, a_im
        swapped = not swapped
        first += 3 * quarter
        n, stride = quarter, 4 * stride
    if n == 2:
        half = size // 2
        for q in range(half):
            x0, y0, x1, y1 = a_re[q], a_im[q], a_re[q + half], a_im[q + half]
            b_re[q], b_im[q] = x0 + x1, y0 + y1
            b_re[q + half], b_im[q + half] = x0 - x1, y0 - y1
        a_re, a_im, b_re, b_im = b_re, b_im, a_re, a_im
        swapped = not swapped
    if swapped:
        for q in range(size):
            re[q], im[q] = a_re[q], a_im[q]
