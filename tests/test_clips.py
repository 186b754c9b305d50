"""``prepare --clips``: clips from anywhere in a track, neither aligned nor stretched."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf

from engine.dsp.front_ends import FRONT_ENDS, STAGE
from engine.errors import FrontEndError, InputError
from tests.program import doubledrop
from train.data.dataset import RATE, Dataset, read_audio
from train.prepare.clips import choose_clips, clip_bpm
from train.prepare.flaws import flaws
from train.prepare.outcome import PrepareSettings
from train.prepare.run import prepare_dataset

CLIP_S = 4.0
SETTINGS = PrepareSettings(clip_bpm(CLIP_S), clips_s=CLIP_S, per_track=3, whole=True)


def test_four_seconds_are_four_bars_at_240_bpm():
    assert clip_bpm(4.0) == 240.0


@pytest.mark.parametrize("seed", range(5))
def test_clips_are_apart_and_no_pauses(rng, seed):
    rate = 1000
    sound = rng.normal(size=60 * rate)
    sound[10 * rate : 30 * rate] *= 1e-3
    starts = choose_clips(sound, rate, CLIP_S, 8, np.random.default_rng(seed))
    assert 6 <= len(starts) <= 8
    assert starts == sorted(starts)
    assert starts[0] >= 0
    assert starts[-1] <= 56.0
    assert min(np.diff(starts)) >= CLIP_S
    for start in starts:  # more of it than a thousandth is loud
        assert start < 9.996 or start + CLIP_S > 30.004
    again = choose_clips(sound, rate, CLIP_S, 8, np.random.default_rng(seed))
    other = choose_clips(sound, rate, CLIP_S, 8, np.random.default_rng(seed + 100))
    assert again == starts != other


def chords(rng, root, seconds, rate):
    """Chords of a key, and soft noise under them."""
    t = np.arange(round(seconds * rate)) / rate
    pitches = root * 2.0 ** (np.array([0, 4, 7, 12, 16]) / 12)
    tones = sum(np.sin(2 * np.pi * pitch * t) for pitch in pitches)
    return 0.1 * tones * (1 + np.sin(2 * np.pi * 2 * t)) + rng.normal(0, 0.01, len(t))


def test_no_clip_holds_a_cut_or_the_beginning_of_another_song(rng):
    rate = 8000
    one, same = chords(rng, 220.0, 30, rate), chords(rng, 220.0, 20, rate)
    other = chords(rng, 220.0 * 2 ** (6 / 12), 30, rate)
    same[: rate // 2] = 0.0  # the sound is cut off for half a second
    sound = np.concatenate([one, same, other])
    found = flaws(sound, rate)
    assert [flaw.kind for flaw in found] == ["cut", "transition"]
    assert found[0].begin_s == pytest.approx(30.0, abs=0.02)
    assert found[0].end_s == pytest.approx(30.5, abs=0.02)
    assert found[1].begin_s < 50.0 < found[1].end_s
    starts = choose_clips(sound, rate, CLIP_S, 100, np.random.default_rng(0))
    assert len(starts) == 7 + 4 + 7
    assert not any(s < 30.4 and s + CLIP_S > 30.1 for s in starts)
    assert not any(s < 50.0 < s + CLIP_S for s in starts)


def test_one_song_has_no_flaws_and_ends_in_silence_that_is_no_cut(rng):
    rate = 8000
    sound = chords(rng, 220.0, 40, rate)
    sound[: rate // 2] = sound[35 * rate :] = 0.0
    assert flaws(sound, rate) == []
    assert flaws(rng.normal(0, 0.1, 40 * rate), rate) == []  # noise has no pitches to change


def test_there_is_room_for_as_many_as_there_are(rng):
    sound = rng.normal(size=8000)
    assert choose_clips(sound[:3999], 1000, CLIP_S, 3, np.random.default_rng(0)) == []
    assert choose_clips(sound[:4000], 1000, CLIP_S, 3, np.random.default_rng(0)) == [0.0]
    assert choose_clips(sound, 1000, CLIP_S, 3, np.random.default_rng(0)) == [0.0, 4.0]


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Noise that has no beat, and its twins: the same, upside down."""
    folder, rng = tmp_path_factory.mktemp("music"), np.random.default_rng(0)
    for genre in ("flute", "keyboard"):
        for name in ("one", "two"):
            sound = (0.1 * rng.normal(size=(round(20.5 * RATE), 1))).astype(np.float32)
            for path, what in (
                (folder / genre / f"{name}.flac", sound),
                (folder / "twins" / genre / f"{name}.flac", -0.5 * sound),
            ):
                path.parent.mkdir(parents=True, exist_ok=True)
                sf.write(path, what, RATE, subtype="PCM_24")
    return folder


def test_clips_are_what_the_files_hold_there(music, tmp_path):
    genres = [music / "flute", music / "keyboard"]
    prepare_dataset(tmp_path / "set", genres, SETTINGS, twins=music / "twins")
    data = Dataset(tmp_path / "set")
    assert data.manifest.bpm == 240.0
    starts = {}
    for genre in data.genres:
        for segment in data.segments(genre):
            track = segment.track
            assert len(track.starts_s) == 3
            starts[genre, track.name] = track.starts_s
            source = read_audio(music / genre / f"{track.name}.flac")
            first = round(track.starts_s[segment.number] * RATE)
            gain = 10 ** (track.gain_db / 20)
            own = data.own_phrase(segment.audio())
            assert own.shape[-1] == 4 * RATE
            wanted = gain * source[:, first : first + own.shape[-1]]
            assert np.abs(own - wanted).max() < 1e-4 * gain + 1e-5
            assert segment.twin_path is not None
            twin, sound = read_audio(segment.twin_path), read_audio(segment.audio_path)
            assert np.abs(twin + sound).max() < 1e-3  # the same place, at a level of its own
            assert segment.image().shape[:2] == (2, 345)
    assert len(set(starts.values())) == 4


def test_a_track_that_is_too_short_is_named(music, tmp_path):
    for genre in ("a", "b"):
        (tmp_path / genre).mkdir()
        sf.write(tmp_path / genre / "short.wav", np.full(RATE * 3, 0.1), RATE)
        sound, rate = sf.read(music / "flute" / "one.flac")
        sf.write(tmp_path / genre / "long.wav", sound, rate)
    done = prepare_dataset(tmp_path / "set", [tmp_path / "a", tmp_path / "b"], SETTINGS)
    reasons = [outcome.skipped for outcome in done.skipped]
    assert reasons == ["too short (3.0 s) for a clip of 4 s"] * 2


def test_clips_have_no_common_tempo(music, tmp_path):
    folders = [str(tmp_path / "set"), str(music / "flute"), str(music / "keyboard")]
    refused = doubledrop("prepare", *folders, "--clips", "4", "--bpm", "120")
    assert refused.returncode == 2
    assert "--bpm" in refused.stderr
    done = doubledrop("prepare", *folders, "--clips", "4", "--per-track", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert len(Dataset(tmp_path / "set").segments("flute")) == 4


def test_a_total_is_spread_over_the_tracks_and_some_of_it_tested(music, tmp_path):
    folders = [str(tmp_path / "set"), str(music / "flute"), str(music / "keyboard")]
    for options, says in (
        (["--total", "7"], "--clips 4"),
        (["--clips", "4", "--total", "7", "--per-track", "2"], "--per-track"),
    ):
        refused = doubledrop("prepare", *folders, *options)
        assert refused.returncode == 2
        assert says in refused.stderr
    options = ["--clips", "4", "--total", "7", "--test", "2", "--front-end", "young-2021"]
    done = doubledrop("prepare", *folders, *options)
    assert done.returncode == 0, done.stderr
    data = Dataset(tmp_path / "set")
    for genre in data.genres:
        assert sorted(len(track.starts_s) for track in data.tracks(genre)) == [3, 4]
        learnt, tested = (data.segments(genre, split, "clip") for split in ("train", "held-out"))
        assert (len(learnt), len(tested)) == (5, 2)
        assert not {s.name for s in learnt} & {s.name for s in tested}
        assert {s.name for s in learnt + tested} == {s.name for s in data.segments(genre)}
        assert learnt[0].image().shape == (2, 173, 128)
        image = FRONT_ENDS["young-2021"].at(RATE).log_mel(data.own_phrase(learnt[0].audio()))
        assert np.abs(learnt[0].image()[1, 2:170] - image[2:170]).max() < 0.5  # in half precision
    with pytest.raises(FrontEndError, match="young-2021"):
        data.check_front_end(STAGE)
    too_many = doubledrop("prepare", *folders, "--clips", "4", "--total", "30", "--json")
    assert "10 of 30 clips" in too_many.stderr
    with pytest.raises(InputError, match="no test clips"):
        Dataset(tmp_path / "set").segments("flute", "train", "clip")
