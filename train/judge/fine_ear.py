"""What windows of 46 ms cannot hear: fast flutter of the envelope, and tone where noise should be.

A judge that looks through windows of the generator's own length is deaf to what happens within
them. So the envelope of three bands is looked at up to 500 Hz, where a generator's column rate, its
halves and the rate of the hops would leave lines; and tone is told from noise on long frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.signal
from scipy.ndimage import median_filter, uniform_filter1d

from engine.dsp.arrays import Array, Audio
from engine.dsp.frontend import FrontEnd
from engine.dsp.stft import STFT

BANDS_HZ = ((300.0, 600.0), (600.0, 1500.0), (1500.0, 5000.0))
"""Of the sound, whose envelopes are looked at."""
LOWEST_HZ, HIGHEST_HZ = 15.0, 500.0
_RATE = 1200.0  # of an envelope, hertz
_GRID_HZ = 0.25  # of its spectrum
_SMOOTH_HZ = 1.0
_NEIGHBOURS = 0.1  # of a frequency, on either side, and at least
_NEIGHBOURS_HZ = 4.0
_OCTAVES_HZ = 4.0 * 2.0 ** np.arange(6)  # edges of the modulation spectrum, to 128 Hz
_FRAME = 8192  # samples at 44.1 kHz, 186 ms
_FLOOR = 1e-12


def column_rates_hz(rate: int) -> dict[str, float]:
    """Rates at which the engine itself could leave a line."""
    column = 1.0 / FrontEnd().hop_s
    return {
        "column": column,
        "half": column / 2,
        "quarter": column / 4,
        "hop": rate / STFT.low_delay(rate).hop,
    }


@dataclass(frozen=True)
class Fine:
    """What is found in one sound.

    Attributes:
        envelopes: power spectrum of each band's envelope, of its mean square, (bands, frequencies).
        modulation_db: of each band and octave of modulation from 4 to 128 Hz, (bands, octaves).
        flatness_db: geometric over arithmetic mean of the power in each third of an octave, mean
            over frames, (thirds,).
    """

    envelopes: Array
    modulation_db: Array
    flatness_db: Array


def fine_of(sound: Audio, rate: int) -> Fine:
    """Listen to a sound, (channels, samples)."""
    envelopes = np.stack([_envelope_spectrum(sound, rate, band) for band in BANDS_HZ])
    hertz = frequencies_hz()
    octaves = [
        10 * np.log10(envelopes[:, (hertz >= low) & (hertz < 2 * low)].sum(axis=1) + _FLOOR)
        for low in _OCTAVES_HZ[:-1]
    ]
    return Fine(envelopes, np.stack(octaves, axis=1), _thirds_db(sound, rate))


def frequencies_hz() -> Array:
    """Of an envelope's spectrum."""
    return np.arange(round(_RATE / 2 / _GRID_HZ) + 1) * _GRID_HZ


def _envelope_spectrum(sound: Audio, rate: int, band: tuple[float, float]) -> Array:
    """Power spectrum of the Hilbert envelope, of the envelope's mean square, mean of channels."""
    sos = scipy.signal.butter(4, band, "bandpass", fs=rate, output="sos")
    analytic = scipy.signal.hilbert(scipy.signal.sosfiltfilt(sos, sound, axis=-1), axis=-1)
    envelope = np.abs(analytic)
    factor = int(rate // _RATE)
    low = scipy.signal.decimate(envelope, factor, ftype="fir", axis=-1)
    own = rate / factor
    taps = np.hanning(low.shape[-1])
    size = round(own / _GRID_HZ)
    size = max(size, 1 << (low.shape[-1] - 1).bit_length())
    power = np.abs(np.fft.rfft((low - low.mean(axis=-1, keepdims=True)) * taps, size, axis=-1)) ** 2
    power = power.mean(axis=0) / (np.mean(low**2) * np.sum(taps**2) * size / 2 + _FLOOR)
    found = np.fft.rfftfreq(size, 1.0 / own)
    smooth = uniform_filter1d(power, max(1, round(_SMOOTH_HZ / found[1])))
    return np.asarray(np.interp(frequencies_hz(), found, smooth) * (_GRID_HZ / found[1]))


def _thirds_db(sound: Audio, rate: int) -> Array:
    power = long_spectra(sound, rate, _FRAME)
    hertz = np.fft.rfftfreq(2 * (len(power) - 1), 1.0 / rate)
    found = [
        float(flatness_db(power[(hertz >= low) & (hertz < high)]).mean())
        for low, high in _thirds_hz()
    ]
    return np.array(found)


def long_spectra(sound: Audio, rate: int, frame: int) -> Array:
    """Power of the frames that are heard, mean of the channels, (bins, frames).

    Args:
        sound: (channels, samples).
        rate: hertz.
        frame: samples at 44.1 kHz.
    """
    size = 2 * round(frame * rate / 88200)
    _, _, spectra = scipy.signal.stft(sound, rate, "hann", size, size // 2, axis=-1)
    power = np.mean(np.abs(spectra) ** 2, axis=0) + _FLOOR
    level = power.sum(axis=0)
    return np.asarray(power[:, level > level.mean() * 1e-3])


def flatness_db(power: Array) -> Array:
    """Geometric over arithmetic mean of the bins of each frame, (frames,): tone against noise."""
    return np.asarray(10 * np.log10(np.exp(np.log(power).mean(axis=0)) / power.mean(axis=0)))


@lru_cache(maxsize=1)
def _thirds_hz() -> tuple[tuple[float, float], ...]:
    """Thirds of an octave from 200 Hz to 10 kHz: below, a frame has too few bins in them."""
    centres = 1000.0 * 2.0 ** (np.arange(-7, 11) / 3)
    return tuple((float(c * 2 ** (-1 / 6)), float(c * 2 ** (1 / 6))) for c in centres)


@dataclass(frozen=True)
class EnvelopeLines:
    """Lines in the envelopes of many sounds together, against others.

    Attributes:
        excess_db: the largest line over its neighbourhood, beyond what input and twin have there.
        at_hz: where.
        level_db: at the engine's own rates, the level against the twin's, by name.
    """

    excess_db: float
    at_hz: float
    level_db: dict[str, float]


def lines(made: Sequence[Fine], others: Sequence[Sequence[Fine]], rate: int) -> EnvelopeLines:
    """What lines outputs have that neither their inputs nor their twins have.

    Args:
        made: of the outputs.
        others: of the inputs, and of the twins where there are any; the last one's level is what is
            compared.
        rate: of the sounds, hertz.
    """
    hertz = frequencies_hz()
    inside = (hertz >= LOWEST_HZ) & (hertz <= HIGHEST_HZ)
    own = _mean_db(made)
    theirs = [_mean_db(one) for one in others]
    excess = _over_neighbours(own) - np.max([_over_neighbours(one) for one in theirs], axis=0)
    excess[:, ~inside] = -np.inf
    band, place = np.unravel_index(int(np.argmax(excess)), excess.shape)
    level = {
        name: float(np.max(own[:, k] - theirs[-1][:, k]))
        for name, f in column_rates_hz(rate).items()
        for k in [round(f / _GRID_HZ)]
    }
    return EnvelopeLines(float(excess[band, place]), float(hertz[place]), level)


def _mean_db(found: Sequence[Fine]) -> Array:
    return np.asarray(10 * np.log10(np.mean([one.envelopes for one in found], axis=0) + _FLOOR))


def _over_neighbours(db: Array) -> Array:
    """dB over the median of what lies around, which grows with frequency."""
    over = np.empty_like(db)
    hertz = frequencies_hz()
    first = 0
    while first < len(hertz):
        wide = max(_NEIGHBOURS_HZ, _NEIGHBOURS * hertz[first])
        last = min(len(hertz), first + max(1, round(wide / _GRID_HZ)))
        size = 2 * round(wide / _GRID_HZ) + 1
        low, high = max(0, first - size), min(len(hertz), last + size)
        around = median_filter(db[:, low:high], size=(1, size), mode="nearest")
        over[:, first:last] = db[:, first:last] - around[:, first - low : last - low]
        first = last
    return over
