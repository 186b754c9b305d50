"""Stutters of hi-hats are counted in sound, and strokes of kick and snare that are left."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from engine.errors import UsageError
from train.judge.hats import STUTTER_BEATS, hat_onsets_s, hats
from train.judge.strokes import heard, kept

RATE, BPM, BEATS = 44100, 75.0, 16
BEAT_S = 60.0 / BPM


def strokes(beats, band_hz=(7000.0, 14000.0), level=0.3):
    """Bursts of noise of 40 ms in a band, over a tone of 200 Hz, (1, samples)."""
    rng = np.random.default_rng(0)
    t = np.arange(round(BEATS * BEAT_S * RATE)) / RATE
    sound = np.zeros(len(t))
    sos = butter(4, band_hz, "bandpass", fs=RATE, output="sos")
    for beat in beats:
        n = round(0.04 * RATE)
        burst = sosfilt(sos, rng.normal(0.0, level, n)) * np.exp(-np.arange(n) / (0.008 * RATE))
        at = round(beat * BEAT_S * RATE)
        sound[at : at + n] += burst[: len(t) - at]
    return (sound + 0.1 * np.sin(2 * np.pi * 200.0 * t))[None]


def test_every_stroke_is_found_where_it_is():
    beats = np.arange(0.25, BEATS, 0.25)
    found = hat_onsets_s(strokes(beats), RATE)
    assert len(found) == len(beats)
    np.testing.assert_allclose(found, beats * BEAT_S, atol=0.006)


@pytest.mark.parametrize(
    ("apart", "share"), [(1 / 4, 0.0), (1 / 6, 0.0), (1 / 8, 1.0), (1 / 12, 1.0), (1 / 16, 1.0)]
)
def test_a_thirty_second_and_what_is_faster_stutters(apart, share):
    beats = np.arange(0.25, BEATS - 0.25, apart)
    figures = hats(strokes(beats), RATE, BPM)
    assert figures.onsets == len(beats)
    assert figures.stutters == share * (len(beats) - 1)
    assert figures.onsets_per_beat == pytest.approx(len(beats) / BEATS)
    assert figures.stutters_per_beat == figures.stutters / BEATS


def test_rolls_among_eighths_are_counted_and_swung_sixteenths_are_not():
    eighths = list(np.arange(0.25, BEATS - 1, 0.5))
    swung = [beat + 0.25 + 0.08 for beat in eighths]
    assert STUTTER_BEATS < 0.5 - 0.33
    assert hats(strokes(eighths + swung), RATE, BPM).stutters == 0
    roll = [beat + extra for beat in eighths[3::4] for extra in (0.125, 0.25, 0.375)]
    figures = hats(strokes(eighths + roll), RATE, BPM)
    assert figures.stutters == len(roll) + len(roll) // 3  # and the eighth that each roll leads to


def test_what_is_low_or_not_heard_is_no_hat():
    fast = np.arange(0.25, BEATS - 0.25, 1 / 8)
    assert hats(strokes(fast, (1000.0, 3000.0)), RATE, BPM).onsets == 0
    assert hats(strokes(fast, level=0.003), RATE, BPM).onsets == 0
    assert hats(np.zeros((2, RATE)), RATE, BPM).onsets == 0
    noise = np.random.default_rng(1).normal(0.0, 0.1, (1, 4 * RATE))
    assert hats(noise, RATE, BPM).stutters == 0


def test_a_stroke_of_two_drums_is_one():
    beats = np.arange(0.25, BEATS - 0.25, 0.5)
    late = beats + 0.02 / BEAT_S
    assert hats(strokes([*beats, *late]), RATE, BPM).stutters == 0


@pytest.mark.parametrize(("samples", "rate"), [(0, RATE), (RATE, 11025)])
def test_sound_without_such_frequencies_is_refused(samples, rate):
    with pytest.raises(UsageError, match="hats"):
        hats(np.zeros((1, samples)), rate, BPM)


def test_strokes_that_are_gone_are_missed_and_hats_are_no_strokes():
    beats = np.arange(1.0, BEATS - 1)
    before = heard(beats * BEAT_S, strokes(beats, (100.0, 4000.0)), RATE)
    assert before.all()
    after = heard(beats * BEAT_S, strokes(beats[::2], (100.0, 4000.0)), RATE)
    assert after.tolist() == [True, False] * (len(beats) // 2)
    assert kept(before, after) == pytest.approx(2 / 3)
    assert kept(before, before) == 1.0
    offbeats = strokes(beats + 0.5, (100.0, 4000.0)) + strokes(beats, (11000.0, 16000.0))
    assert not heard(beats * BEAT_S, offbeats, RATE).any()
