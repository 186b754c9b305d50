"""What the kernel works with: tables that do not change, and what one slot remembers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.frontend import Analyser
from engine.dsp.loudness import MEMORY_S, k_weights, silence_power
from engine.dsp.noise import GATE_MEMORY_S, phase_table
from engine.dsp.stft import STFT
from engine.dsp.transform import twiddles

_RAMP_S = 0.02  # of an amount, from nothing to everything


class Plan(NamedTuple):
    """What does not change.

    Attributes:
        analysis: window, (n_fft,).
        synthesis: window over n_fft, (reach,).
        factors: of the transform.
        low, weight: band below each bin, and weight of the one above, (bins,).
        share: mean over the bins as weights on the bands, (bands,).
        loud: power of the K-weighting, (bins,).
        phases: unit numbers, real and imaginary, (2, TABLE + bins).
        numbers: variance of a bin for noise of unit variance; what the match remembers of a hop;
            power of a silent spectrum; most of an amount's way in a hop.
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


class State(NamedTuple):
    """What one slot remembers. Channels go in pairs; one that is missing is silence.

    Attributes:
        frame: newest samples, (2·pairs, n_fft).
        tail: what has still to be added to what comes, (2·pairs, reach − hop).
        spectrum, made: of the feed and of what is made of it, (pairs, 2, n_fft).
        work: of the transform, (2, n_fft).
        curve, shape: gain and noise of each bin, (bins,).
        heard: mean squares of the last hops, (hops, channels).
        factors: of the noise, (2·pairs,).
        numbers: loudness of the feed and of what is made of it, the amount that is heard, hops so
            far, energy of the noise so far.
    """

    frame: Array
    tail: Array
    spectrum: Array
    made: Array
    work: Array
    curve: Array
    shape: Array
    heard: Array
    factors: Array
    numbers: Array


class Mix(NamedTuple):
    """How much of a slot there is.

    Attributes:
        match: whether it is brought to the loudness of the feed.
        level: the slot's own factor, on top of that.
        amount: 0 (the feed) … 1, approached within 20 ms.
    """

    match: bool = False
    level: float = 1.0
    amount: float = 1.0


def plan_of(analyser: Analyser, stft: STFT) -> Plan:
    """What the kernel needs of a front end at a device's rate and a transform of it."""
    spread = analyser.spread(stft.n_fft)
    bins_hz = np.fft.rfftfreq(stft.n_fft, 1.0 / analyser.rate)
    numbers = [
        stft.noise_gain,
        np.exp(-stft.hop / (MEMORY_S * analyser.rate)),
        silence_power(stft.n_fft),
        stft.hop / (_RAMP_S * analyser.rate),
    ]
    return Plan(
        stft.analysis,
        (stft.synthesis.astype(np.float64) / stft.n_fft).astype(np.float32),
        twiddles(stft.n_fft),
        spread.low.astype(np.int32),
        spread.weight,
        spread.share(analyser.spec.n_mels),
        k_weights(bins_hz),
        phase_table(len(bins_hz)),
        np.array(numbers, np.float64),
    )


def state_of(stft: STFT, rate: float, channels: int) -> State:
    """A slot that has heard nothing."""
    pairs, n, bins = (channels + 1) // 2, stft.n_fft, stft.n_fft // 2 + 1
    hops = max(1, round(GATE_MEMORY_S * rate / stft.hop))

    def zeros(*shape: int) -> Array:
        return np.zeros(shape, np.float32)

    return State(
        zeros(2 * pairs, n),
        zeros(2 * pairs, stft.reach - stft.hop),
        zeros(pairs, 2, n),
        zeros(pairs, 2, n),
        zeros(2, n),
        zeros(bins),
        zeros(bins),
        zeros(hops, channels),
        zeros(2 * pairs),
        np.array([0.0, 0.0, 1.0, 0.0, 0.0]),
    )


FEED_POWER, OWN_POWER, AMOUNT, HOPS, NOISE_ENERGY = range(5)
"""Places of :attr:`State.numbers`."""
NOISE_GAIN, KEEP, SILENT, STEP = range(4)
"""Places of :attr:`Plan.numbers`."""
