"""The fine ear: lines of the envelope, tone against noise, and what a fresh classifier tells."""

from __future__ import annotations

import numpy as np
import pytest

from train.data.dataset import RATE
from train.judge.fine_ear import column_rates_hz, fine_of, lines
from train.judge.telltale import excerpts, told

SECONDS = 4.0


def noise(seed, seconds=SECONDS):
    return np.random.default_rng(seed).normal(0, 0.1, (1, round(seconds * RATE)))


def fluttering(sound, hertz, depth):
    t = np.arange(sound.shape[-1]) / RATE
    return sound * (1 + depth * np.sin(2 * np.pi * hertz * t))


def test_a_line_in_the_envelope_is_found_where_it_is():
    plain = [fine_of(noise(seed), RATE) for seed in range(12)]
    twins = [fine_of(noise(seed), RATE) for seed in range(100, 112)]
    rate = column_rates_hz(RATE)["half"]
    assert rate == pytest.approx(43.07, abs=0.01)
    flutter = [fine_of(fluttering(noise(seed), rate, 0.2), RATE) for seed in range(12)]
    found = lines(flutter, [plain, twins], RATE)
    assert found.excess_db > 6
    assert found.at_hz == pytest.approx(rate, abs=0.5)
    assert found.level_db["half"] > 6
    none = lines([fine_of(noise(seed), RATE) for seed in range(200, 212)], [plain, twins], RATE)
    assert none.excess_db < 4
    assert abs(none.level_db["column"]) < 3


def test_a_line_that_the_input_has_too_is_none():
    rate = column_rates_hz(RATE)["half"]
    plain = [fine_of(noise(seed), RATE) for seed in range(100, 112)]
    both = [fine_of(fluttering(noise(seed), rate, 0.2), RATE) for seed in range(12)]
    assert lines(both, [both, plain], RATE).excess_db < 4


def test_tone_is_told_from_noise():
    t = np.arange(round(SECONDS * RATE)) / RATE
    chord = sum(np.sin(2 * np.pi * f * t) for f in np.geomspace(210, 9000, 40))[None]
    tone, hiss = (fine_of(sound, RATE).flatness_db for sound in (chord, noise(0)))
    assert (hiss - tone).mean() > 10
    assert hiss.mean() == pytest.approx(-2.5, abs=0.6)  # of a spectrum with two degrees of freedom


def test_modulation_is_that_of_the_envelope():
    slow = fine_of(fluttering(noise(0), 6.0, 0.8), RATE).modulation_db
    plain = fine_of(noise(0), RATE).modulation_db
    risen = (slow - plain).mean(axis=0)
    assert risen.argmax() == 0  # 4 to 8 Hz
    assert risen[0] > 6
    assert np.abs(risen[2:]).max() < 3


def test_a_fresh_classifier_tells_flutter_and_does_not_tell_nothing():
    tracks = [f"track {n}" for n in range(12)]
    real, more = (
        [excerpts(noise(seed), RATE) for seed in seeds] for seeds in (range(12), range(50, 62))
    )
    buzz = [excerpts(fluttering(noise(seed), 43.07, 0.7), RATE) for seed in range(100, 112)]
    assert told(buzz, real, (tracks, tracks)) > 0.95
    assert 0.3 < told(more, real, (tracks, tracks)) < 0.7
