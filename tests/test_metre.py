"""Bars of three, five and seven beats: window, switches, clocks, screen, rig and takes."""

from __future__ import annotations

import json
import math

import mido
import numpy as np
import pytest
import soundfile as sf

from engine.config.request import EngineConfig, read, written
from engine.config.rig import Clock, Rig, Slot, Switch
from engine.control.clock import TICKS
from engine.control.clock_selector import ClockSelector
from engine.control.follow_clock import TempoEstimate
from engine.control.midi_feedback import MidiFeedback
from engine.control.switching import next_s
from engine.dsp.frontend import FrontEnd
from engine.dsp.limiter import LOOKAHEAD
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.errors import UsageError
from engine.host.controller import Controller
from engine.host.observer import place_of
from engine.host.session import begin_session
from engine.offline.replay import replay
from engine.offline.unpaced import offline_board, perform
from engine.state import shared_state as b
from engine.state.journal import FORMAT
from engine.state.timeline import FileTime
from engine.takes.asked import written_config
from engine.takes.take import read_take
from export import handmade
from tests.feeds import gain_peaks, sine
from tests.program import doubledrop

RATE = 24000
BPM = 300.0
COLUMN = 80  # 0.93 s into the phrase
METRES = [3, 5, 7]


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """A louder column at one place of the phrase, and 6 dB more everywhere, as presets."""
    made = []
    for name, build in (("column", handmade.one_column(COLUMN)), ("flat", handmade.flat(6.0))):
        folder = tmp_path_factory.mktemp(name)
        handmade.write(build, folder / "generator.onnx")
        (folder / "preset.toml").write_text(
            'format = 1\ndescription = "made by hand"\nlicence = "CC0-1.0"\n'
        )
        made.append(str(folder))
    return made


def message(*data):
    return mido.Message.from_bytes(list(data))


def swells(out, feed):
    """When the feed is louder, seconds."""
    hop = round(FrontEnd().hop_s * RATE)
    return np.array(gain_peaks(out.T, feed, hop)) / RATE


def assert_at(found, tempo, seconds):
    """A swell in each phrase whose column lies in the file, and nowhere else."""
    place = COLUMN * FrontEnd().hop_s
    first = math.ceil((0.4 - place - tempo.downbeat_s) / tempo.phrase_s)  # not at the very edge
    wanted = []
    while (at := tempo.phrase_start(first + len(wanted)) + place) < seconds - 0.4:
        wanted.append(at)
    inside = found[(found > 0.4) & (found < seconds - 0.4)]
    assert len(wanted) >= 2
    assert inside == pytest.approx(wanted, abs=0.012)


@pytest.mark.parametrize(("beats", "window"), [(3, "late"), (5, "phrase"), (7, "late")])
def test_a_file_is_rendered_by_its_own_bars(beats, window, presets, tmp_path):
    tempo = Tempo(BPM, 0.3, beats)
    feed = sine(1000, 2.4 * tempo.phrase_s, RATE)
    sf.write(tmp_path / "in.wav", feed.T, RATE, subtype="FLOAT")
    where = ["--bpm", BPM, "--downbeat", 0.3, "--beats-per-bar", beats, "--window", window]
    out = tmp_path / "out.wav"
    done = doubledrop("render", tmp_path / "in.wav", out, "--preset", presets[0], *where, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["beats_per_bar"], said["bpm"]) == (beats, BPM)
    sound = sf.read(out, always_2d=True, dtype="float32")[0]
    assert_at(swells(sound, feed), tempo, feed.shape[-1] / RATE)


@pytest.mark.parametrize("beats", [3])
def test_a_file_is_played_by_its_own_bars(beats, presets, tmp_path):
    tempo = Tempo(BPM, 0.3, beats)
    feed = sine(1000, 2.4 * tempo.phrase_s, RATE)
    sf.write(tmp_path / "in.wav", feed.T, RATE, subtype="FLOAT")
    ends = ["--input", tmp_path / "in.wav", "--output", tmp_path / "out.wav"]
    where = ["--bpm", BPM, "--downbeat", 0.3, "--beats-per-bar", beats]
    done = doubledrop("play", *ends, "--preset", presets[0], *where, "--json")
    assert done.returncode == 0, done.stderr
    sound = sf.read(tmp_path / "out.wav", always_2d=True, dtype="float32")[0]
    found = swells(sound[: feed.shape[-1]], feed)  # a recording lies on what was played
    place = COLUMN * FrontEnd().hop_s
    off = (found - 0.3 - place + 0.5 * tempo.phrase_s) % tempo.phrase_s - 0.5 * tempo.phrase_s
    assert len(found) >= 1
    assert np.abs(off).max() < 0.012


def performed(tmp_path, presets, seconds, score, beats, quantise="bar"):
    """A sine through a rig of two slots, the second 6 dB louder; output and figures."""
    feed = sine(1000, seconds, RATE)
    sf.write(tmp_path / "feed.wav", feed.T, RATE, subtype="FLOAT")
    rig = Rig(
        slots=[Slot(preset=preset, chain=[]) for preset in presets],
        clock=Clock(bpm=BPM, beats_per_bar=beats, sources=["midi", "fixed"]),
        switch=Switch(quantise=quantise, fade_s=0.05, match=False),
    )
    config = rig.config("cpu", rig.clock.tempo(), Settings())
    sink = tmp_path / "out.wav"
    done = perform(tmp_path / "feed.wav", sink, config, rig, score, inference_ms=20.0)
    return done, sf.read(sink, always_2d=True, dtype="float32")[0], feed


def clock(first_s, beats):
    tick_s = 60.0 / (BPM * TICKS)
    return [(first_s + n * tick_s, message(0xF8)) for n in range(round(beats * TICKS))]


@pytest.mark.parametrize(("beats", "quantise"), [(3, "phrase"), (7, "bar")])
def test_a_switch_falls_on_the_bar_after_a_midi_start(beats, quantise, presets, tmp_path):
    start_s, beat_s = 0.11, 60.0 / BPM
    length = beats * (4 if quantise == "phrase" else 1)
    called = 2 * length + 0.4  # of the third bar or phrase
    while called < 8:  # by then the clock leads
        called += length
    due_s = start_s + math.ceil(called / length) * length * beat_s
    score = [(0.0, message(0xFA)), *clock(start_s, called + length + 8)]
    score.append((start_s + called * beat_s, message(0xC0, 1)))
    score.sort(key=lambda pair: pair[0])
    done, out, feed = performed(tmp_path, presets, due_s + 1.0, score, beats, quantise)
    assert done.switches == 1
    loud = np.abs(out[:, 0]).reshape(-1, 24)[: int((due_s + 0.9) * 1000)].max(axis=1)
    calm = loud[round(1000 * (due_s - 0.25)) :]
    begins = np.flatnonzero(calm > 1.02 * np.abs(feed).max())[0] / 1000 - 0.25
    assert abs(begins) < 0.03  # a fade begins unheard
    assert calm[round(1000 * (begins + 0.3)) :].min() > 1.9 * np.abs(feed).max()


@pytest.mark.parametrize("beats", [3])
def test_a_phrase_begins_with_a_midi_start(beats, presets, tmp_path):
    """And after a stop where song position and Continue say, in sixteenths."""
    tempo = Tempo(BPM, 0.11, beats)
    again, place = 0.11 + 2.7 * tempo.phrase_s, 2 * beats + 1  # bar 3, beat 2
    score = [
        *((0.0, message(0xFA)), *clock(0.11, 2.5 * 4 * beats)),
        (again - 0.02, message(0xFC)),
        (again - 0.01, message(0xF2, 4 * place % 128, 4 * place // 128)),
        *((again - 0.005, message(0xFB)), *clock(again, 2.5 * 4 * beats)),
    ]
    end_s = again + 2.2 * tempo.phrase_s
    _, out, feed = performed(tmp_path, presets, end_s, score, beats)
    found = swells(out, feed)
    parts = (0.11, 2.2, again - 0.5), (again - place * tempo.beat_s, again + 2.5, end_s)
    for begins, first, last in parts:
        off = found[(found > first) & (found < last - 0.4)] - begins - COLUMN * FrontEnd().hop_s
        off = (off + 0.5 * tempo.phrase_s) % tempo.phrase_s - 0.5 * tempo.phrase_s
        assert len(off) >= 1
        assert np.abs(off).max() < 0.012


@pytest.mark.parametrize("beats", METRES)
def test_the_bar_on_the_screen_and_on_the_lights(beats):
    tempo = Tempo(120.0, 1.0, beats)
    shown = [place_of(tempo, 1.0 + 0.5 * (n + 0.5)) for n in range(4 * beats + 1)]
    assert shown == [(n // beats % 4 + 1, n % beats + 1) for n in range(4 * beats + 1)]
    assert next_s("bar", 1.0 + 0.5 * (beats + 0.5), tempo) == pytest.approx(1.0 + beats)
    assert next_s("phrase", 1.2, tempo) == pytest.approx(1.0 + 2 * beats)
    rig = Rig(slots=[Slot(preset="downbeat-filter")], clock=Clock(beats_per_bar=beats))
    with offline_board(asked_of(rig)) as shared:
        controller = Controller(shared, rig, timeline=FileTime())
        controller.clocks.tempo = tempo
        downbeat = next(x for x in rig.bindings() if x.target == "downbeat")
        lights = controller.lights
        assert isinstance(lights, MidiFeedback)
        lit = [lights._value(downbeat, 1.0 + 0.5 * n + 0.01) for n in range(2 * beats)]
        controller.stop()
    assert lit == [float(n % beats == 0) for n in range(2 * beats)]


def asked_of(rig):
    return rig.config("cpu", rig.clock.tempo(0.5), Settings())


@pytest.mark.parametrize("beats", METRES)
def test_what_is_heard_on_the_line_in_agrees_by_the_bar(beats):
    """Looks that are one beat off disagree, whatever the metre; those a bar apart agree."""
    tempo = Tempo(120.0, beats_per_bar=beats)
    clocks = ClockSelector(tempo, ["follow"])
    for n in range(4):
        clocks.hear_look(TempoEstimate(120.0, 0.7 + n * tempo.bar_s, beats), 10.0 + n)
        clocks.update(10.5 + n)
    assert clocks.lead.known
    off = (clocks.tempo.downbeat_s - 0.7) / tempo.bar_s
    assert off == pytest.approx(round(off), abs=1e-6)
    clocks = ClockSelector(tempo, ["follow"])
    for n in range(4):
        clocks.hear_look(TempoEstimate(120.0, 0.7 + n * tempo.beat_s, beats), 10.0 + n)
        clocks.update(10.5 + n)
    assert not clocks.lead.known


@pytest.mark.parametrize("beats", METRES)
def test_every_process_is_told_of_the_bar(beats):
    rig = Rig(slots=[Slot(preset="downbeat-filter")], clock=Clock(bpm=150.0, beats_per_bar=beats))
    config = asked_of(rig)
    assert config.tempo == Tempo(150.0, 0.5, beats)
    assert read(EngineConfig, written(config)) == config
    with offline_board(config) as shared:
        assert shared.wanted_tempo()[0] == config.tempo
        shared.want_tempo(Tempo(151.0, 0.7, beats))
        assert b.SharedState(shared.path).wanted_tempo()[0] == Tempo(151.0, 0.7, beats)


@pytest.mark.parametrize("beats", [3])
def test_a_take_is_played_again_by_its_own_bars(beats, presets, tmp_path):
    tempo = Tempo(BPM, 0.0, beats)
    seconds = 2.2 * tempo.phrase_s
    feed = sine(1000, seconds, RATE)
    rig = Rig(slots=[Slot(preset=presets[0], chain=[])], clock=Clock(bpm=BPM, beats_per_bar=beats))
    config = rig.config("cpu", rig.clock.tempo(), Settings())
    take = tmp_path / "take"
    take.mkdir()
    with offline_board(config) as shared:
        begin_session(shared, RATE, 128, (1, 1), config, 0)
        first = shared.device.played
        assert first == -shared.device.behind - LOOKAHEAD
    facts = {"format": FORMAT, "rate": RATE, "block": 128, "first_sample": first}
    facts |= {
        "inputs": 1,
        "outputs": 1,
        "models_sha256": [""],
        "asked": written_config(config),
    }
    (take / "take.json").write_text(json.dumps(facts))
    rows = [
        {"what": "opened", "at": 0, "wet": 1.0},
        {"what": "turned", "at": first, "wet": 1.0, "level": 1.0, "ready": -1.0},
        {"what": "tempo", "at": 0, "bpm": BPM, "downbeat_s": 0.0, "known": 1.0},
        {"what": "switch", "at": 0, "slot": 0, "fade_s": 0.25, "due": 0},
        {"what": "cross", "at": 0, "place": -1.0},
        {"what": "began", "at": 0, "heard": 0},
    ]
    for number, until in enumerate(range(1024, 400000, 1024), 1):
        rows.append({"what": "published", "at": until, "slot": 0, "number": number})
        rows.append({"what": "taken", "at": until + 512, "slot": 0, "number": number})
    (take / "decisions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    padded = np.pad(np.repeat(feed, 2, axis=0), ((0, 0), (-first, 0)))
    for name in ("dry", "wet", "out"):
        sf.write(take / f"{name}.wav", padded.T, RATE, subtype="FLOAT")
    replay(read_take(take), tmp_path / "again.wav", "cpu")
    sound = sf.read(tmp_path / "again.wav", always_2d=True, dtype="float32")[0][-first:]
    assert_at(swells(sound[:, :1], feed[:, : len(sound)]), tempo, len(sound) / RATE)


@pytest.mark.parametrize("beats", [-4, 0, 1, 13, 10**9])
def test_bars_that_cannot_be_are_named(beats, presets, tmp_path):
    with pytest.raises(UsageError, match="2 to 12"):
        Tempo(120.0, beats_per_bar=beats)
    sf.write(tmp_path / "in.wav", sine(1000, 1.0, RATE).T, RATE)
    ends = [tmp_path / "in.wav", tmp_path / "out.wav", "--preset", presets[0], "--bpm", "120"]
    done = doubledrop("render", *ends, "--beats-per-bar", beats)
    assert done.returncode == 2
    assert "--beats-per-bar" in done.stderr
    assert "2 to 12" in done.stderr.replace("\n", " ")
    (tmp_path / "rig.toml").write_text(
        f'clock = {{ beats_per_bar = {beats} }}\n[[slots]]\npreset = "downbeat-filter"\n'
    )
    done = doubledrop("rig", "check", tmp_path / "rig.toml")
    assert done.returncode == 2
    assert "beats_per_bar" in done.stderr
