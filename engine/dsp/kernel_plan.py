"""Tables of the kernel, which do not change."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.frontend import Analyser
from engine.dsp.loudness import MEMORY_S, k_weights, silence_power
from engine.dsp.noise import phase_table
from engine.dsp.stft import STFT
from engine.dsp.transform import twiddles

_RAMP_S = 0.02  # of an amount, from nothing to everything


class KernelPlan(NamedTuple):
    """What does not change.

    Attributes:
        analysis: window, (n_fft,).
        synthesis: window over n_fft, (reach,).
        factors: of the transform.
        low, weight: band below each bin, and weight of the one above, (bins,).
        share: mean over the bins as weights on the bands, (bands,).
        loud: power of the K-weighting, (bins,).
        phases: unit numbers, real and imaginary, (2, TABLE + bins).
        numbers: (1,) of :data:`NUMBERS`.
    """

    analysis: Array
    synthesis: Array
    factors: Array
    low: Array
    weight: Array
    share: Array
    loud: Array
    phases: Array
    numbers: Array


NUMBERS = np.dtype(
    [
        ("noise_gain", "<f8"),  # variance of a bin for noise of unit variance
        ("keep", "<f8"),  # of a loudness, from hop to hop
        ("silent", "<f8"),  # power of a spectrum that is none
        ("amount_step", "<f8"),  # most of an amount's way in a hop
    ]
)


def plan_of(analyser: Analyser, stft: STFT) -> KernelPlan:
    """What the kernel needs of a front end at a device's rate and a transform of it."""
    spread = analyser.spread(stft.n_fft)
    bins_hz = np.fft.rfftfreq(stft.n_fft, 1.0 / analyser.rate)
    numbers = np.zeros(1, NUMBERS)
    numbers["noise_gain"], numbers["silent"] = stft.noise_gain, silence_power(stft.n_fft)
    numbers["keep"] = np.exp(-stft.hop / (MEMORY_S * analyser.rate))
    numbers["amount_step"] = stft.hop / (_RAMP_S * analyser.rate)
    return KernelPlan(
        stft.analysis,
        (stft.synthesis.astype(np.float64) / stft.n_fft).astype(np.float32),
        twiddles(stft.n_fft),
        spread.low.astype(np.int32),
        spread.weight,
        spread.share(analyser.spec.n_mels),
        k_weights(bins_hz),
        phase_table(len(bins_hz)),
        numbers,
    )
