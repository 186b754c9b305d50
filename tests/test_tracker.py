"""Tempo, octave, beat and downbeat of drum patterns whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf
import soxr

from engine.beat import bars, beats
from engine.beat import features as hearing
from engine.beat.file_tracker import mono, track
from engine.dsp.tempo import Tempo
from engine.io.sources import demo_feed

RATE = 22050
PATTERNS = {  # kick, snare, hat in sixteenths of one bar
    "two-step": ("X.........X.....", "....X.......X...", "x.x.x.x.x.x.x.x."),
    "break": ("X.X.......XX....", "....X..x.x..X..x", "x.x.x.x.x.x.x.x."),
    "half time": ("X.....X.........", "........X.......", "xxxxxxxxxxxxxxxx"),
    "four": ("X...X...X...X...", "....X.......X...", "..x...x...x...x."),
}
UNEVEN = {  # the same, of bars of three, five and seven beats
    "waltz": ("X...........", "....X...X...", "x.x.x.x.x.x."),
    "three and two": ("X...........X.......", "........X.......X...", "x.x.x.x.x.x.x.x.x.x."),
    "four and three": ("X.......x.......X...........", "....X.......X...........X...", "x." * 14),
}
CHORDS = (0, 5, 7, 3)


def drums(
    pattern: str,
    bpm: float,
    lead_s: float = 0.0,
    form: str = "i8 d16 b4 d8",
    seed: int = 0,
    chords: bool = True,
) -> np.ndarray:
    """A piece, (n,) float32: ``i`` intro of pads, ``d`` drop, ``b`` break, each so many bars."""
    parts = (PATTERNS | UNEVEN)[pattern]
    rng = np.random.default_rng(seed)
    t = np.arange(RATE // 4) / RATE
    hits = (
        np.sin(2 * np.pi * (50 * t + 4 * (1 - np.exp(-40 * t)))) * np.exp(-12 * t),
        (0.6 * rng.normal(size=len(t)) + 0.5 * np.sin(2 * np.pi * 190 * t)) * np.exp(-18 * t),
        0.2 * np.diff(rng.normal(size=len(t)), prepend=0.0) * np.exp(-60 * t),
    )
    sections = [(part[0], int(part[1:])) for part in form.split()]
    steps = len(parts[0])
    bar = 15 * steps / bpm
    sound = np.zeros(round((lead_s + bar * sum(n for _, n in sections) + 0.5) * RATE))

    def put(hit, time, gain):
        at = round(time * RATE)
        end = min(len(sound), at + len(hit))
        sound[at:end] += gain * hit[: end - at]

    number = 0
    for kind, count in sections:
        for _ in range(count):
            begin = lead_s + number * bar
            chord = np.arange(round(bar * RATE)) / RATE
            fade = np.minimum(1.0, chord / 0.03)
            for step in (0, 7, 15) if chords else ():
                hz = 110 * 2 ** ((CHORDS[number % 4] + step) / 12)
                put(fade * np.sin(2 * np.pi * hz * chord), begin, 0.06)
            for part, hit in enumerate(hits if kind == "d" else ()):
                for step, letter in enumerate(parts[part]):
                    if letter != ".":
                        gain = 0.8 if letter == "X" else 0.35
                        put(hit, begin + step * bar / steps, gain)
            number += 1
    sound += rng.normal(0, 1e-4, len(sound))
    return (0.7 * sound / np.abs(sound).max()).astype(np.float32)


def off(found: Tempo, bpm: float, downbeat_s: float) -> float:
    """How far the found downbeats are from the true ones, seconds, counted within a bar."""
    bar = 60 * found.beats_per_bar / bpm
    return (found.downbeat_s - downbeat_s + bar / 2) % bar - bar / 2


def find(sound: np.ndarray, expected: float = 175.0, beats_per_bar: int = 4) -> Tempo | None:
    return beats.find(hearing.hear(sound), expected, beats_per_bar)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    ("bpm", "lead_s"), [(162.7, 0.0), (171.31, 1.37), (175.0, 0.61), (184.2, 2.9)]
)
def test_patterns_at_several_tempi(pattern, bpm, lead_s, figure):
    sound = drums(pattern, bpm, lead_s)
    found = find(sound)
    end = len(sound) / RATE
    drift = (found.bpm / bpm - 1) * end
    if bpm == 171.31:
        ms = 1000 * off(found, bpm, lead_s)
        figure(f"tracker, {pattern}", f"downbeat {ms:+.1f} ms, end {1000 * drift:+.1f} ms off")
    assert abs(off(found, bpm, lead_s)) <= 0.005
    assert abs(drift) <= 0.005


@pytest.mark.parametrize("form", ["i8 d16 b4 d8", "d24"])
@pytest.mark.parametrize(("pattern", "beats_per_bar"), zip(UNEVEN, (3, 5, 7), strict=True))
def test_bars_of_other_lengths(pattern, beats_per_bar, form):
    found = find(drums(pattern, 171.31, 1.37, form), beats_per_bar=beats_per_bar)
    assert found.beats_per_bar == beats_per_bar
    assert found.bpm == pytest.approx(171.31, rel=1e-4)
    assert abs(off(found, 171.31, 1.37)) <= 0.005


@pytest.mark.parametrize("form", ["d24", "i2 d16", "i16 d8 b8 d8", "d6 b3 d16"])
def test_forms(form):
    found = find(drums("two-step", 168.4, 0.4, form))
    assert found.bpm == pytest.approx(168.4, rel=1e-4)
    assert abs(off(found, 168.4, 0.4)) <= 0.005


@pytest.mark.parametrize("pattern", ["two-step", "break", "half time"])
def test_drums_alone_say_where_the_bar_begins(pattern):
    """With no chords and no sections, cut so that the file begins on its second beat."""
    sound = drums(pattern, 172.0, 0.0, "d25", chords=False)[round(60 / 172.0 * RATE) :]
    assert abs(off(find(sound), 172.0, -60 / 172.0)) <= 0.005


@pytest.mark.parametrize(("expected", "bpm"), [(175.0, 172.0), (86.0, 86.0)])
def test_the_expected_tempo_decides_the_octave(expected, bpm):
    assert find(drums("half time", 172.0), expected).bpm == pytest.approx(bpm, rel=1e-4)


@pytest.mark.parametrize("bpm", [120.0, 128.0, 140.0])
def test_techno_is_not_taken_for_its_double(bpm):
    found = find(drums("four", bpm, 0.5))
    assert found.bpm == pytest.approx(bpm, rel=1e-4)
    assert abs(off(found, bpm, 0.5)) <= 0.005


def test_a_file_that_begins_in_the_middle():
    """The beginning of a file is a cue, but drums, chords and sections outvote it."""
    cut = 5.25 * 240 / 170.0  # on the second beat of a bar
    found = find(drums("two-step", 170.0, 0.0, "d32")[round(cut * RATE) :])
    assert abs(off(found, 170.0, -cut)) <= 0.005


@pytest.mark.parametrize("speed", [0.93, 1.04])
def test_the_demo_feed_at_other_speeds(speed):
    path, truth = demo_feed()
    sound, rate = sf.read(path, dtype="float32")
    played = soxr.resample(sound.mean(axis=1), rate, round(RATE / speed))
    found = find(np.asarray(played, np.float32))
    exact = RATE / round(RATE / speed)
    assert found.bpm == pytest.approx(truth.bpm * exact, rel=1e-4)
    assert abs(off(found, truth.bpm * exact, truth.downbeat_s / exact)) <= 0.005


def _nothing(kind: str, rng: np.random.Generator) -> np.ndarray:
    n = 20 * RATE
    return {
        "silence": np.zeros(n),
        "noise": rng.normal(0, 0.1, n),
        "one hit": np.eye(1, n, 3 * RATE)[0],
        "short": drums("four", 128.0, form="d1")[: RATE // 2],
        "empty": np.zeros(0),
    }[kind].astype(np.float32)


@pytest.mark.parametrize("kind", ["silence", "noise", "one hit", "short", "empty"])
def test_no_beat_is_said_so(kind, rng, tmp_path):
    sf.write(tmp_path / "x.wav", _nothing(kind, rng), RATE, subtype="FLOAT")
    assert track(tmp_path / "x.wav", 175.0) is None


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (44100, 2), (96000, 2)])
def test_rates_and_channels_and_samples_that_are_none(rate, channels, tmp_path):
    sound = soxr.resample(drums("two-step", 174.0, 0.3, "d16"), RATE, rate)
    sound = np.tile(sound[:, None], (1, channels))
    sound[1000], sound[2000] = np.nan, np.inf
    sf.write(tmp_path / "x.wav", sound, rate, subtype="FLOAT")
    found = track(tmp_path / "x.wav", 175.0)
    assert found.bpm == pytest.approx(174.0, rel=1e-4)
    assert abs(off(found, 174.0, 0.3)) <= 0.005


def test_blocks_of_any_size_are_heard_alike(rng):
    sound = rng.normal(0, 0.1, (2, 30001)).astype(np.float32)
    whole = mono([sound], 44100)
    parts = mono([sound[:, i : i + 777] for i in range(0, 30001, 777)], 44100)
    assert len(whole) == len(parts)
    np.testing.assert_allclose(whole, parts, atol=1e-6)


def test_what_is_heard_says_when():
    """A click at one second is in the frames of one second, in all features."""
    sound = np.zeros(2 * RATE, np.float32)
    sound[RATE] = 1.0
    heard = hearing.hear(sound)
    onset = np.argmax(heard.flux.sum(axis=1)) * hearing.HOP / RATE
    assert onset == pytest.approx(1.0, abs=0.03)
    assert np.argmax(heard.envelope) * hearing.ENVELOPE_HOP / RATE == pytest.approx(1.0, abs=0.002)
    assert np.argmax(heard.pitch.sum(axis=1)) * hearing.PITCH_HOP / RATE == pytest.approx(
        1, abs=0.1
    )


def test_every_cue_speaks_for_the_downbeat():
    heard = hearing.hear(drums("two-step", 170.0, 0.0, "i8 d16 b8 d16"))
    cues = bars.cue_table(heard, 60 / 170.0, 0.0)
    assert set(cues) == set(bars.WEIGHTS)
    for name in ("drums", "harmony", "section", "peaks", "entry"):
        assert np.argmax(cues[name]) == 0, name
