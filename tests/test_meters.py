"""Loudness and true peak against the signals of EBU Tech 3341 that can be computed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from engine.dsp.loudness import k_sections, k_weights
from engine.dsp.meters import FLOOR_DB, LoudnessMeter, peak_db
from engine.dsp.true_peak import TruePeakMeter

RATE = 48000


def tone(*parts, hz=1000.0, rate=RATE):
    """A stereo sine: (level in dBFS, seconds) one after the other, without a step in its phase."""
    level = np.concatenate([np.full(round(s * rate), 10 ** (db / 20)) for db, s in parts])
    sine = np.sin(2 * np.pi * hz * np.arange(len(level)) / rate)
    return np.repeat((level * sine)[None], 2, axis=0).astype(np.float32)


def heard(sound, rate=RATE, block=1024):
    """The meter, and (momentary, short-term) after each block."""
    meter, seen = LoudnessMeter(rate, len(sound)), []
    for first in range(0, sound.shape[-1], block):
        meter.hear(sound[:, first : first + block])
        seen.append((meter.momentary, meter.short_term))
    return meter, np.array(seen)


def test_the_filters_are_those_of_the_standard():
    """BS.1770-5, annex 1, tables 1 and 2."""
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0]
    shelf += [-1.69065929318241, 0.73248077421585]
    high_pass = [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]
    assert k_sections(48000.0) == pytest.approx(np.array([shelf, high_pass]), abs=1e-9)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("level_db", [-23.0, -33.0])
def test_cases_1_and_2(rate, level_db):
    meter, _ = heard(tone((level_db, 20.0), rate=rate), rate)
    found = meter.momentary, meter.short_term, meter.integrated
    assert found == pytest.approx((level_db,) * 3, abs=0.1)


@pytest.mark.parametrize(
    "parts",
    [
        [(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)],
        [(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)],
        [(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)],
    ],
)
def test_cases_3_to_5(parts, figure):
    """Both gates."""
    meter, _ = heard(tone(*parts))
    figure("integrated loudness, EBU Tech 3341, cases 3 to 5", f"{meter.integrated:.2f} LUFS")
    assert meter.integrated == pytest.approx(-23.0, abs=0.1)


def test_case_9():
    """Short-term, constant after three seconds."""
    _, seen = heard(tone(*[(-20.0, 1.34), (-30.0, 1.66)] * 5), block=480)
    assert seen[301:, 1] == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("n", range(20))
def test_cases_10_and_13(n):
    """Bursts at any time: the highest short-term and momentary loudness."""
    _, seen = heard(tone((-200.0, 0.15 * n + 0.01), (-23.0, 3.0), (-200.0, 1.0)), block=480)
    assert seen[:, 1].max() == pytest.approx(-23.0, abs=0.1)
    _, seen = heard(tone((-200.0, 0.02 * n + 0.003), (-23.0, 0.4), (-200.0, 1.0)), block=480)
    assert seen[:, 0].max() == pytest.approx(-23.0, abs=0.1)


def test_case_12():
    """Momentary, constant after a second."""
    _, seen = heard(tone(*[(-20.0, 0.18), (-30.0, 0.22)] * 25), block=480)
    assert seen[101:, 0] == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("block", [100, 4799])
def test_blocks_of_any_size_are_heard_alike(rng, block):
    sound = (0.1 * rng.normal(size=(2, 4 * RATE))).astype(np.float32)
    one, other = heard(sound, block=480)[0], heard(sound, block=block)[0]
    assert other.integrated == pytest.approx(one.integrated, abs=1e-6)


def test_silence_is_silence():
    meter, _ = heard(np.zeros((2, RATE), np.float32))
    assert max(meter.momentary, meter.short_term, meter.integrated) < -90.0


def test_the_weights_of_spectra_are_those_of_the_filters():
    _, sections = k_weights(np.array([1000.0])), k_sections(RATE)
    assert sections.shape == (2, 6)
    for hz in (50.0, 997.0, 8000.0):
        meter, _ = heard(tone((-20.0, 2.0), hz=hz))
        weight = 10 * np.log10(k_weights(np.array([hz]))[0])
        assert meter.momentary == pytest.approx(-20.0 - 0.691 + weight, abs=0.02)


@pytest.mark.parametrize(
    ("times", "phase", "level"),
    [(4, 0, 0.5), (4, 45, 0.5), (6, 60, 0.5), (8, 67.5, 0.5), (4, 45, 1.41)],
)
def test_cases_15_to_19(times, phase, level):
    """True peaks between the samples: within +0.2 and -0.4 dB."""
    t = np.arange(2 * 19200)  # its beginning, a step from silence, is no longer shown at the end
    between = level * np.sin(2 * np.pi * t / times + np.deg2rad(phase))[None]
    meter = TruePeakMeter(0.4, RATE, 1)
    for first in range(0, len(t), 1000):
        meter.hear(between[:, first : first + 1000].astype(np.float32))
    assert -0.4 <= peak_db(meter.peak) - 20 * np.log10(level) <= 0.2


def test_a_true_peak_is_shown_for_its_time_whatever_the_blocks():
    rng = np.random.default_rng(5)
    sound = (0.1 * rng.standard_normal((2, 6000))).astype(np.float32)
    sound[1, 700:702] = 0.9, 0.9  # between them it is higher
    shown = []
    for block in (1, 77, 1000, 6000):
        meter = TruePeakMeter(0.1, RATE, 2)
        for first in range(0, 5000, block):
            meter.hear(sound[:, first : min(first + block, 5000)])
        shown.append(meter.peak)
    assert min(shown) == max(shown) > 1.0
    for _ in range(5):
        meter.hear(sound[:, 1000:2000])
    assert meter.peak < 0.6


def gated(sound, rate=RATE):
    """BS.1770-5, annex 1, written out: blocks of 400 ms every 100 ms, and both gates."""
    weighted = sound.astype(np.float64)
    for section in k_sections(rate):
        weighted = lfilter(section[:3], section[3:], weighted, axis=-1)
    length, step = round(0.4 * rate), round(0.1 * rate)
    firsts = range(0, sound.shape[-1] - length + 1, step)
    powers = np.array([np.mean(weighted[:, i : i + length] ** 2, axis=-1).sum() for i in firsts])
    loudness = lambda power: -0.691 + 10 * np.log10(power)  # noqa: E731
    powers = powers[loudness(powers) > -70.0]
    return loudness(powers[loudness(powers) > loudness(powers.mean()) - 10.0].mean())


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("seconds", [0.4, 0.5, 0.79, 3.0, 7.35])
def test_integrated_loudness_is_the_standards_written_out(rng, channels, seconds):
    """Of levels that lie on either side of both gates, block by block."""
    levels = 10 ** (rng.uniform(-4.2, -0.5, round(seconds / 0.05)))
    sound = rng.normal(size=(channels, len(levels), RATE // 20)) * levels[:, None]
    sound = sound.reshape(channels, -1).astype(np.float32)
    meter, _ = heard(sound, block=777)
    assert meter.integrated == pytest.approx(gated(sound), abs=1e-3)


def test_nothing_is_integrated_before_400_ms(rng):
    sound = (0.1 * rng.normal(size=(1, RATE))).astype(np.float32)
    meter = LoudnessMeter(RATE, 1)
    meter.hear(sound[:, : round(0.39 * RATE)])
    assert meter.integrated == FLOOR_DB
    meter.hear(sound[:, round(0.39 * RATE) : round(0.4 * RATE)])
    assert meter.integrated > -30.0


def test_the_floor_of_the_scale():
    assert peak_db(0.0) == pytest.approx(FLOOR_DB)
    assert peak_db(10 ** (FLOOR_DB / 20) * 1.01) > FLOOR_DB
    assert peak_db(0.5) == pytest.approx(-6.0206, abs=1e-4)


def test_a_meter_of_true_peaks_keeps_no_more_than_its_time():
    meter = TruePeakMeter(0.1, RATE, 1)
    loud, quiet = np.full((1, 480), 0.5, np.float32), np.zeros((1, 480), np.float32)
    assert meter.peak == 0.0
    meter.hear(np.zeros((1, 0), np.float32))
    meter.hear(loud)
    for _ in range(10):  # the filters ring into the first of them, and 0.1 s are ten blocks
        meter.hear(quiet)
        assert meter.peak > 0.5
    meter.hear(quiet)
    assert meter.peak < 0.5
    for _ in range(20):
        meter.hear(quiet)
    assert meter.peak == 0.0
