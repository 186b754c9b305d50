"""What meters show: momentary loudness and true peak (ITU-R BS.1770-5; EBU Tech 3341)."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Audio
from engine.dsp.loudness import k_weights

MOMENTARY_S = 0.4
FLOOR_DB = -99.0
_TIMES = 4
_EDGE = 0.02  # of the stretch, at both ends, where its being cut out would ring
_OFFSET_DB = -0.691


def momentary_lufs(sound: Audio, rate: float) -> float:
    """Loudness of a stretch of :data:`MOMENTARY_S`, (channels, n), LUFS."""
    n = sound.shape[-1]
    power = np.abs(np.fft.rfft(sound)) ** 2 @ k_weights(np.fft.rfftfreq(n, 1.0 / rate))
    return _db(2.0 * float(power.sum()) / n**2) + _OFFSET_DB


def true_peak_db(sound: Audio) -> float:
    """Peak between the samples of a stretch, (channels, n), dBTP; of four times the rate."""
    n = sound.shape[-1]
    fine = _TIMES * np.fft.irfft(np.fft.rfft(sound), _TIMES * n)
    edge = round(_EDGE * fine.shape[-1])
    return _db(float(np.abs(fine[:, edge:-edge]).max(initial=0.0)) ** 2)


def _db(power: float) -> float:
    return float(10.0 * np.log10(max(power, 10 ** (FLOOR_DB / 10))))
