"""The kernel: its transform against scipy's, and its sound against the formulas written out in full
precision."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft

from engine.dsp.frontend import FrontEnd
from engine.dsp.loudness import k_weights, silence_power
from engine.dsp.noise import TABLE, phase_table
from engine.dsp.transform import transform, twiddles
from tests.paths import Kernel

RATE = 48000
BANDS = FrontEnd().n_mels
HOP = 128


def db(values):
    return 10 * np.log10(np.mean(np.square(values, dtype=np.float64)) + 1e-30)


def rendered(it, feed, gains=None, noises=None, level=-1.0, wet=1.0):
    hop = it.stft.hop
    hops = feed.shape[-1] // hop
    gains = np.zeros((hops, BANDS), np.float32) if gains is None else gains
    noises = np.zeros((hops, BANDS), np.float32) if noises is None else noises
    parts = [
        it.hop(feed[:, i * hop : (i + 1) * hop], gains[i], noises[i], wet, level)
        for i in range(hops)
    ]
    return np.concatenate(parts, axis=-1)


@pytest.mark.parametrize("size", [64, 128, 256, 512, 1024, 2048, 4096, 8192])
def test_the_transform_is_scipy_s(size, rng):
    signal = rng.standard_normal(size) + 1j * rng.standard_normal(size)
    re, im = signal.real.astype(np.float32), signal.imag.astype(np.float32)
    work, factors = np.zeros((2, size), np.float32), twiddles(size)
    a, b = re.copy(), im.copy()
    transform(a, b, *work, factors)
    wanted = scipy.fft.fft(re.astype(np.float64) + 1j * im)
    assert np.abs(a + 1j * b - wanted).max() < 3e-7 * np.abs(wanted).max()
    transform(b, a, *work, factors)
    assert np.abs(a / size - re).max() < 2e-6
    assert np.abs(b / size - im).max() < 2e-6


@pytest.mark.parametrize("size", [0, 2, 3, 32, 100])
def test_a_size_that_is_no_power_of_two_is_refused(size):
    with pytest.raises(ValueError, match="no power of 2"):
        twiddles(size)


@pytest.mark.parametrize(("channels", "rate", "synthesis"), [(1, 48000, 512), (2, 44100, 256)])
def test_without_a_gain_it_is_the_feed(channels, rate, synthesis, rng):
    it = Kernel(channels, rate, synthesis)
    feed = rng.normal(0, 0.2, (channels, 60 * it.stft.hop)).astype(np.float32)
    out = rendered(it, feed)
    late = it.stft.reach - it.stft.hop
    assert db(out[:, late:] - feed[:, : feed.shape[-1] - late]) < db(feed) - 125


def reference(feed, stft, analyser, gains, noises, level, mix):
    """What the kernel computes, in double precision, frame by frame."""
    match, own_level, own_amount = mix
    hop, n = stft.hop, stft.n_fft
    channels, hops = len(feed), feed.shape[-1] // hop
    spread = analyser.spread(n)
    table = phase_table(n // 2 + 1).astype(np.float64)
    loud = k_weights(np.fft.rfftfreq(n, 1 / analyser.rate)).astype(np.float64)
    padded = np.pad(feed.astype(np.float64), ((0, 0), (n - hop, 0)))
    out = np.zeros((channels, hops * hop + stft.reach))
    powers, keep = np.zeros(2), np.exp(-hop / (3.0 * analyser.rate))
    squares = np.mean(feed.astype(np.float64).reshape(channels, hops, hop) ** 2, axis=-1)
    length = max(1, round(0.06 * analyser.rate / hop))
    for i in range(hops):
        spectra = np.fft.rfft(padded[:, i * hop : i * hop + n] * stft.analysis)
        made = spectra * 10 ** (spread(gains[i]) / 20)
        recent = squares[:, max(0, i - length + 1) : i + 1].max(axis=1)
        live, power = recent.mean(), float(noises[i] @ spread.share(BANDS))
        gate = min(1.0, 4.0 * live / power) * min(1.0, live / level)
        place = (i * 2654435761 >> 8) % TABLE
        phases = table[0, place : place + n // 2 + 1] + 1j * table[1, place : place + n // 2 + 1]
        shape = phases * np.sqrt(spread(noises[i]) * stft.noise_gain)
        shape[[0, -1]] = shape[[0, -1]].real  # of a real signal
        made = made + np.sqrt(gate * recent / live)[:, None] * shape
        factor = 1.0
        if match:
            fresh = np.array([(loud * np.abs(x) ** 2).sum() for x in (spectra, made)])
            powers = keep * powers + fresh * (fresh.min() > silence_power(n))
            if powers.all():
                factor = np.clip(np.sqrt(powers[0] / powers[1]), 10**-0.6, 10**0.6)
        amount = max(own_amount, 1.0 - (i + 1) * hop / (0.02 * analyser.rate))
        heard = spectra + amount * (factor * own_level * made - spectra)
        piece = np.fft.irfft(heard, n)[:, -stft.reach :] * stft.synthesis
        out[:, i * hop : i * hop + stft.reach] += piece
    return out[:, : hops * hop]


@pytest.mark.parametrize(
    ("channels", "rate", "synthesis"),
    [(1, 48000, 512), (2, 48000, 256), (3, 44100, 512), (2, 24000, 512), (2, 96000, 512)],
)
@pytest.mark.parametrize("mix", [(False, 1.0, 1.0), (True, 0.8, 1.0), (True, 1.0, 0.3)])
def test_it_is_the_formula(channels, rate, synthesis, mix, rng):
    """Gains, noise of the feed's level, loudness, level and amount, against double precision."""
    it = Kernel(channels, rate, synthesis)
    hops, hop = 90, it.stft.hop
    scale = 0.1 * (1 + np.sin(np.arange(hops * hop) / 3000))
    feed = (scale * rng.standard_normal((channels, hops * hop))).astype(np.float32)
    gains = rng.uniform(-20, 12, (hops, BANDS)).astype(np.float32)
    noises = rng.uniform(0, 0.02, (hops, BANDS)).astype(np.float32)
    it.mix(*mix)
    out = rendered(it, feed, gains, noises, 0.008)
    wanted = reference(feed, it.stft, it.analyser, gains, noises, 0.008, mix)
    assert db(out - wanted) < db(wanted) - 115


def test_an_amount_is_approached_within_20_ms(rng):
    it = Kernel()
    feed = np.full((2, 100 * HOP), 0.1, np.float32)
    gains = np.full((100, BANDS), 6.0, np.float32)
    rendered(it, feed, gains)
    it.mix(False, 1.0, 0.0)
    out = rendered(it, feed, gains) / 0.1
    steps = np.abs(np.diff(out[0]))
    assert out[0, -1] == pytest.approx(1.0, abs=1e-3)
    first = int(np.argmax(out[0] < 1.99))
    assert int(np.argmax(out[0] < 1.005)) - first < 0.03 * RATE
    assert steps.max() < 0.01


def noise_of(it, levels, density=0.01, level=0.01):
    """Mean square of the noise, per hop, of feeds with these mean squares."""
    rng = np.random.default_rng(3)
    hops = len(levels)
    feed = rng.standard_normal((2, hops * HOP)).astype(np.float32)
    feed *= np.repeat(np.sqrt(np.asarray(levels, np.float32)), HOP)
    quiet = np.full((hops, BANDS), -60.0, np.float32)
    noises = np.full((hops, BANDS), density, np.float32)
    out = rendered(it, feed, quiet, noises, level)
    return np.mean(out.reshape(2, hops, HOP) ** 2, axis=(0, 2))


def test_noise_follows_the_feed():
    """As loud as it was asked for beside a feed like the one it was made for; quieter with a
    quieter one, silent 60 ms after it has stopped, and at most 6 dB above it."""
    alike = noise_of(Kernel(), [0.01] * 200)[50:].mean()
    assert alike == pytest.approx(0.01, rel=0.1)
    tenth = noise_of(Kernel(), [0.001] * 200, density=0.001)[50:].mean()
    assert tenth == pytest.approx(0.0001, rel=0.4)  # of the loudest of 60 ms
    cut = noise_of(Kernel(), [0.01] * 100 + [0.0] * 100)
    assert cut[100:118].mean() > 0.005
    assert not cut[100 + round(0.06 * RATE / HOP) + 5 :].any()
    much = noise_of(Kernel(), [0.01] * 200, density=1.0)[50:].mean()
    assert much == pytest.approx(0.04, rel=0.4)


def test_noise_repeats_to_the_bit_and_every_hop_has_another():
    a, b = (noise_of(Kernel(), [0.01] * 40) for _ in range(2))
    assert np.array_equal(a, b)
    table = phase_table(1025)
    assert np.allclose(table[0] ** 2 + table[1] ** 2, 1.0, atol=1e-6)
    hops = np.arange(3) * 2654435761 >> 8
    one, other = (table[:, h % TABLE : h % TABLE + 1025] for h in hops[1:])
    assert abs((one * other).sum()) / 1025 < 0.2
