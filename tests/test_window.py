"""The four-downbeat window and the gains that are read from it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.dsp.frontend import FrontEnd
from engine.dsp.gain import MAX_GAIN_DB, Quality, gain_image
from engine.dsp.gain_reader import read
from engine.dsp.level import ModelLevel
from engine.dsp.path_setup import Arrangement, path_of, tell_tempo
from engine.dsp.path_state import KIND_WINDOW
from engine.dsp.published import Publisher, published
from engine.dsp.stft import STFT
from engine.dsp.tempo import Tempo, bucket
from engine.dsp.trailing import TrailingWindow
from engine.dsp.window import EDGE_REACH_S, Grid, PhraseWindow
from engine.errors import GeneratorError, UsageError

RATE = 44100
ANALYSER = FrontEnd().at(RATE)
PLACE = 3  # a band


def fill(window, seconds):
    """Columns whose first band is the time of their centre in seconds."""
    for centre in window.centres(round(seconds * RATE)):
        column = np.full(128, -20.0, np.float32)
        column[0] = centre / RATE
        window.push(column, 0.01)
    return window.snapshot()


def test_four_bars_at_175_bpm_are_472_and_a_half_columns():
    tempo = Tempo(175.0)
    assert tempo.phrase_s / FrontEnd().hop_s == pytest.approx(472.5)
    assert [bucket(c) for c in (472.5, 480.0, 480.1, 591.0, 689.0)] == [480, 480, 488, 592, 696]


@pytest.mark.parametrize("bpm", [87.0, 120.0, 174.0, 175.0])
@pytest.mark.parametrize("downbeat", [0.0, 0.3, -7.1, 100.0])
def test_phrase_window_is_indexed_by_position(bpm, downbeat):
    tempo = Tempo(bpm, downbeat)
    now = 2.6 * tempo.phrase_s
    snapshot = fill(PhraseWindow(ANALYSER, tempo), now)
    times = snapshot.db[:, 0]
    columns = np.arange(len(times))
    position = (snapshot.start + columns * snapshot.hop) / RATE
    in_circle = columns < snapshot.period
    heard = in_circle & (position <= now)
    assert np.abs(times[heard] - position[heard]).max() <= 0.6 / RATE
    before = in_circle & (position > now)
    assert np.abs(times[before] + tempo.phrase_s - position[before]).max() <= 0.6 / RATE
    padding = np.flatnonzero(~in_circle)
    source = np.rint(padding - snapshot.period).astype(int)
    assert np.array_equal(snapshot.db[padding], snapshot.db[source])
    assert snapshot.reach == pytest.approx(snapshot.period * snapshot.hop)
    assert now * RATE - snapshot.newest < snapshot.hop + 1


@pytest.mark.parametrize("to", [172.0, 175.0, 90.0])
@pytest.mark.parametrize("share", [0.002, 0.4, 0.999])
def test_a_window_at_another_tempo_keeps_the_place_of_what_it_holds(to, share):
    tempo, place = Tempo(174.0), PLACE
    window = PhraseWindow(ANALYSER, tempo)
    now_s = (2.0 + share) * tempo.phrase_s

    def hear(tempo, until_s):
        for centre in window.centres(round(until_s * RATE)):
            at = (centre / RATE - tempo.downbeat_s) / tempo.phrase_s
            column = np.full(128, -20.0, np.float32)
            column[place], column[place + 1] = at % 1.0, np.floor(at)
            window.push(column, 0.01)

    hear(tempo, now_s)
    tempo = tempo.changed(to, now_s)
    window.follow(tempo)
    for until_s in (now_s, now_s + 0.5 * tempo.phrase_s, now_s + 2.2 * tempo.phrase_s):
        hear(tempo, until_s)
        snapshot = window.snapshot()
        columns = np.arange(int(snapshot.period))
        off = snapshot.db[columns, place] - columns / snapshot.period
        off = (off + 0.5) % 1.0 - 0.5
        # A column of the slower tempo is at most; columns at the seam are half a column longer.
        assert np.abs(off).max() * snapshot.period <= 1.6 * max(1.0, 174.0 / to)
        newest = round((snapshot.newest - snapshot.start) / snapshot.hop)
        assert until_s * RATE - snapshot.newest < 2.1 * snapshot.hop
        old = snapshot.db[columns, place + 1] < np.floor(
            (until_s - tempo.downbeat_s) / tempo.phrase_s - 1e-9
        )
        assert not old[2 : max(2, newest - 1)].any()
        assert old[newest + 2 : -2].all()


@pytest.mark.parametrize("seed", range(20))
def test_columns_go_on_through_any_changes_of_tempo(seed):
    """Many changes within a column as well: no column is asked for that was there before."""
    rng = np.random.default_rng(seed)
    tempo, now, newest = Tempo(174.0), 0.0, -ANALYSER.after
    window = PhraseWindow(ANALYSER, tempo)
    for _ in range(400):
        now += rng.choice([0.001, 0.01, 0.5])
        if rng.random() < 0.7:
            tempo = tempo.changed(rng.uniform(170.0, 178.0), now)
            if rng.random() < 0.3:
                tempo = replace(tempo, downbeat_s=tempo.downbeat_s + rng.uniform(0.0, 8.0))
            window.follow(tempo)
        for centre in window.centres(round(now * RATE)):
            assert newest < centre <= newest + 2 * ANALYSER.hop
            newest = centre
            window.push(np.zeros(128, np.float32), 0.01)


@pytest.mark.parametrize("now_phrases", [0.3, 2.4])
@pytest.mark.parametrize("bpm", [128.0, 174.0, 190.0])
def test_a_tempo_that_is_found_leaves_each_column_its_time(bpm, now_phrases):
    """Before it was found the window went round at another tempo."""
    assumed = Tempo(174.0)
    window, now_s = PhraseWindow(ANALYSER, assumed), now_phrases * assumed.phrase_s
    fill(window, now_s)
    tempo = Tempo(bpm, 0.37)
    window.follow(tempo, found=True)
    snapshot = window.snapshot()
    position = (snapshot.start + np.arange(math.ceil(snapshot.period)) * snapshot.hop) / RATE
    latest = position - tempo.phrase_s * (position > now_s)
    known = (latest > now_s - 0.98 * assumed.phrase_s) & (latest > 0.03) & (latest < now_s - 0.03)
    assert known.sum() > 50
    times = snapshot.db[: len(position), 0]
    assert np.abs(times - latest)[known].max() < 2.0 * FrontEnd().hop_s


def test_the_newest_columns_without_a_circle():
    tempo = Tempo(175.0, 0.2)
    window = PhraseWindow(ANALYSER, tempo)
    for now_s in (2.0, 5.8, 17.0):
        fill(window, now_s)
        snapshot = window.trailing(128)
        assert (len(snapshot.db), snapshot.circular) == (128, False)
        position = (snapshot.start + np.arange(128) * snapshot.hop) / RATE
        assert np.abs(snapshot.db[:, 0] - position).max() < 1.01 * FrontEnd().hop_s
        assert snapshot.db[-1, 0] == pytest.approx(position[-1], abs=1e-4)
        assert now_s - position[-1] < FrontEnd().hop_s


def test_first_phrase_repeats_the_bars_heard():
    tempo = Tempo(175.0)
    snapshot = fill(PhraseWindow(ANALYSER, tempo), 1.5 * tempo.bar_s)
    bar = snapshot.period / 4
    newest = int((snapshot.newest - snapshot.start) / snapshot.hop)
    for column in range(newest + 1, 470):  # the last two were heard, just before the feed
        bars = np.ceil((column - newest) / bar)
        wanted = (column - bars * bar) * snapshot.hop / RATE
        assert abs(snapshot.db[column, 0] - wanted) <= FrontEnd().hop_s
    early = fill(PhraseWindow(ANALYSER, tempo), 0.4 * tempo.bar_s)
    assert 0 < early.reach <= 0.3 * RATE


def test_trailing_window_ends_now():
    snapshot = fill(TrailingWindow(ANALYSER, 480), 9.0)
    times = snapshot.db[:, 0]
    assert np.allclose(np.diff(times), FrontEnd().hop_s, atol=1 / RATE)
    assert 9.0 - times[-1] <= FrontEnd().hop_s
    assert snapshot.start + 479 * snapshot.hop == pytest.approx(snapshot.newest)
    assert not snapshot.circular
    assert (snapshot.period, snapshot.reach) == (480.0, EDGE_REACH_S * RATE)


@pytest.mark.parametrize("width", [0, 128, 472, 5000])
def test_the_newest_columns_of_a_phrase_window_are_no_circle(width):
    window = PhraseWindow(ANALYSER, Tempo(175.0))
    fill(window, 1.3 * Tempo(175.0).phrase_s)
    snapshot = window.trailing(width)
    most = 472  # whole steps of the 473 columns of a phrase
    columns = min(width or most, most)
    assert snapshot.db.shape == (columns, 128)
    assert (snapshot.period, snapshot.circular) == (float(columns), False)
    assert snapshot.reach == EDGE_REACH_S * RATE
    assert snapshot.start + (columns - 1) * snapshot.hop == pytest.approx(snapshot.newest)
    assert snapshot.db[-1, 0] == pytest.approx(snapshot.newest / RATE, abs=FrontEnd().hop_s)


@pytest.mark.parametrize("clock", [Tempo(172.3, 0.11), None])
def test_end_of_column_is_when_a_column_can_be_pushed(clock):
    window = TrailingWindow(ANALYSER, 480) if clock is None else PhraseWindow(ANALYSER, clock)
    grid = window if clock is None else Grid(ANALYSER, clock)
    sample = 0
    for _ in range(1500):
        end = grid.end_of_column(sample)
        assert end > sample
        centres = window.centres(end - ANALYSER.after)
        assert [c + ANALYSER.after for c in centres] == [end]
        window.push(np.zeros(128, np.float32), 0.0)
        sample = end


def test_end_of_window_is_the_end_of_a_phrase():
    tempo = Tempo(175.0, 0.2)
    grid = Grid(ANALYSER, tempo)
    ends, sample = [], 0
    for _ in range(4):
        sample = grid.end_of_window(sample)
        ends.append(sample)
    wanted = [(0.2 + k * tempo.phrase_s) * RATE + ANALYSER.after for k in range(4)]
    assert np.all(np.abs(np.array(ends) - wanted) <= ANALYSER.hop + 1)


def image_of(snapshot, gain_db, generated=None):
    source = FrontEnd().normalise(snapshot.db + 40)
    made = source + np.float32(gain_db / 80) if generated is None else generated
    return gain_image(snapshot, source, made, ANALYSER, 0.0)


def test_what_a_faulty_generator_returned_is_said():
    snapshot = fill(PhraseWindow(ANALYSER, Tempo(175.0)), 6.0)
    source = FrontEnd().normalise(snapshot.db + 40)
    broken = source.copy()
    broken[3, :5] = np.nan, np.inf, -np.inf, np.nan, np.nan
    with pytest.raises(GeneratorError, match=r"returned 5 values that are not finite"):
        image_of(snapshot, 0.0, broken)
    with pytest.raises(GeneratorError, match=r"returned shape \(479, 128\).*of shape \(480, 128\)"):
        image_of(snapshot, 0.0, source[:-1])


class Reader:
    """The gains of one slot for any instants."""

    def __init__(self, tempo, width):
        stft = STFT.low_delay(RATE)
        what = published(1, 128, 0, width)
        feed, out = np.zeros((1, 2, 4096), np.float32), np.zeros((2, 4096), np.float32)
        self.path = path_of(ANALYSER, stft, Arrangement(1, 2), what, feed, out)
        self.path.slots["kind"] = KIND_WINDOW
        tell_tempo(self.path, tempo, True)
        self._publisher = Publisher(what, 0)

    def publish(self, image):
        self._publisher.image(image, 0)

    def read(self, sample):
        """Quality, gain of a band, share of the effect."""
        wet, _ = read(self.path.reader, 0, sample)
        quality = tuple(Quality)[self.path.slots["quality"][0]]
        return quality, wet * float(self.path.reader.gain[0, 5]), wet


@pytest.mark.parametrize("room", [480, 256])
def test_readings_fall_back_in_order(room):
    """Also where there is no room for all of an image."""
    tempo = Tempo(175.0)
    reader = Reader(tempo, room)
    image = image_of(fill(PhraseWindow(ANALYSER, tempo), 2 * tempo.phrase_s), 6.0)
    newest = image.source.newest
    reach = image.source.reach if room == 480 else 127 * image.source.hop
    reader.publish(image)
    seen = {}
    for sample in np.arange(newest - 5000, newest + reach + 2 * RATE, 128):
        quality, gain, _ = reader.read(float(sample))
        seen.setdefault(quality, []).append((sample, gain))
    assert list(seen) == [Quality.FRESH, Quality.PREDICTED, Quality.HELD, Quality.DRY]
    assert seen[Quality.PREDICTED][0][0] == pytest.approx(newest + image.source.hop, abs=256)
    assert seen[Quality.HELD][0][0] == pytest.approx(newest + reach, abs=256)
    assert seen[Quality.HELD][-1][0] == pytest.approx(newest + reach + 0.53 * RATE, abs=1600)
    for quality in (Quality.FRESH, Quality.PREDICTED):
        assert seen[quality][-1][1] == pytest.approx(6.0, abs=1e-3)
    assert seen[Quality.DRY][-1][1] == 0.0


def test_part_of_an_image_keeps_each_column_its_time():
    tempo = Tempo(175.0)
    snapshot = fill(PhraseWindow(ANALYSER, tempo), 2.4 * tempo.phrase_s)
    image = image_of(snapshot, 6.0)
    part = image.around_newest(200)
    assert len(part.level) == len(part.gain_db) == 200
    position = (part.source.start + np.arange(200) * part.source.hop) / RATE
    heard = position <= part.source.newest / RATE
    times = part.source.db[:, 0]
    assert np.abs(times - position)[heard].max() < 1.01 * FrontEnd().hop_s
    ahead = times[~heard] + tempo.phrase_s - position[~heard]
    assert np.abs(ahead).max() < 1.01 * FrontEnd().hop_s


def test_the_effect_comes_back_at_a_downbeat():
    tempo = Tempo(175.0)
    reader = Reader(tempo, 480)
    window = PhraseWindow(ANALYSER, tempo)
    first = image_of(fill(window, tempo.phrase_s), 6.0)
    reader.publish(first)
    lost = first.source.newest + first.source.reach + RATE
    for sample in np.arange(0, lost, 128):
        reader.read(float(sample))
    reader.publish(image_of(fill(window, lost / RATE + 0.1), 6.0))
    gains = {s: reader.read(float(s))[2] for s in np.arange(lost, lost + 2 * RATE, 128)}
    back = next(sample for sample, wet in gains.items() if wet > 0)
    bars = (back / RATE) / tempo.bar_s
    assert (bars - np.floor(bars)) * tempo.bar_s < 0.01


@pytest.mark.parametrize("fault", ["shape", "nan"])
def test_a_faulty_generated_image_is_refused(fault):
    snapshot = fill(TrailingWindow(ANALYSER, 480), 6.0)
    bad = np.full((480, 128), np.nan, np.float32) if fault == "nan" else np.zeros((479, 128))
    with pytest.raises(GeneratorError):
        image_of(snapshot, 0.0, bad)


def test_gain_is_limited_and_the_rest_is_noise():
    snapshot = fill(TrailingWindow(ANALYSER, 480), 6.0)
    image = image_of(snapshot, 30.0)
    assert image.gain_db.max() <= MAX_GAIN_DB
    assert image.noise is not None
    assert image_of(snapshot, 11.9).noise is None
    # The input's mel power at 20 dB (40 − 20), asked for 50, given 32: the rest is there.
    power = image.noise[100, 60] * ANALYSER.noise_gain[60]
    assert 10 * np.log10(power + 10**3.2) == pytest.approx(50.0, abs=0.1)


def test_model_level_brings_the_feed_to_the_training_loudness():
    level = ModelLevel(-18.0, FrontEnd().hop_s)
    assert level.gain_db == 0.0
    for _ in range(100):
        level.push(10**-3.0)
        level.push(1e-9)  # silence says nothing
    assert level.gain_db == pytest.approx(12.0, abs=0.01)
    for _ in range(20000):
        level.push(10**-1.0)
    assert level.gain_db == pytest.approx(-8.0, abs=0.1)


@pytest.mark.parametrize("bpm", [0.0, 19.9, 301.0, float("nan")])
def test_impossible_tempi_are_refused(bpm):
    with pytest.raises(UsageError, match="20 to 300"):
        Tempo(bpm)
