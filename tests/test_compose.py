"""The composer: two genres, one score, twins, kits that are kept for held-out tracks."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from scipy.signal import hilbert

from engine.dsp.tempo import Tempo
from engine.errors import InputError, UsageError
from train.compose import kits as kit_module
from train.compose.drums import hits
from train.compose.genres import GENRES
from train.compose.kits import kits
from train.compose.library import PAIR, kick_and_snare_s, perform, plan, write_library
from train.compose.master import THIRDS_HZ, loudness, thirds_db
from train.compose.playing import HATS
from train.compose.samples import SampleLibrary
from train.compose.score import VELOCITY, Note, Score
from train.compose.sound import SAMPLE_RATE, high_pass
from train.compose.style import compose
from train.compose.tape import Tape
from train.compose.voices import eight_oh_eight
from train.judge.hats import STUTTER_BEATS, hats


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A one-shot of decaying noise for every name that the kits and performers know."""
    folder = tmp_path_factory.mktemp("samples")
    sources = Path(kit_module.__file__).parent.glob("*.py")
    text = "".join(source.read_text() for source in sources)
    names = set(re.findall(r'"((?:bd|sn|elec|drum|bass|vinyl|guit|ambi|perc)_\w+)"', text))
    assert len(names) > 20
    for i, name in enumerate(sorted(names)):
        noise = np.random.default_rng(i).normal(0, 0.2, SAMPLE_RATE * 2)
        steady = name == "vinyl_hiss"
        sound = noise if steady else noise * np.exp(-np.arange(len(noise)) / 3000)
        sf.write(folder / f"{name}.flac", np.clip(sound, -1, 1), SAMPLE_RATE)
    return folder


@pytest.fixture(scope="module")
def library(samples, tmp_path_factory):
    """A held-out liquid track with its twin, and a dancefloor track of the training set."""
    folder = tmp_path_factory.mktemp("library")
    plans = [p for p in plan(1, 1, seed=3) if p.name in ("liquid-0002", "dancefloor-0001")]
    done = list(write_library(samples, folder, plans, jobs=2))
    assert len(done) == 3
    return folder, plans


def read(path):
    sound, rate = sf.read(path)
    assert rate == SAMPLE_RATE
    return sound.T


@pytest.mark.parametrize("genre", GENRES)
def test_a_genre_has_eight_breaks_and_more(genre):
    manner = GENRES[genre].style
    drums = {tuple(sorted(b.items())) for b in manner.breaks}
    assert len(drums) == len(manner.breaks) >= 8
    bars = [*manner.breaks, *manner.fills, *manner.long_fills]
    patterns = [pattern for bar in bars for pattern in bar.values()]
    patterns += [*HATS, *manner.hats, *manner.open_hats, *manner.rides, *manner.shakers]
    for pattern in patterns:
        assert len(pattern) == 16
        assert set(pattern) <= {*VELOCITY, "."}
    for bar in manner.breaks:  # the snare of the paper: every second beat
        assert bar["snare"][4] == bar["snare"][12] == "X"


@pytest.mark.parametrize("genre", GENRES)
def test_compositions_are_productions(genre):
    manner, fast = GENRES[genre].style, genre in PAIR
    pieces = [compose(manner, Tempo(manner.bpm), np.random.default_rng(seed)) for seed in range(12)]
    assert len({p.key for p in pieces}) >= 6
    assert len({p.sections for p in pieces}) >= 3
    bass = {tuple(n.pitch for n in p.score.notes if n.part == "sub")[:16] for p in pieces}
    assert len(bass) == 12
    for piece in pieces:
        names = {name for name, _, _ in piece.sections}
        main, pause = ("drop", "breakdown") if fast else ("hook", "bridge")
        assert {"intro", main, pause, "outro"} <= names
        bars = sum(bars for _, _, bars in piece.sections)
        assert (64 if fast else 44) <= bars <= 80
        if not fast:  # two to four minutes at any of its tempi
            spread = manner.bpm * manner.bpm_spread
            assert bars * 240 / (manner.bpm + spread) > 120
            assert bars * 240 / (manner.bpm - spread) < 240
        _, first, _ = next(s for s in piece.sections if s[0] == main)
        snares = [n.beat % 4 for n in piece.score.notes if n.part == "snare"]
        assert min(abs(beat - 1.0) for beat in snares) < 0.03
        fills = [
            [n.beat - 4 * bar for n in piece.score.notes if 4 * bar <= n.beat < 4 * bar + 4]
            for bar in (first + 2, first + 3, first + 7)
        ]
        assert fills[0] != fills[1] != fills[2]


SLOW = tuple(genre for genre in GENRES if genre not in PAIR)
VERSE = (("verse", 4),)


def written(genre, seed=2):
    manner = GENRES[genre].style
    return compose(manner, Tempo(manner.bpm, 0.3), np.random.default_rng(seed), VERSE)


@pytest.mark.parametrize("genre", GENRES)
def test_how_a_genre_plays_a_score_leaves_all_but_hats_and_slides(genre, rng):
    for by in GENRES:
        score = written(by).score if by in SLOW else STEADY
        played = GENRES[genre].playing(score, rng)
        kept = [
            [(n.part, n.beat, n.pitch) for n in one.notes if n.part != "hat"]
            for one in (score, played)
        ]
        assert kept[0] == kept[1]
        hats = np.diff([n.beat for n in played.notes if n.part == "hat"])
        fast = np.count_nonzero(hats <= STUTTER_BEATS)
        if genre == "trap":
            assert fast >= 8
        elif genre in SLOW:
            assert fast == 0
        assert any(n.slide for n in played.notes) == (genre == "trap" and by in SLOW)
        basses = [n for n in played.notes if n.part == "sub"]
        for one, other in pairwise(basses):
            assert one.beat + one.beats <= other.beat + 1e-9 or genre != "trap"


# Hats as fast as they come, so that those who thin them out have something to do.
STEADY = Score(Tempo(75.0), tuple(Note("hat", beat) for beat in np.arange(0, 16, 0.0625)), 14.0)


def test_tempi_are_the_genres_own_and_tracks_are_the_same_in_any_pair():
    slow = plan(3, 2, seed=1, genres=("lofi", "trap"))
    assert {p.genre: p.other for p in slow} == {"lofi": "trap", "trap": "lofi"}
    assert all(63.0 < p.bpm < 87.0 for p in slow)
    assert len({p.bpm for p in slow}) == len(slow)
    assert {p.bpm for p in plan(1, 1, 1, 0.0, bpm=82.0, genres=("lofi", "rnb"))} == {82.0}
    three = plan(3, 2, seed=1, genres=("trap", "rnb", "lofi"))
    assert {p.genre: p.other for p in three} == {"trap": "rnb", "rnb": "lofi", "lofi": "trap"}
    own = {p.name: (p.kit, p.bpm, p.seed) for p in three}
    assert all(own[p.name] == (p.kit, p.bpm, p.seed) for p in slow)
    for wrong in ((), ("lofi",), ("lofi", "lofi"), ("lofi", "polka")):
        with pytest.raises(UsageError, match="genres"):
            plan(1, 1, 1, genres=wrong)


@pytest.mark.parametrize("genre", SLOW)
def test_the_slower_genres_are_heard(samples, genre):
    other = SLOW[SLOW.index(genre) - 1]
    piece = written(other)
    strokes = [piece.score.time_of(n) for n in piece.score.notes if n.part == "snare"]
    kit = kits(genre)[0][0]
    sound = perform(piece, genre, kit, SampleLibrary(samples), (1, 2))
    assert np.isfinite(sound).all()
    assert 0.3 < np.abs(sound).max() < 1.0
    high = high_pass(sound, 1500.0)
    stutters = hats(sound, SAMPLE_RATE, piece.score.tempo.bpm).stutters_per_beat
    assert stutters > 1.0 if genre == "trap" else stutters < 0.1
    assert len(strokes) >= 8
    rises = []
    for time_s in strokes:
        at = round(time_s * SAMPLE_RATE)
        before, after = high[:, at - 900 : at - 100], high[:, at : at + 1500]
        rises.append(np.square(after).mean() > 1.5 * np.square(before).mean())
    assert np.mean(rises) > 0.8


def test_a_slide_ends_at_the_pitch_it_slides_to():
    sound = eight_oh_eight(110.0, 2.0, 12, 0.5)[0]

    def hertz(start_s):
        piece = sound[round(start_s * SAMPLE_RATE) :][: SAMPLE_RATE // 10]
        return np.count_nonzero(np.diff(np.signbit(piece))) / 2 / 0.1

    assert hertz(0.9) == pytest.approx(110.0, rel=0.06)
    assert hertz(1.9) == pytest.approx(220.0, rel=0.06)


def test_tape_wavers_by_as_much_as_it_says_and_keeps_time():
    t = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    tone = 0.5 * np.sin(2 * np.pi * 1000.0 * t)
    tape = Tape(1.0, 30.0, 15000.0, wow_cents=20.0, flutter_cents=0.0, hiss_db=-90.0)
    came = tape.play(np.stack([tone, tone]), np.random.default_rng(0))[0, 22050:-22050]
    phase = np.unwrap(np.angle(hilbert(came)))
    cents = 1200 * np.log2(np.diff(phase[::441]) / (2 * np.pi * 10.0))[5:-5]
    assert 8.0 < np.abs(cents).max() < 24.0
    late_s = (phase - phase[0]) / (2 * np.pi * 1000.0) - np.arange(len(came)) / SAMPLE_RATE
    assert np.ptp(late_s[500:-500]) < 0.008


def test_a_backbeat_is_never_the_same_stroke_twice(rng):
    drum = hits(rng.normal(0, 0.3, (1, 8000)), 0.1, rng)
    strokes = [drum(Note("snare", 1.0 + 2 * i), 0.1) for i in range(5)]
    for one, other in pairwise(strokes):
        n = min(one.shape[1], other.shape[1])
        assert np.abs(one[:, :n] - other[:, :n]).max() > 0.01


def test_some_kits_are_for_held_out_tracks_only():
    for genre in GENRES:
        seen, unseen = kits(genre)
        assert len(seen) >= 8
        assert len(unseen) >= 4
        assert not {k.kick for k in seen} & {k.kick for k in unseen}
        assert not {k.snare for k in seen} & {k.snare for k in unseen}
        assert not {k.saws for k in seen} & {k.saws for k in unseen}
    plans = plan(40, 32, seed=1)
    assert len({p.name for p in plans}) == len(plans) == 72 * len(PAIR)
    assert not any(p.kit.unseen for p in plans if not p.held_out)
    held = [p for p in plans if p.held_out]
    assert sum(p.kit.unseen for p in held) == len(held) / 2
    assert all(p.kit.unseen == p.twin_kit.unseen for p in held)
    assert all(p.kit.pluck == p.twin_kit.pluck for p in held)  # the melody's instrument stays
    assert [p for p in plans if p.twin] == held
    with_twins = plan(40, 32, seed=1, train_twins=True)
    assert all(p.twin for p in with_twins)
    assert [p.twin_kit for p in with_twins] == [p.twin_kit for p in plans]  # the same library
    slow = plan(2, 2, seed=1, other_tempi=3, bpm=160.0)
    others = [p for p in slow if p.number > 1_000_000]
    assert {p.bpm for p in slow if p not in others} == {160.0}
    assert all(154.0 <= p.bpm <= 196.0 for p in others)
    assert [p.kit for p in slow[:2]] == [p.kit for p in plans[:2]]


def test_the_truth_is_where_the_music_is(library):
    folder, plans = library
    truth = json.loads((folder / "truth.json").read_text())
    for p in plans:
        said, sound = truth[p.name], read(p.path(folder))
        assert said["bpm"] == 175.0
        first = round(said["downbeat_s"] * SAMPLE_RATE)
        assert np.abs(sound[:, : first - 400]).max() < 0.02 * np.abs(sound).max()
        _, bar, _ = next(s.values() for s in said["sections"] if s["name"] == "drop")
        drop = first + round(bar * 240 / 175 * SAMPLE_RATE)
        before, after = sound[:, drop - 2000 : drop - 400], sound[:, drop : drop + 1600]
        assert np.square(after).mean() > 3 * np.square(before).mean()
        assert sf.SoundFile(p.path(folder)).artist == said["kit"]
        score = p.composition().score
        struck = {score.time_of(n) for n in score.notes if n.part in ("kick", "snare")}
        assert set(kick_and_snare_s(said)) == struck


def test_a_twin_is_the_same_piece_in_the_other_genre(library):
    folder, (held, _) = library
    own, twin = read(held.path(folder)), read(held.twin_path(folder))
    assert own.shape == twin.shape
    score = held.composition().score
    snares = [score.time_of(n) for n in score.notes if n.part == "snare" and n.velocity == 1.0]
    assert len(snares) > 20
    for sound in (high_pass(own, 1500.0), high_pass(twin, 1500.0)):
        rises = []
        for time_s in snares:
            at = round(time_s * SAMPLE_RATE)
            before = np.square(sound[:, at - 900 : at - 100]).mean()
            rises.append(np.square(sound[:, at : at + 800]).mean() > 1.5 * before)
        assert np.mean(rises) > 0.9
    assert np.abs(own - twin).mean() > 0.3 * np.abs(own).mean()
    # The same mastering: neither tone nor loudness says which is which.
    middle = (THIRDS_HZ > 60) & (THIRDS_HZ < 12000)
    tone = thirds_db(own) - thirds_db(twin)
    assert np.abs(tone - np.median(tone))[middle].mean() < 2.0
    assert loudness(own) == pytest.approx(loudness(twin), abs=1.5)


def test_an_interrupted_library_goes_on_to_the_same_bytes(library, samples):
    folder, plans = library
    kept, again = plans[1].path(folder), plans[0].path(folder)
    before, when = again.read_bytes(), kept.stat().st_mtime_ns
    again.unlink()
    list(write_library(samples, folder, plans, jobs=1))
    assert again.read_bytes() == before
    assert kept.stat().st_mtime_ns == when


def test_missing_samples_are_named_with_the_cure(tmp_path):
    with pytest.raises(InputError, match="sonic-pi-samples"):
        list(write_library(tmp_path, tmp_path / "out", plan(1, 0, 1)))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("numbers", [(-1, 0, 0.0), (1, -1, 0.0), (1, 1, 0.7)])
def test_a_plan_that_cannot_be_is_refused(numbers):
    tracks, held_out, spread = numbers
    with pytest.raises(UsageError):
        plan(tracks, held_out, 1, spread)
