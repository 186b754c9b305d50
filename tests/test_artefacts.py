"""Kernel distance, consistency and artefacts: each tells what it is for, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from tests.feeds import noise
from train.judge.artefacts import jitter_db, peak_dbfs, pre_echo_db
from train.judge.consistency import consistency
from train.judge.kernel import RealSounds

RATE = 44100
TRACKS = [f"track {i // 2}" for i in range(40)]


def test_the_kernel_distance_grows_with_the_distance(rng):
    real = RealSounds(rng.normal(size=(120, 16)))
    at = [real.distance(rng.normal(size=(40, 16)) + shift, TRACKS) for shift in (0.0, 0.5, 1.5)]
    assert at[0].low <= 0.0 <= at[0].high
    assert at[0].mean < at[1].low < at[1].mean < at[2].low
    assert all(one.low <= one.mean <= one.high for one in at)
    assert at[0].tracks == 20


def test_the_kernel_distance_is_the_mean_over_all_pairs(rng):
    """Written out: Chung et al. 2025, eq. 2, with the median distance for the bandwidth."""
    real, other = rng.normal(size=(12, 3)), rng.normal(size=(8, 3)) + 1.0
    kernel = lambda a, b, w: np.exp(-np.sum((a - b) ** 2) / (2 * w))  # noqa: E731
    pairs = [np.sum((a - b) ** 2) for a in real for b in real if a is not b]
    width = np.median([p for p in pairs if p > 0])
    own = lambda x: np.mean(  # noqa: E731
        [kernel(x[i], x[j], width) for i in range(len(x)) for j in range(len(x)) if i != j]
    )
    across = np.mean([kernel(a, b, width) for a in other for b in real])
    found = RealSounds(real).distance(other, TRACKS[:8]).mean
    assert found == pytest.approx(1000 * (own(other) + own(real) - 2 * across))


def images(rng, level, slope):
    """Views of 40 segments with hits that decay at a rate of their own."""
    t = np.arange(240)[:, None]
    hits = np.maximum(0.0, 40.0 - slope * (t % 24))
    return [level + hits + rng.normal(0, 2.0, (240, 128)) for _ in range(40)]


def test_outputs_of_a_kind_are_told_from_all_else(rng):
    shown = {
        "source": images(rng, 10.0, 1.0),
        "target": images(rng, 14.0, 3.0),
        "output": images(rng, 12.0, 2.0),
    }
    found = consistency(shown, dict.fromkeys(shown, TRACKS))
    assert found.accuracy > 0.9
    assert set(found.recall) == {"source", "target", "dummy", "output"}


def test_outputs_that_are_the_source_are_not_consistent(rng):
    shown = {
        "source": images(rng, 10.0, 1.0),
        "target": images(rng, 14.0, 3.0),
        "output": images(rng, 10.0, 1.0),
    }
    found = consistency(shown, dict.fromkeys(shown, TRACKS))
    assert found.recall["output"] < 0.75
    assert found.recall["target"] > 0.9
    assert consistency(shown, dict.fromkeys(shown, ["one"] * 40)) is None


def test_gains_that_flicker_are_musical_noise(rng):
    given = rng.uniform(20.0, 40.0, (400, 128))
    assert jitter_db(given, given + 6.0) == pytest.approx(0.0)
    assert jitter_db(given, given + rng.normal(0, 3.0, given.shape)) > 2.0
    assert jitter_db(np.full_like(given, -15.0), given) == 0.0  # nothing was heard there


def test_what_comes_before_a_hit_is_pre_echo(rng):
    t = np.arange(4 * RATE) / RATE
    onsets = np.array([0.5, 1.5, 2.5, 3.5])
    hits = sum(np.exp(-30 * np.maximum(t - at, 0)) * (t >= at) for at in onsets)
    hiss = rng.normal(0, 0.1, (2, len(t)))
    given = (hits * hiss + 1e-4 * hiss).astype(np.float32)
    early = given + 0.1 * np.roll(given, -round(0.02 * RATE), axis=1)
    assert pre_echo_db(given, 0.5 * given, onsets, RATE) == pytest.approx(0.0, abs=0.1)
    assert pre_echo_db(given, early, onsets, RATE) > 10.0


def test_the_peak_is_in_decibels_of_full_scale(rng):
    sound = noise(rng, 0.1, RATE)
    assert peak_dbfs(sound / np.abs(sound).max() * 2.0) == pytest.approx(6.02, abs=0.01)
