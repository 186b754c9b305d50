"""How much of a slot there is: as loud as the feed, at the slot's own level, by its amount.

Works on spectra: they have the phase of the feed, and dry beside them is exactly in time.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.loudness import Match
from engine.dsp.stft import STFT

_RAMP_S = 0.02  # from nothing to everything


class Dose:
    """Between what a renderer made and what a slot gives.

    Args:
        stft: of the spectra.
        rate: in hertz.
        match: whether the effect is brought to the loudness of the feed.
        level_db: the slot's own level, on top of that.

    Attributes:
        amount: 0 (dry) … 1 that is wanted; approached within 20 ms.
    """

    def __init__(self, stft: STFT, rate: float, match: bool = False, level_db: float = 0.0) -> None:
        self._match = Match(rate, stft.n_fft, stft.hop) if match else None
        self._level = np.float32(10 ** (level_db / 20))
        self._step = stft.hop / (_RAMP_S * rate)
        self.amount = self._now = 1.0

    def give(self, spectra: Array, rendered: Array, complete: Array) -> Array:
        """What the slot gives.

        Args:
            spectra, rendered: (channels, m, bins), of the feed and of the effect.
            complete: hops in which the effect is all there, (m,): others say nothing of how loud
                it is.
        """
        if self._match is not None:
            rendered = rendered * self._match.follow(spectra, rendered, complete)[:, None]
        if self._level != 1.0:
            rendered = rendered * self._level
        if self._now == self.amount == 1.0:
            return rendered
        steps = self._step * np.arange(1, len(complete) + 1)
        amounts = np.clip(self.amount, self._now - steps, self._now + steps)
        self._now = float(amounts[-1])
        share = amounts.astype(np.float32)[:, None]
        return np.asarray(spectra + share * (rendered - spectra))
