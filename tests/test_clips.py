"""``prepare --clips``: clips from anywhere in a track, neither aligned nor stretched."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf

from tests.program import doubledrop
from train.data.dataset import RATE, Dataset, read_audio
from train.prepare.clips import choose_clips, clip_bpm
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


def test_there_is_room_for_as_many_as_there_are(rng):
    sound = rng.normal(size=8000)
    assert choose_clips(sound[:3999], 1000, CLIP_S, 3, np.random.default_rng(0)) == []
    assert choose_clips(sound[:4000], 1000, CLIP_S, 3, np.random.default_rng(0)) == [0.0]
    assert len(choose_clips(sound, 1000, CLIP_S, 3, np.random.default_rng(0))) == 1


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
