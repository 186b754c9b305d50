"""The engine's exact properties, each with the figure it reaches."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from tests.feeds import BPM, GAIN_STEP, db, gain_of, gain_peaks, noise, run, sine

RATES = [24000, 44100, 48000, 96000]


@pytest.mark.parametrize("use", ["late", "phrase", "edge"])
@pytest.mark.parametrize("rate", RATES)
def test_identity_is_the_input(rate, use, generator, rng, figure):
    feed = noise(rng, 7.0, rate)
    out, _ = run(generator("identity"), feed, rate, Settings(use=use))
    null = db(np.mean((out - feed).astype(np.float64) ** 2) / np.mean(feed**2))
    figure(f"identity null, {use}, {rate} Hz", f"{null:.1f} dB")
    assert null <= -125


@pytest.mark.parametrize("use", ["late", "phrase", "edge"])
def test_silence_stays_silence(use, generator):
    feed = np.zeros((2, 48000 * 6), np.float32)
    out, _ = run(generator("snare"), feed, 48000, Settings(use=use))
    assert not out.any()


@pytest.mark.parametrize("rate", RATES)
def test_flat_gain_is_flat_down_to_30_hz(rate, generator, rng, figure):
    for name, feed in (("noise", noise(rng, 7.0, rate)), ("30 Hz", sine(30, 7.0, rate))):
        out, _ = run(generator("flat"), feed, rate, Settings(use="late"))
        wanted = feed * np.float32(10 ** (6 / 20))
        error = db(np.mean((out - wanted).astype(np.float64) ** 2) / np.mean(wanted**2))
        figure(f"flat +6 dB, {name}, {rate} Hz", f"{error:.1f} dB")
        assert error <= -100


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize(("use", "lookahead"), [("late", 0), ("phrase", 0), ("phrase", 93)])
def test_column_in_the_phrase_is_heard_at_its_time(use, lookahead, rate, generator, figure):
    tempo = Tempo(BPM, downbeat_s=0.3)
    feed = sine(1000, 14.0, rate)
    hop = generator("column").front_end.at(rate).hop
    out, _ = run(
        generator("column"), feed, rate, Settings(use=use, lookahead_ms=lookahead), tempo=tempo
    )
    wanted = [tempo.phrase_start(k) * rate + 200 * hop for k in (-1, 0, 1, 2)]
    wanted = [w for w in wanted if 0 <= w < feed.shape[-1]]
    peaks = gain_peaks(out, feed, hop)
    off = [min(abs(p - w) for w in wanted) for p in peaks]
    figure(f"+12 dB column, {use}, look-ahead {lookahead} ms, {rate} Hz", f"{max(off):.0f} samples")
    assert len(peaks) >= 2
    assert max(off) <= 128


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_marked_column_at_the_edge_is_heard_at_its_time(rate, generator, figure):
    """Without a clock no column has a place of its own: the generator raises what is loud, and
    the gain has to fall on that very sound."""
    model = generator("marked")
    hop = model.front_end.at(rate).hop
    swells = [round(i * 30 * hop) for i in range(2, 12)]
    t = np.arange(round(5.0 * rate))
    level = np.full(len(t), 1e-3)
    for swell in swells:
        level += 0.2 * np.exp(-0.5 * ((t - swell) / (0.5 * hop)) ** 2)
    feed = (level * np.sin(2 * np.pi * 1000 * t / rate))[None].astype(np.float32)
    out, _ = run(model, feed, rate, Settings(use="edge", lookahead_ms=46))
    raised = np.maximum(gain_of(out, feed), 0.0)
    off = []
    for swell in swells[2:]:
        near = np.arange(-40, 41) + round(swell / GAIN_STEP)
        off.append(abs(np.sum(raised[near] * near) / np.sum(raised[near]) * GAIN_STEP - swell))
    assert raised.max() > 10.0
    figure(f"+12 dB column, edge, look-ahead 46 ms, {rate} Hz", f"{max(off):.0f} samples")
    assert max(off) <= 128


@pytest.mark.parametrize("use", ["phrase", "edge"])
@pytest.mark.parametrize("name", ["snare", "downbeat-filter"])
def test_a_cut_feed_is_silent_within_100_ms(use, name, generator, rng, figure):
    rate = 48000
    feed = noise(rng, 16.0, rate)
    cut = round((2 * Tempo(BPM).phrase_s + 2.2) * rate)  # column 200 lies 2.32 s into the phrase
    feed[:, cut:] = 0.0
    out, _ = run(generator(name), feed, rate, Settings(use=use), inference_ms=50)
    peak = float(np.abs(out[:, cut + rate // 10 :]).max())
    level = 20 * np.log10(max(peak, 1e-10))
    figure(f"cut feed after 100 ms, {name}, {use}", f"{level:.1f} dBFS")
    assert level <= -60


@pytest.mark.parametrize("synthesis", [512, 256])
def test_declared_latency_is_the_impulse_s(synthesis, generator, figure):
    rate = 48000
    feed = np.zeros((1, 3 * rate), np.float32)
    feed[0, 12345] = 0.7
    settings = Settings(synthesis=synthesis)
    out, host = run(generator("identity"), feed, rate, settings)
    at = int(np.argmax(np.abs(out[0])))
    figure(f"latency at 48 kHz, synthesis {synthesis}", f"{host.latency} samples, off {at - 12345}")
    assert host.latency == synthesis
    assert at == 12345


def test_noise_branch_puts_a_snare_into_a_gap(generator, rng, figure):
    """What a gain of 12 dB leaves undone, the noise does."""
    rate = 48000
    tempo = Tempo(BPM)
    model = generator("snare")
    analyser = model.front_end.at(rate)
    centre = tempo.phrase_s + 200 * analyser.hop / rate
    feed = noise(rng, 12.0, rate, channels=1)
    gap = slice(round((centre - 0.03) * rate), round((centre + 0.03) * rate))
    feed[:, gap] *= 1e-4
    column = {}
    for branch in (True, False):
        out, _ = run(model, feed, rate, Settings(use="late", noise_branch=branch), tempo=tempo)
        column[branch] = analyser.log_mel(out, origin=centre * rate, count=1)[0]
    gain_db = -18.0 - 10 * np.log10(np.mean(feed**2))  # the model's view of the feed
    wanted = 25.0 - gain_db
    # One column of noise is a few random numbers a band: eight bands are read together.
    power = {b: (10 ** (column[b] / 10)).reshape(-1, 8).mean(axis=1) for b in column}
    error = {b: float(np.mean(np.abs(10 * np.log10(power[b]) - wanted))) for b in power}
    figure(
        "snare in a gap, mel error with / without the noise branch",
        f"{error[True]:.1f} / {error[False]:.1f} dB",
    )
    assert error[True] <= 4.0
    assert error[False] >= error[True] + 15.0
