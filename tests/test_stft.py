"""Transforms reconstruct, whole and in blocks, with the latency they declare."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dsp.frontend import FrontEnd
from engine.dsp.inverse import InverseMel
from engine.dsp.stft import STFT, STFTStream, rate_factor
from engine.errors import UsageError
from tests.feeds import db

TRANSFORMS = {
    "low-delay 512": lambda: STFT.low_delay(48000),
    "low-delay 256": lambda: STFT.low_delay(48000, 256),
    "low-delay 96 kHz": lambda: STFT.low_delay(96000),
    "symmetric 44.1 kHz": lambda: STFT.symmetric(FrontEnd().at(44100)),
    "symmetric 48 kHz": lambda: STFT.symmetric(FrontEnd().at(48000)),
}


def through(stft, feed, hops_at_once):
    stream, step = STFTStream(stft, len(feed)), hops_at_once * stft.hop
    blocks = range(0, feed.shape[-1] - step + 1, step)
    return np.concatenate(
        [stream.synthesise(stream.analyse(feed[:, i : i + step])) for i in blocks], axis=-1
    )


@pytest.mark.parametrize("name", TRANSFORMS)
def test_reconstruction(name, rng, figure):
    stft = TRANSFORMS[name]()
    feed = rng.normal(0, 0.2, (2, 48 * stft.hop)).astype(np.float32)
    late = stft.latency - stft.hop
    outs = [through(stft, feed, n) for n in (1, 4, 48)]
    error = outs[0][:, late:] - feed[:, : feed.shape[-1] - late]
    null = db(np.mean(error.astype(np.float64) ** 2) / np.mean(feed**2))
    figure(f"reconstruction, {name}", f"{null:.1f} dB")
    assert null <= -125
    for out in outs[1:]:
        assert np.abs(out - outs[0]).max() <= 2e-6


def test_the_windows_are_mauler_and_martin_s():
    """h_A and h_S as printed in the paper, with d = 0."""
    k, m = 2048, 256
    n = np.arange(k)
    rise = 0.5 * (1 - np.cos(2 * np.pi * n / (2 * (k - m))))
    short = 0.5 * (1 - np.cos(2 * np.pi * (n - k + 2 * m) / (2 * m)))
    analysis = np.sqrt(np.where(n < k - m, rise, short))
    synthesis = np.where(n < k - m, short / np.maximum(analysis, 1e-9), np.sqrt(short))
    stft = STFT.low_delay(48000)
    assert np.abs(stft.analysis - analysis).max() <= 1e-6
    # The sum of the products over the hops is M/R; ours is divided by it.
    assert np.abs(stft.synthesis * (m / 128) - synthesis[-2 * m :]).max() <= 1e-5


@pytest.mark.parametrize("name", TRANSFORMS)
def test_noise_comes_out_at_its_variance(name, rng):
    stft = TRANSFORMS[name]()
    shape = (1, 400, stft.n_fft // 2 + 1)
    spectra = np.exp(2j * np.pi * rng.random(shape)) * np.sqrt(stft.noise_gain)
    out = STFTStream(stft, 1).synthesise(spectra.astype(np.complex64))
    assert abs(out[:, 5 * stft.hop :].var() - 1.0) < 0.05


def test_lengths_follow_the_rate():
    assert [rate_factor(r) for r in (24000, 44100, 48000, 88200, 96000)] == [0.5, 1, 1, 2, 2]
    assert STFT.low_delay(96000).latency == 1024
    with pytest.raises(UsageError, match="512 or 256"):
        STFT.low_delay(48000, 300)


def test_inverse_mel_gives_the_bands_back(rng, figure):
    analyser = FrontEnd().at(44100)
    power = rng.gamma(1.0, 100.0, (40, 1025)) * np.exp(-np.arange(1025) / 200)
    mel = power @ analyser.weights
    bins = InverseMel(analyser.weights)(mel)
    error = np.abs(10 * np.log10(bins @ analyser.weights / mel))
    figure("inverse mel, error of the bands, mean", f"{error.mean():.3f} dB")
    assert (bins >= 0).all()
    assert error.mean() <= 0.3


def test_inverse_mel_leaves_bins_alone_that_no_band_hears(rng):
    """Non-negative, single precision, nothing where no band reaches, and nothing of nothing."""
    analyser = FrontEnd().at(44100)
    unheard = analyser.weights.sum(axis=1) == 0
    assert 0 < unheard.sum() < 100
    mel = rng.gamma(1.0, 100.0, (3, 1025)) @ analyser.weights
    bins = InverseMel(analyser.weights)(mel.astype(np.float64))
    assert bins.dtype == np.float32
    assert (bins[:, unheard] == 0.0).all()
    assert (bins[:, ~unheard] > 0.0).all()
    silent = InverseMel(analyser.weights)(np.zeros((2, 128)))
    assert np.isfinite(silent).all()
    assert silent.max() < 1e-11


def test_inverse_mel_of_smooth_spectra_is_smooth():
    """What begins as a tenth of a percent of the mean, where least squares is negative, stays."""
    analyser = FrontEnd().at(44100)
    power = np.exp(-np.arange(1025) / 150)[None]
    bins = InverseMel(analyser.weights)(power @ analyser.weights)
    inner = slice(20, 700)
    assert np.abs(10 * np.log10(bins[0, inner] / power[0, inner])).max() < 3.0


@pytest.mark.parametrize("name", TRANSFORMS)
def test_hops_one_by_one_and_together_are_the_same(rng, name):
    stft = TRANSFORMS[name]()
    feed = rng.normal(size=(2, 40 * stft.hop)).astype(np.float32)
    one, other = STFTStream(stft, 2), STFTStream(stft, 2)
    single = [
        one.synthesise(one.analyse(feed[:, at : at + stft.hop]))
        for at in range(0, feed.shape[-1], stft.hop)
    ]
    pieces, at = [], 0
    for hops in (2, 1, 3, 5, 2, 2, 10, 15):
        pieces.append(
            other.synthesise(other.analyse(feed[:, at * stft.hop : (at + hops) * stft.hop]))
        )
        at += hops
    assert at == 40
    together = np.concatenate(pieces, axis=-1)
    assert together.dtype == np.float32
    assert np.abs(together - np.concatenate(single, axis=-1)).max() < 1e-6


@pytest.mark.parametrize("name", TRANSFORMS)
def test_after_what_was_only_heard_the_sound_is_whole_again(rng, name):
    stft = TRANSFORMS[name]()
    feed = rng.normal(size=(2, 60 * stft.hop)).astype(np.float32)
    stream, unheard = STFTStream(stft, 2), 20 * stft.hop
    stream.synthesise(stream.analyse(feed[:, :unheard]))
    stream.hear(feed[:, unheard : 2 * unheard])
    out = stream.synthesise(stream.analyse(feed[:, 2 * unheard :]))
    late = stream.delay
    assert np.abs(out[:, : stft.hop]).max() < np.abs(feed).max()  # no tail of what was before
    whole = out[:, late:] - feed[:, 2 * unheard : 3 * unheard - late]
    assert np.abs(whole[:, : -stft.reach]).max() < 1e-5
