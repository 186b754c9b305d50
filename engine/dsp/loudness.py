"""How much louder one sound is than another, as ears weigh it (ITU-R BS.1770-5, K-weighting)."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array
from engine.machine_code import internal

MEMORY_S = 3.0
"""Short-term loudness (EBU Tech 3341)."""
MOST_DB = 12.0
"""By which one sound is brought to the loudness of another."""
_SILENCE_DB = -60.0
# The two filters of BS.1770-5, annex 1, that are given there for 48 kHz, as what they are the
# bilinear transform of: hertz, gain, quality (De Man, "Evaluation of implementations of the EBU
# R128 loudness measurement", AES 145, 2018).
_SHELF_HZ, _SHELF_DB = 1681.974450955533, 3.999843853973347
_SHELF_Q, _SHELF_BEND = 0.7071752369554196, 0.4996667741545416
_PASS_HZ, _PASS_Q = 38.13547087602444, 0.5003270373238773
_RATE = 48000.0


def k_sections(rate: float) -> Array:
    """The K-weighting at a sample rate as two sections, (2, 6): b₀ b₁ b₂ a₀ a₁ a₂."""
    k, v = np.tan(np.pi * _SHELF_HZ / rate), 10 ** (_SHELF_DB / 20)
    bend, damp = v**_SHELF_BEND, k / _SHELF_Q
    shelf = [v + bend * damp + k * k, 2 * (k * k - v), v - bend * damp + k * k]
    shelf += [1 + damp + k * k, 2 * (k * k - 1), 1 - damp + k * k]
    k = np.tan(np.pi * _PASS_HZ / rate)
    damp = k / _PASS_Q
    back = [1 + damp + k * k, 2 * (k * k - 1), 1 - damp + k * k]
    high_pass = [back[0], -2 * back[0], back[0], *back]  # the standard's has no gain of its own
    return np.asarray([np.array(one) / one[3] for one in (shelf, high_pass)])


def k_weights(hertz: Array) -> Array:
    """Power of the K-weighting at frequencies, (n,); above 24 kHz as there."""
    delay = np.exp(-2j * np.pi * np.minimum(hertz, 0.5 * _RATE) / _RATE)
    terms = np.stack([np.ones_like(delay), delay, delay**2])
    shelf, high_pass = (np.dot(s[:3], terms) / np.dot(s[3:], terms) for s in k_sections(_RATE))
    return np.asarray(np.abs(shelf * high_pass) ** 2, np.float32)


def silence_power(n_fft: int) -> float:
    """Power over the bins of a spectrum below which it says nothing of loudness: −60 dBFS."""
    # Parseval, and the power of a Hann window: full scale is 1.
    return float(10 ** (_SILENCE_DB / 10) * 0.1875 * n_fft**2)


@internal()
def power_of(spectrum, loud):  # type: ignore[no-untyped-def]
    """Power of the spectra of pairs of channels, L + iR, weighted.

    Args:
        spectrum: (pairs, 2, n_fft), real and imaginary parts.
        loud: of :func:`k_weights`, (bins,).
    """
    total = 0.0
    size = spectrum.shape[2]
    half = size // 2
    for pair in range(len(spectrum)):
        re, im = spectrum[pair, 0], spectrum[pair, 1]
        for k in range(1, half):
            ahead = re[k] * re[k] + im[k] * im[k]
            behind = re[size - k] * re[size - k] + im[size - k] * im[size - k]
            total += loud[k] * np.float32(0.5) * (ahead + behind)
        for k in (0, half):
            total += loud[k] * (re[k] * re[k] + im[k] * im[k])
    return total
