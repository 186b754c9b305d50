"""What the two linear classifiers measure on a view."""

from __future__ import annotations

import numpy as np
import scipy.fft

from engine.dsp.arrays import Array
from train.judge.view import SPEC, without_eq

N_MFCC = 39  # "Music style transfer, part 1"
_BAND_GROUPS = 16
_MODULATION_HZ = np.geomspace(0.7, 24.0, 17)


def mfcc_statistics(image: Array) -> Array:
    """Mean and standard deviation of 39 MFCC and of their differences, (156,).

    Hears tone balance as well as texture: the linear model of "Multi-instrumental genre transfer".
    """
    clipped = np.clip(image, SPEC.floor_db, SPEC.ceil_db)
    mfcc = scipy.fft.dct(clipped, axis=1, norm="ortho")[:, :N_MFCC]
    delta = mfcc[2:] - mfcc[:-2]
    parts = [mfcc.mean(axis=0), mfcc.std(axis=0), delta.mean(axis=0), delta.std(axis=0)]
    return np.concatenate(parts)


def eq_deaf_statistics(image: Array) -> Array:
    """Modulation spectra and onset strength of a view whose bands have no mean.

    16 groups of bands, each with the power of its modulations in 16 bands of 0.7–24 Hz, their
    distribution (standard deviation, skew, crest) and the statistics of its onset strength
    (half-wave rectified difference). A static EQ changes none of these.
    """
    flat = without_eq(image)
    groups = np.stack([part.mean(axis=1) for part in np.array_split(flat, _BAND_GROUPS, axis=1)], 1)
    onset = np.maximum(0.0, np.diff(flat, axis=0))
    onset_groups = np.stack(
        [part.mean(axis=1) for part in np.array_split(onset, _BAND_GROUPS, axis=1)], 1
    )
    parts = [
        modulation_db(groups).ravel(),
        flat_moments(groups),
        np.log(onset_groups.mean(axis=0) + 1e-3),
        np.log(onset_groups.std(axis=0) + 1e-3),
        np.log(np.percentile(onset_groups, 95, axis=0) + 1e-3),
        modulation_db(onset_groups.mean(axis=1, keepdims=True)).ravel(),
    ]
    return np.concatenate(parts)


def modulation_db(strands: Array) -> Array:
    """Power of strands in bands of modulation frequency: (columns, strands) to dB."""
    columns = len(strands)
    window = np.hanning(columns)[:, None]
    power = np.abs(np.fft.rfft((strands - strands.mean(axis=0)) * window, axis=0)) ** 2
    hertz = np.fft.rfftfreq(columns, SPEC.hop_s)
    bands = np.digitize(hertz, _MODULATION_HZ)
    sums = [power[bands == band].sum(axis=0) for band in range(1, len(_MODULATION_HZ))]
    return np.asarray(10 * np.log10(np.stack(sums) / columns + 1e-3))


def flat_moments(strands: Array) -> Array:
    """Standard deviation, skew and upper percentile of each strand, (3 · strands,)."""
    deviation = strands.std(axis=0) + 1e-6
    skew = np.mean(strands**3, axis=0) / deviation**3
    return np.concatenate([deviation, skew, np.percentile(strands, 95, axis=0) / deviation])
