"""How much louder one sound is than another, as ears weigh it (ITU-R BS.1770-5, K-weighting)."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array

_MEMORY_S = 3.0  # short-term loudness (EBU Tech 3341)
_SILENCE_DB = -60.0
_MOST_DB = 12.0
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


class Match:
    """The gain that brings one sound to the loudness of another, followed over three seconds.

    Args:
        rate, n_fft, hop: of the spectra, hertz and samples.
    """

    def __init__(self, rate: float, n_fft: int, hop: int) -> None:
        self._weights = k_weights(np.fft.rfftfreq(n_fft, 1.0 / rate))
        self._keep = float(np.exp(-hop / (_MEMORY_S * rate)))
        # Parseval, and the power of a Hann window: full scale is 1.
        self._silence = 10 ** (_SILENCE_DB / 10) * 0.1875 * n_fft**2
        self._power = np.zeros(2)

    def follow(self, wanted: Array, own: Array, heard: Array) -> Array:
        """Gains for m hops, each after it was heard.

        Args:
            wanted, own: spectra, (channels, m, bins): of the sound to be like, and of one's own.
            heard: which hops say something of the two, (m,).

        Returns:
            What to multiply one's own sound by, (m,); at most 12 dB either way.
        """
        power = np.stack([(self._weights * np.abs(x) ** 2).sum((0, 2)) for x in (wanted, own)], 1)
        tells = heard & (power.min(1) > self._silence)
        gains = np.empty(len(power), np.float32)
        for hop, fresh in enumerate(power * tells[:, None]):
            self._power = self._keep * self._power + fresh
            gains[hop] = self._gain()
        return gains

    def _gain(self) -> float:
        wanted, own = self._power
        if own <= 0.0 or wanted <= 0.0:
            return 1.0
        most = 10 ** (_MOST_DB / 20)
        return float(min(max(np.sqrt(wanted / own), 1.0 / most), most))
