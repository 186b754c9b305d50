"""What Vande Veire et al. 2019, section 3, heard in their outputs, as figures.

To dancefloor: snares on every second beat are added or harder, noise is added between the hats,
melody is a little quieter; to liquid the reverse. And phase that was found from magnitudes alone
(Griffin & Lim) buzzes at low frequencies: bins of one mel band, that all say the same, become tones
that were not there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.signal

from engine.dsp.arrays import Array, Audio
from train.judge.fine_ear import flatness_db, long_spectra

_FRAME_S = 0.01
_HIT_S = 0.06  # of a snare after its beat
_AWAY_S = 0.08  # from every eighth note, where drums are
_SNARE_HZ, _HATS_HZ, _MELODY_HZ = (150.0, 6000.0), (6000.0, 16000.0), (300.0, 6000.0)
_LOW_HZ = (40.0, 400.0)
_LONG = 16384  # samples at 44.1 kHz, 370 ms
_BETWEEN = 25.0  # percentile of frames that is between the hats
_FLOOR = 1e-12


@dataclass(frozen=True)
class Observed:
    """One sound, dB; differences between two sounds at the same level are what says something.

    Attributes:
        snare_db: power in the 60 ms after the second and fourth beat of each bar, 150 Hz to 6 kHz,
            over the median.
        hats_db: level between the hats, above 6 kHz.
        melody_db: median level 80 ms and more from every eighth note, 300 Hz to 6 kHz.
        buzz_db: arithmetic over geometric mean of the power of bins from 40 to 400 Hz, mean over
            frames of 370 ms: the more, the more tonal.
    """

    snare_db: float
    hats_db: float
    melody_db: float
    buzz_db: float


def observed(sound: Audio, rate: int, bpm: float) -> Observed:
    """Look at a sound (channels, samples) that begins on a downbeat; bars are of four beats.

    Args:
        sound: at the level of :func:`train.judge.view.levelled`.
        rate: hertz.
        bpm: tempo.
    """
    beat_s = 60.0 / bpm
    snare, hats, melody = (_levels(sound, rate, band) for band in (_SNARE_HZ, _HATS_HZ, _MELODY_HZ))
    at = np.arange(len(snare)) * _FRAME_S
    since_second = (at - beat_s) % (2 * beat_s)
    since_eighth = at % (beat_s / 2)
    away = (since_eighth > _AWAY_S) & (since_eighth < beat_s / 2 - _FRAME_S)
    return Observed(
        snare_db=_db(float(snare[since_second < _HIT_S].mean()) / (_FLOOR + np.median(snare))),
        hats_db=_db(float(np.percentile(hats, _BETWEEN))),
        melody_db=_db(float(np.median(melody[away if away.any() else slice(None)]))),
        buzz_db=_buzz_db(sound, rate),
    )


def _levels(sound: Audio, rate: int, band: tuple[float, float]) -> Array:
    """Mean power of each frame in a band, (frames,)."""
    heard = scipy.signal.sosfiltfilt(_bandpass(band, rate), sound, axis=-1)
    size = round(_FRAME_S * rate)
    frames = heard[:, : heard.shape[-1] // size * size].reshape(len(heard), -1, size)
    return np.asarray(np.square(frames).mean(axis=(0, 2)))


def _buzz_db(sound: Audio, rate: int) -> float:
    power = long_spectra(sound, rate, _LONG)
    hertz = np.fft.rfftfreq(2 * (len(power) - 1), 1.0 / rate)
    return -float(flatness_db(power[(hertz >= _LOW_HZ[0]) & (hertz < _LOW_HZ[1])]).mean())


def _bandpass(band: tuple[float, float], rate: int) -> Array:
    low, high = band
    return np.asarray(
        scipy.signal.butter(2, (low, min(high, 0.45 * rate)), "bandpass", fs=rate, output="sos")
    )


def _db(power: float) -> float:
    return float(10 * np.log10(power + _FLOOR))
