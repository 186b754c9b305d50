"""The one front end: golden numbers, agreement across rates and with a library."""

from __future__ import annotations

import json

import librosa
import numpy as np
import pytest
import scipy.fft

from engine.dsp.columns import ColumnStream
from engine.dsp.frontend import FrontEnd
from engine.errors import FrontEndError, ShapeError
from tests.golden import make_front_end as golden


def test_golden_numbers():
    wanted, found = json.loads(golden.GOLDEN.read_text()), golden.numbers()
    assert found["fingerprint"] == wanted["fingerprint"]
    assert found["windows"] == wanted["windows"]
    for rate, image in wanted["images"].items():
        audible = np.array(image) > -40.0  # below, float32 rounding shows
        assert np.abs(np.array(found["images"][rate]) - image)[audible].max() <= 0.01


@pytest.mark.parametrize("change", ["centre", "window", "scale", "hop"])
def test_golden_numbers_notice(change):
    rate, front_end = 44100, FrontEnd()
    analyser = type(front_end.at(rate))(front_end, rate)
    if change == "centre":
        analyser.before += 16
    elif change == "window":
        analyser.window = np.hamming(analyser.n).astype(np.float32)
    elif change == "scale":
        analyser.window = analyser.window * np.float32(1.01)
    else:
        analyser.hop *= 1.01
    image = analyser.log_mel(golden.signal(rate))[np.ix_(golden.COLUMNS, golden.BANDS)]
    wanted = np.array(json.loads(golden.GOLDEN.read_text())["images"][str(rate)])
    assert np.abs(image - wanted)[wanted > -40.0].max() > 0.05


@pytest.mark.parametrize("rate", [48000, 96000])
def test_rates_agree(rate, figure):
    images = [FrontEnd().at(r).log_mel(golden.signal(r)) for r in (44100, rate)]
    n = min(map(len, images)) - 3
    loud = images[0][3:n] > 0.0
    off = np.abs(images[1][3:n] - images[0][3:n])[loud]
    p99 = float(np.percentile(off, 99))
    figure(
        f"front end at {rate} Hz against 44.1 kHz, p99 / worst", f"{p99:.3f} / {off.max():.3f} dB"
    )
    assert p99 <= 0.06
    assert off.max() <= 0.1


def test_full_scale_sine_reads_as_designed():
    analyser = FrontEnd().at(44100)
    band = int(np.argmin(np.abs(analyser.centres_hz - 1000)))
    t = np.arange(44100) / 44100
    sine = np.sin(2 * np.pi * analyser.centres_hz[band] * t)[None].astype(np.float32)
    assert abs(analyser.log_mel(sine)[40, band] - 54.2) < 0.6  # between bins it reads less


@pytest.mark.parametrize("rate", [44100, 48000])
def test_bands_are_librosa_s(rate):
    analyser = FrontEnd().at(rate)
    wanted = librosa.filters.mel(
        sr=rate, n_fft=analyser.n, n_mels=128, fmin=20, fmax=20000, norm=None
    )
    assert np.abs(analyser.weights - wanted.T).max() <= 1e-6


def test_channels_share_one_image(rng):
    analyser = FrontEnd().at(48000)
    mono = rng.normal(0, 0.1, (1, 24000)).astype(np.float32)
    image = analyser.log_mel(mono)
    for many in (np.vstack([mono, mono]), np.vstack([mono, -mono]), np.vstack([mono] * 3)):
        assert np.abs(analyser.log_mel(many) - image)[image > -15].max() <= 0.01


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 88200, 96000])
def test_columns_are_what_the_formula_says(rng, rate, channels):
    """In double precision, with a transform of scipy's: quiet bands beside a loud tone too."""
    analyser = FrontEnd().at(rate)
    tone = 0.5 * np.sin(2 * np.pi * 997 * np.arange(rate) / rate)
    sound = rng.normal(0, 1e-3, (channels, rate)) + tone * rng.uniform(-1, 1, (channels, 1))
    sound, starts = sound.astype(np.float32), np.array([0, 5, rate - analyser.n])
    db, level = analyser.columns(sound, starts)
    frames = np.stack([sound[:, start : start + analyser.n] for start in starts])
    power = np.abs(scipy.fft.rfft(frames * analyser.window.astype(np.float64))) ** 2
    mel = power.mean(axis=1) @ analyser.weights.astype(np.float64)
    assert np.abs(db - 10 * np.log10(np.maximum(mel, 1e-12))).max() < 0.01
    windowed = np.mean((frames * analyser.window.astype(np.float64)) ** 2, axis=(1, 2))
    assert np.abs(level * np.mean(analyser.window**2) / windowed - 1).max() < 1e-3


def test_levels_are_mean_squares(rng):
    analyser = FrontEnd().at(48000)
    noise = rng.normal(0, 0.1, (2, 50 * analyser.n)).astype(np.float32)
    _, level = analyser.columns(noise, analyser.n * np.arange(50))
    assert abs(level.mean() / 0.01 - 1) < 0.05


@pytest.mark.parametrize("rate", [44100, 48000])
def test_a_column_is_the_same_whichever_others_it_is_computed_with(rng, rate):
    """To the bit: what a generator is told of the feed must not depend on how late it was."""
    analyser = FrontEnd().at(rate)
    sound = rng.normal(0, 0.1, (2, 9000)).astype(np.float32)
    starts = 600 * np.arange(9)
    alone = [analyser.columns(sound, starts[i : i + 1]) for i in range(9)]
    for n in (2, 3, 9):
        db, level = analyser.columns(sound, starts[:n])
        assert (db == np.concatenate([one for one, _ in alone[:n]])).all()
        assert (level == np.concatenate([one for _, one in alone[:n]])).all()


def test_a_stream_cuts_the_same_columns(rng):
    analyser = FrontEnd().at(48000)
    feed = rng.normal(0, 0.1, (2, 48000)).astype(np.float32)
    whole = analyser.log_mel(feed)
    stream, rows, column = ColumnStream(analyser, 2), [], 0
    for first in range(0, 48000, 777):
        block = feed[:, first : first + 777]
        stream.push([block])
        centres = []
        while round(column * analyser.hop) + analyser.after <= first + block.shape[1]:
            centres.append(round(column * analyser.hop))
            column += 1
        rows.append(stream.take(centres)[0])
    rows = np.concatenate(rows)
    assert len(rows) > 80
    assert np.abs(rows - whole[: len(rows)]).max() <= 1e-3


def test_specification_travels_as_text():
    front_end = FrontEnd(n_mels=64, floor_db=-20.0)
    assert FrontEnd.from_json(front_end.to_json()) == front_end
    assert front_end.fingerprint != FrontEnd().fingerprint
    for text in ("{", "{}", '{"n_mels": "many"}', "[]"):
        with pytest.raises(FrontEndError):
            FrontEnd.from_json(text)


@pytest.mark.parametrize("start", [-1, 53])
def test_windows_beyond_the_sound_are_refused(start):
    with pytest.raises(ShapeError, match="2048"):
        FrontEnd().at(44100).columns(np.zeros((1, 2100), np.float32), np.array([0, start]))


def test_bands_spread_to_the_right_bins():
    """A slope over the bands is the same slope over the bins, and the edges are held."""
    analyser = FrontEnd().at(48000)
    bins_hz = np.fft.rfftfreq(2048, 1 / 48000)
    spread = analyser.spread(2048)(analyser.centres_hz.astype(np.float32)[None])[0]
    low, high = analyser.centres_hz[[0, -1]]
    assert np.allclose(spread, np.clip(bins_hz, low, high), rtol=1e-4)
