"""The kernel: its transform against scipy's, and its sound against the formulas written out in full
precision."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft

from engine.dsp.frontend import FrontEnd
from engine.dsp.kernel_plan import Mix
from engine.dsp.kernel_slot import Kernel
from engine.dsp.loudness import k_weights, silence_power
from engine.dsp.noise import TABLE, phase_table
from engine.dsp.stft import STFT
from engine.dsp.transform import transform, twiddles

RATE = 48000
BANDS = FrontEnd().n_mels
HOP = 128


def db(values):
    return 10 * np.log10(np.mean(np.square(values, dtype=np.float64)) + 1e-30)


def kernel(channels=2, rate=RATE, synthesis=512):
    analyser = FrontEnd().at(rate)
    return Kernel(analyser, STFT.low_delay(rate, synthesis), channels), analyser


def rendered(it, feed, gains=None, noises=None, levels=None, hops_at_once=7, wet=1.0):
    hop = it.stft.hop
    hops = feed.shape[-1] // hop
    gains = np.zeros((hops, BANDS), np.float32) if gains is None else gains
    noises = np.zeros((hops, BANDS), np.float32) if noises is None else noises
    asked = np.full((hops, 2), (wet, -1.0))
    if levels is not None:
        asked[:, 1] = levels
    parts = []
    for first in range(0, hops, hops_at_once):
        rows = slice(first, min(first + hops_at_once, hops))
        block = feed[:, rows.start * hop : rows.stop * hop]
        parts.append(it.render(block, gains[rows], noises[rows], asked[rows], first))
    return np.concatenate(parts, axis=-1)


@pytest.mark.parametrize("size", [4, 8, 16, 512, 1024, 2048, 4096, 8192])
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


@pytest.mark.parametrize("size", [0, 2, 3, 100])
def test_a_size_that_is_no_power_of_two_is_refused(size):
    with pytest.raises(ValueError, match="no power of 2"):
        twiddles(size)


@pytest.mark.parametrize(("channels", "rate", "synthesis"), [(1, 48000, 512), (2, 44100, 256)])
@pytest.mark.parametrize("hops_at_once", [1, 5])
def test_without_a_gain_it_is_the_feed(channels, rate, synthesis, hops_at_once, rng):
    it, _ = kernel(channels, rate, synthesis)
    feed = rng.normal(0, 0.2, (channels, 60 * it.stft.hop)).astype(np.float32)
    out = rendered(it, feed, hops_at_once=hops_at_once)
    late = it.stft.reach - it.stft.hop
    assert db(out[:, late:] - feed[:, : feed.shape[-1] - late]) < db(feed) - 125


def reference(feed, stft, analyser, gains, noises, level, mix):
    """What the kernel computes, in double precision, frame by frame."""
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
        if mix.match:
            fresh = np.array([(loud * np.abs(x) ** 2).sum() for x in (spectra, made)])
            powers = keep * powers + fresh * (fresh.min() > silence_power(n))
            if powers.all():
                factor = np.clip(np.sqrt(powers[0] / powers[1]), 10**-0.6, 10**0.6)
        amount = max(mix.amount, 1.0 - (i + 1) * hop / (0.02 * analyser.rate))
        heard = spectra + amount * (factor * mix.level * made - spectra)
        piece = np.fft.irfft(heard, n)[:, -stft.reach :] * stft.synthesis
        out[:, i * hop : i * hop + stft.reach] += piece
    return out[:, : hops * hop]


@pytest.mark.parametrize(
    ("channels", "rate", "synthesis"),
    [(1, 48000, 512), (2, 48000, 256), (3, 44100, 512), (2, 24000, 512), (2, 96000, 512)],
)
@pytest.mark.parametrize("mix", [Mix(), Mix(True, 0.8, 1.0), Mix(True, 1.0, 0.3)])
def test_it_is_the_formula(channels, rate, synthesis, mix, rng):
    """Gains, noise of the feed's level, loudness, level and amount, against double precision."""
    it, analyser = kernel(channels, rate, synthesis)
    hops, hop = 90, it.stft.hop
    scale = 0.1 * (1 + np.sin(np.arange(hops * hop) / 3000))
    feed = (scale * rng.standard_normal((channels, hops * hop))).astype(np.float32)
    gains = rng.uniform(-20, 12, (hops, BANDS)).astype(np.float32)
    noises = rng.uniform(0, 0.02, (hops, BANDS)).astype(np.float32)
    it.mix = mix
    out = rendered(it, feed, gains, noises, 0.008)
    wanted = reference(feed, it.stft, analyser, gains, noises, 0.008, mix)
    assert db(out - wanted) < db(wanted) - 115


def test_an_amount_is_approached_within_20_ms(rng):
    it, _ = kernel()
    feed = np.full((2, 100 * HOP), 0.1, np.float32)
    gains = np.full((100, BANDS), 6.0, np.float32)
    rendered(it, feed, gains)
    it.mix = Mix(amount=0.0)
    out = rendered(it, feed, gains, hops_at_once=1) / 0.1
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
    alike = noise_of(kernel()[0], [0.01] * 200)[50:].mean()
    assert alike == pytest.approx(0.01, rel=0.1)
    tenth = noise_of(kernel()[0], [0.001] * 200, density=0.001)[50:].mean()
    assert tenth == pytest.approx(0.0001, rel=0.4)  # of the loudest of 60 ms
    cut = noise_of(kernel()[0], [0.01] * 100 + [0.0] * 100)
    assert cut[100:118].mean() > 0.005
    assert not cut[100 + round(0.06 * RATE / HOP) + 5 :].any()
    much = noise_of(kernel()[0], [0.01] * 200, density=1.0)[50:].mean()
    assert much == pytest.approx(0.04, rel=0.4)


def test_noise_repeats_to_the_bit_and_every_hop_has_another():
    a, b = (noise_of(kernel()[0], [0.01] * 40) for _ in range(2))
    assert np.array_equal(a, b)
    table = phase_table(1025)
    assert np.allclose(table[0] ** 2 + table[1] ** 2, 1.0, atol=1e-6)
    hops = np.arange(3) * 2654435761 >> 8
    one, other = (table[:, h % TABLE : h % TABLE + 1025] for h in hops[1:])
    assert abs((one * other).sum()) / 1025 < 0.2


def test_what_was_only_heard_is_there_when_it_is_listened_to(rng):
    feed = rng.normal(0, 0.2, (2, 80 * HOP)).astype(np.float32)
    whole, joined = kernel()[0], kernel()[0]
    wanted = rendered(whole, feed, hops_at_once=1)
    joined.hear(feed[:, : 10 * HOP])
    joined.hear(feed[:, 10 * HOP : 40 * HOP])
    out = rendered(joined, feed[:, 40 * HOP :], hops_at_once=1)
    late = joined.stft.reach - HOP
    assert np.array_equal(out[:, late:], wanted[:, 40 * HOP + late :])


@pytest.mark.parametrize(
    ("block", "gains"), [((3, 256), 2), ((2, 255), 2), ((2, 256), 3), ((256,), 2)]
)
def test_a_part_of_another_shape_is_refused(block, gains):
    """Machine code would read and write beyond it."""
    it, _ = kernel()
    rows = np.zeros((gains, BANDS), np.float32)
    with pytest.raises(ValueError, match=r"hops of|channels|reshape"):
        it.render(np.zeros(block, np.float32), rows, rows, np.ones((2, 2)), 0)
