"""Phase from magnitudes alone: aligned, block by block, and as loud as it was."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dsp.frontend import FrontEnd
from engine.dsp.griffin_lim import GriffinLim
from engine.dsp.stft import STFT
from tests.feeds import noise

RATE = 24000
SECONDS = 6.0


@pytest.fixture
def stft():
    return STFT.symmetric(FrontEnd().at(RATE))


@pytest.fixture
def bursts(rng):
    """Noise that comes and goes, stereo, in whole hops."""
    feed = noise(rng, SECONDS, RATE)
    feed *= (np.arange(feed.shape[-1]) // 1000 % 3 == 0).astype(np.float32)
    feed[1] *= 0.25
    return feed[:, : feed.shape[-1] // 256 * 256]


def through(stft, feed, hops):
    stream, out = GriffinLim(stft, len(feed)), []
    step = hops * stft.hop
    for first in range(0, feed.shape[-1], step):
        out.append(stream.synthesise(stream.analyse(feed[:, first : first + step])))
    return np.concatenate(out, axis=-1), stream.delay


def test_magnitudes_come_back_where_they_were(stft, bursts, figure):
    out, delay = through(stft, bursts, 8)
    heard = out[:, delay:]
    given = bursts[:, : heard.shape[-1]]
    assert heard.shape[-1] > 3 * RATE
    levels = [
        np.sqrt(np.mean(x[:, : x.shape[-1] // 500 * 500].reshape(2, -1, 500) ** 2, axis=-1))
        for x in (given, heard)
    ]
    for channel in (0, 1):
        assert np.corrcoef(levels[0][channel], levels[1][channel])[0, 1] > 0.9
    frames = [
        np.abs(GriffinLim(stft, 2).analyse(x[:, : x.shape[-1] // stft.hop * stft.hop]))
        for x in (given, heard)
    ]
    error = np.linalg.norm(frames[0] - frames[1]) / np.linalg.norm(frames[0])
    figure("Griffin-Lim, 60 iterations: spectral convergence on noise", f"{error:.2f}")
    assert error < 0.35
    assert np.abs(given - heard).max() > 0.1  # and yet it is another sound: the phase is lost


def test_blocks_of_any_size_are_one_sound(stft, bursts):
    one, _ = through(stft, bursts, 1)
    many, _ = through(stft, bursts, 64)
    assert np.abs(one - many).max() < 1e-5


def test_a_feed_begins_at_its_own_level(stft, rng):
    feed = noise(rng, SECONDS, RATE)
    feed = feed[:, : feed.shape[-1] // 256 * 256]
    out, delay = through(stft, feed, 8)
    first, given = out[:, delay : delay + 1000], feed[:, :1000]
    assert np.sqrt(np.mean(first**2) / np.mean(given**2)) == pytest.approx(1.0, abs=0.3)


def test_silence_is_silence(stft):
    out, _ = through(stft, np.zeros((2, 512 * stft.hop), np.float32), 64)
    assert not out.any()


@pytest.mark.parametrize("side", [1.0, -0.5])
def test_the_sides_of_a_stereo_sound_stay_together(stft, rng, side):
    """The right channel is the left one, softer, or the other way round: it is so behind it too."""
    feed = noise(rng, SECONDS, RATE)[:1]
    feed = np.concatenate([feed, side * feed])[:, : feed.shape[-1] // 256 * 256]
    out, delay = through(stft, feed, 8)
    heard = out[:, delay:]
    assert np.abs(heard[0]).max() > 0.1
    assert np.corrcoef(*heard)[0, 1] == pytest.approx(np.sign(side), abs=0.01)
    assert np.std(heard[1]) / np.std(heard[0]) == pytest.approx(abs(side), rel=0.05)
