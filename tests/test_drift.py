"""Files whose tempo drifts: the beats are followed, and the effect's bars with them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile as sf

from engine.beat import file_tracker as tracker
from engine.beat.file_tracker import trace
from engine.config.rig import Clock, Rig, Slot
from engine.dsp.frontend import FrontEnd
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.dsp.tempo_map import TempoMap
from engine.offline.report import Report
from engine.offline.unpaced import perform
from export import handmade
from tests.feeds import db, gain_peaks, noise, run, sine
from tests.program import doubledrop
from tests.test_tracker import RATE, drums

COLUMN = 60  # 0.70 s into the phrase
STEP_S = 0.01


def linear(t, end_s):
    return 0.98 + 0.04 * t / end_s


def step(t, end_s):
    return np.where(t < 0.45 * end_s, 1.0, 1.04)


def drummer(t, end_s):
    return 1.0 + 0.012 * np.sin(2 * np.pi * t / 0.6 / end_s)


def drifting(sound, rate_at):
    """A sound played at a speed that changes; and where in it what is heard at a time was."""
    seconds = len(sound) / RATE
    t = np.arange(0.0, 1.2 * seconds, STEP_S)
    was = np.concatenate([[0.0], np.cumsum(rate_at(t, seconds)[:-1]) * STEP_S])
    at = np.interp(np.arange(0.0, t[-1], 1 / RATE), t, was)
    at = at[at < seconds]
    heard = np.interp(at * RATE, np.arange(len(sound)), sound).astype(np.float32)
    return heard, lambda times: np.interp(times, t, was)


def traced(sound, tmp_path, beats_per_bar=4, **options):
    sf.write(tmp_path / "x.wav", sound, RATE, subtype="FLOAT")
    return trace(tmp_path / "x.wav", Tempo(170.0, beats_per_bar=beats_per_bar), **options)


def off_ms(tempi, was, bpm, downbeat_s, seconds):
    """How far each downbeat of a map is from the nearest of the music, ms."""
    bar_s = tempi.first.beats_per_bar * 60.0 / bpm
    times = np.array([time_s for time_s, _ in tempi.downbeats(seconds)])
    off = (was(times) - downbeat_s + 0.5 * bar_s) % bar_s - 0.5 * bar_s
    return 1000.0 * off


@pytest.mark.parametrize("rate_at", [linear, step, drummer])
def test_a_drift_is_followed(rate_at, tmp_path, figure):
    heard, was = drifting(drums("two-step", 172.0, 0.4, "d24 b4 d20"), rate_at)
    found = traced(heard, tmp_path)
    off = off_ms(found.tempi, was, 172.0, 0.4, len(heard) / RATE - 2.0)
    said = f"{np.median(np.abs(off)):.0f} ms in the middle, {np.abs(off).max():.0f} at worst"
    figure(f"tempo that drifts, {rate_at.__name__}: downbeats", said)
    assert found.followed
    assert found.off_beats > 0.25
    assert np.median(np.abs(off)) < 10.0
    assert np.percentile(np.abs(off), 90) < 25.0
    wanted = 172.0 * rate_at(np.arange(0.0, len(heard) / RATE), len(heard) / RATE)
    assert found.tempi.bpm_range == pytest.approx((wanted.min(), wanted.max()), rel=0.008)


def test_a_drift_in_bars_of_three(tmp_path):
    heard, was = drifting(drums("waltz", 172.0, 0.4, "d60"), linear)
    found = traced(heard, tmp_path, beats_per_bar=3)
    assert found.followed
    assert {tempo.beats_per_bar for tempo in found.tempi.tempi} == {3}
    assert np.abs(off_ms(found.tempi, was, 172.0, 0.4, len(heard) / RATE - 2.0)).max() < 20.0


def test_a_downbeat_that_is_given_stays_one(tmp_path):
    heard, _ = drifting(drums("two-step", 172.0, 0.4, "d40"), linear)
    found = traced(heard, tmp_path, downbeat_s=10.1)
    assert min(abs(time_s - 10.1) for time_s, _ in found.tempi.downbeats(50.0)) < 0.01


@pytest.mark.parametrize("pattern", ["two-step", "break", "half time", "four", "waltz"])
def test_a_steady_tempo_is_one(pattern, tmp_path):
    """Also over long breaks, which say nothing of the tempo."""
    beats = 3 if pattern == "waltz" else 4
    found = traced(drums(pattern, 171.31, 0.6, "i8 d16 b16 d16"), tmp_path, beats)
    assert (found.off_beats, found.tempi.changes) == (0.0, ())
    assert found.tempi.first.bpm == pytest.approx(171.31, rel=1e-4)


def test_stretches_are_heard_as_one(tmp_path, monkeypatch):
    """A file longer than what is listened to at once."""
    monkeypatch.setattr(tracker, "_STRETCH", 1000 * 256)  # 11.6 s
    heard, was = drifting(drums("two-step", 172.0, 0.4, "d40"), step)
    found = traced(heard, tmp_path)
    assert found.tempi.changes
    off = off_ms(found.tempi, was, 172.0, 0.4, len(heard) / RATE - 2.0)
    assert np.median(np.abs(off)) < 10.0


def test_what_is_not_clear_enough_is_warned_of(tmp_path, monkeypatch):
    monkeypatch.setattr(tracker, "_CLEAR", 100.0)
    handmade.write(handmade.flat(6.0), tmp_path / "generator.onnx")
    (tmp_path / "preset.toml").write_text('format = 1\ndescription = "x"\nlicence = "CC0-1.0"\n')
    heard, _ = drifting(drums("two-step", 172.0, 0.4, "d16"), linear)
    sf.write(tmp_path / "x.wav", heard, RATE)
    where = [tmp_path / "x.wav", tmp_path / "out.wav", "--preset", tmp_path, "--window", "edge"]
    done = doubledrop("render", *where, "--json")
    assert done.returncode == 0
    assert "the tempo drifts" in done.stderr
    assert "beats off at 0:" in done.stderr
    assert "--window edge" in done.stderr
    said = json.loads(done.stdout)
    assert said["bpm_range"] == [said["bpm"]] * 2


def test_a_drift_that_is_followed_is_said(tmp_path):
    handmade.write(handmade.one_column(COLUMN), tmp_path / "generator.onnx")
    (tmp_path / "preset.toml").write_text('format = 1\ndescription = "x"\nlicence = "CC0-1.0"\n')
    heard, _ = drifting(drums("two-step", 172.0, 0.4, "d16"), linear)
    sf.write(tmp_path / "x.wav", heard, RATE)
    where = [tmp_path / "x.wav", tmp_path / "out.wav", "--preset", tmp_path]
    done = doubledrop("render", *where, "--json")
    assert done.returncode == 0, done.stderr
    assert "and is followed" in done.stderr
    low, high = json.loads(done.stdout)["bpm_range"]
    assert 166.0 < low < 171.0
    assert 173.0 < high < 177.0


MAP = TempoMap(
    Tempo(240.0, 0.3), (Tempo(225.0, 0.3 + 4.0), Tempo(250.0, 0.3 + 4.0 + 16 * 60 / 225.0))
)
SECONDS = 12.6


def starts(tempi, seconds):
    return [time_s for time_s, begins in tempi.downbeats(seconds) if begins]


@pytest.mark.parametrize("use", ["late", "phrase"])
def test_the_effect_s_bars_follow(use, generator):
    rate = 24000
    feed = sine(1000, SECONDS, rate)
    out, host = run(generator("column"), feed, rate, Settings(use=use), tempo=MAP)
    hop = FrontEnd().at(rate).hop
    found = np.array(gain_peaks(out, feed, hop)) / rate
    wanted = np.array(starts(MAP, SECONDS)) + 200 * FrontEnd().hop_s  # column 200
    found, wanted = found[found > 3.0], wanted[(wanted > 3.0) & (wanted < SECONDS - 0.1)]
    assert found == pytest.approx(wanted, abs=0.012)
    assert host.restyle.late == 0


@pytest.mark.parametrize(("use", "block"), [("late", 77), ("late", 8192), ("phrase", 777)])
def test_nothing_else_is_heard_of_it(use, block, generator, rng):
    rate = 24000
    feed = noise(rng, 9.5, rate)
    out, host = run(generator("identity"), feed, rate, Settings(use=use), tempo=MAP, block=block)
    assert db(np.mean((out - feed).astype(np.float64) ** 2) / np.mean(feed**2)) < -120
    assert host.restyle.share["dry"] < 0.02
    if use == "late":
        assert host.restyle.share["held"] == 0.0


def test_a_performance_follows_too(tmp_path):
    rate = 24000
    handmade.write(handmade.one_column(COLUMN), tmp_path / "generator.onnx")
    feed = sine(1000, SECONDS, rate)
    sf.write(tmp_path / "in.wav", feed.T, rate, subtype="FLOAT")
    slots = [Slot(preset=str(tmp_path), chain=[])]
    rig = Rig(slots=slots, clock=Clock(bpm=240.0, sources=["midi", "fixed"]))
    config = rig.config("cpu", MAP.first, Settings())
    ends = tmp_path / "in.wav", tmp_path / "out.wav"
    perform(*ends, config, rig, [], changes=MAP.changes, inference_ms=20.0)
    out = sf.read(ends[1], always_2d=True, dtype="float32")[0].T
    found = np.array(gain_peaks(out, feed, FrontEnd().at(rate).hop)) / rate
    wanted = np.array(starts(MAP, SECONDS)) + COLUMN * FrontEnd().hop_s
    found, wanted = found[found > 3.0], wanted[(wanted > 3.0) & (wanted < SECONDS - 0.1)]
    assert found == pytest.approx(wanted, abs=0.012)


def test_the_picture_marks_its_bars(generator):
    class Axis:
        def __init__(self):
            self.marks = []

        def axvline(self, time_s, lw, **options):
            self.marks.append((time_s, lw > 1.0))

    axis = Axis()
    Report(generator("flat").front_end.at(RATE), 1, SECONDS, MAP, "")._mark_downbeats(axis)
    assert [at for at, thick in axis.marks if thick] == starts(MAP, SECONDS)
    assert axis.marks[::2][:2] == [(0.3, True), (pytest.approx(1.3), False)]
    assert len(axis.marks) == 2 * len(list(MAP.downbeats(SECONDS)))


@pytest.mark.parametrize("beats", [3, 4])
def test_a_map_has_as_few_tempi_as_it_takes(beats):
    t = np.arange(0.0, 120.0, 0.1)
    steady = TempoMap.through(t, (t - 0.2) * 2.0, 120.0, beats)
    assert steady.changes == ()
    assert (steady.first.bpm, steady.first.beats_per_bar) == (pytest.approx(120.0), beats)
    risen = TempoMap.through(t, np.interp(t, [0, 48, 120], [0, 96, 96 + 72 * 2.1]), 120.0, beats)
    assert [tempo.bpm for tempo in risen.tempi] == pytest.approx([120.0, 126.0])
    assert risen.changes[0].downbeat_s == pytest.approx(48.0)
    assert (risen.at(47.0).bpm, risen.at(49.0).bpm) == pytest.approx((120.0, 126.0))
    bars = [time_s for time_s, _ in risen.downbeats(119.0)]
    assert np.diff(bars) == pytest.approx([beats / (2.0 if at < 47.9 else 2.1) for at in bars[:-1]])
