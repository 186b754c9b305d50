"""The ceiling holds between samples too, whatever comes, and what is quiet passes untouched."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import resample_poly

from engine.dsp.limiter import LOOKAHEAD, Limiter
from tests.processor_verifier import through, verify_blocks, verify_causality

RATE = 48000
_T = np.arange(RATE)


def hostile(rng):
    """What limiters are known to let through: peaks between samples, edges, bursts, waves that
    swell."""
    ones = np.ones((2, 1))
    return {
        "noise": rng.normal(0, 1, (2, RATE)),
        "square": 1.5 * ones * np.sign(np.sin(2 * np.pi * 1234.5 * _T / RATE)),
        "quarter of the rate": 1.4 * ones * np.sin(0.5 * np.pi * _T + np.pi / 4),
        "near half of the rate": 2.0 * ones * np.sin(2 * np.pi * 0.497 * _T + 0.3),
        "impulses": ones * np.where(_T % 997 == 0, 8.0, 0.0),
        "signs": rng.choice([-2.0, 2.0], (2, RATE)),
        "bursts": rng.normal(0, 3, (2, RATE)) * (_T // 500 % 7 == 0),
        "swelling": 2
        * ones
        * np.sin(2 * np.pi * 997 * _T / RATE)
        * (1 + np.sin(2 * np.pi * 3 * _T / RATE)),
        "one side": np.array([[1.0], [0.0]]) * rng.normal(0, 2, RATE),
    }


def true_peak_db(sound):
    """At 16 times the rate: finer than the limiter's own detector."""
    fine = resample_poly(sound.astype(np.float64), 16, 1, axis=1, window=("kaiser", 12.0))
    return 20 * np.log10(np.abs(fine[:, 2000:-2000]).max())


def test_true_peaks_stay_below_the_ceiling(rng, figure):
    worst = {}
    for name, feed in hostile(rng).items():
        out = through(Limiter(RATE, 2), feed.astype(np.float32), (128,))
        worst[name] = true_peak_db(out)
    figure("limiter, hostile signals, true peak at 16 x", f"{max(worst.values()):.2f} dBTP")
    assert max(worst.values()) <= -0.9, worst


def test_what_is_quiet_passes_bit_for_bit(rng):
    feed = rng.uniform(-0.3, 0.3, (2, 9000)).astype(np.float32)
    limiter = Limiter(RATE, 2)
    out = through(limiter, feed, (128, 33))
    assert np.array_equal(out[:, LOOKAHEAD:], feed[:, :-LOOKAHEAD])
    assert limiter.latency == LOOKAHEAD
    assert limiter.take_reduction_db() == 0.0


def test_it_comes_back_after_a_peak(rng):
    feed = rng.uniform(-0.1, 0.1, (2, RATE)).astype(np.float32)
    feed[:, 1000] = 4.0
    limiter = Limiter(RATE, 2)
    out = through(limiter, feed, (128,))
    assert limiter.take_reduction_db() < -12
    assert limiter.take_reduction_db() == 0.0
    late = slice(RATE // 2, None)
    shifted = np.roll(feed, LOOKAHEAD, axis=1)
    assert np.abs(out[:, late] - shifted[:, late]).max() < 1e-3


def test_channels_share_one_gain(rng):
    """The image of a stereo sound stays where it is."""
    feed = np.stack([rng.normal(0, 1, RATE), np.zeros(RATE)]).astype(np.float32)
    feed[1] = 0.25 * feed[0]
    out = through(Limiter(RATE, 2), feed, (128,))
    assert np.abs(out[1] - 0.25 * out[0]).max() < 1e-6


@pytest.mark.parametrize("channels", [1, 2])
def test_it_keeps_the_contract_of_stages(rng, channels):
    feed = rng.normal(0, 0.7, (channels, 9000)).astype(np.float32)
    verify_blocks(lambda: Limiter(RATE, channels), feed)
    verify_causality(lambda: Limiter(RATE, channels), feed)
