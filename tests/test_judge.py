"""The judge: what it hears, what it is deaf to, and that an equaliser does not fool it."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile as sf

from engine.dsp.frontend import FrontEnd
from engine.errors import InputError
from tests.datasets import BEAT, loop, tilted, write_dataset
from tests.feeds import noise
from train.dataset import RATE, Dataset
from train.judge import content, features
from train.judge.classifiers import eq_deaf, mfcc, recall
from train.judge.cnn import Cnn
from train.judge.controls import crest_db, crest_match, eq_match
from train.judge.music import added_in_silence
from train.judge.statistics import by_track
from train.judge.view import augmented, levelled, long_term_db, view


def views(rng, hard, bright_db, count):
    return [view(loop(rng, hard, bright_db), RATE) for _ in range(count)]


def test_a_track_is_one_witness():
    figure = by_track([1.0] * 98 + [0.0] * 2, ["a"] * 98 + ["b", "c"])
    assert figure.mean == pytest.approx(1 / 3)
    assert (figure.low, figure.high) == (0.0, 1.0)
    assert figure.tracks == 3


def test_the_interval_narrows_with_tracks(rng):
    names = [f"{i}" for i in range(400)]
    values = (rng.random(400) < 0.7).astype(float).tolist()
    few, many = by_track(values[:25], names[:25]), by_track(values, names)
    assert many.low <= 0.7 <= many.high
    assert many.high - many.low < 0.5 * (few.high - few.low)


@pytest.mark.parametrize("bright_db", [12.0, -12.0])
def test_the_eq_deaf_classifier_is_deaf_to_eq(rng, bright_db):
    sound = loop(rng, hard=True)
    one, other = view(sound, RATE), view(tilted(sound, bright_db), RATE)
    apart = np.abs(features.eq_deaf_statistics(one) - features.eq_deaf_statistics(other))
    different = features.eq_deaf_statistics(view(loop(rng, hard=False), RATE))
    texture = np.abs(features.eq_deaf_statistics(one) - different)
    assert apart.mean() < 0.02 * texture.mean()
    heard = np.abs(features.mfcc_statistics(one) - features.mfcc_statistics(other))
    assert heard.max() > 10.0


def test_only_hearing_classifiers_tell_genres_that_differ_by_an_equaliser(rng):
    train = views(rng, True, -6.0, 10) + views(rng, True, 6.0, 10)
    held = views(rng, True, -6.0, 8) + views(rng, True, 6.0, 8)
    labels, held_labels = np.repeat([0, 1], 10), np.repeat([0, 1], 8)
    scores = {}
    for classifier in (mfcc(), eq_deaf(), Cnn()):
        classifier.fit(train, labels, [f"{i}" for i in range(20)], rng)
        scores[classifier.name] = np.mean(recall(classifier.target_share(held), held_labels))
    assert scores["mfcc"] == 1.0
    assert scores["cnn"] >= 0.9
    assert scores["eq_deaf"] <= 0.8


def test_all_classifiers_tell_genres_that_differ_in_texture(rng):
    labels, held_labels = np.repeat([0, 1], 10), np.repeat([0, 1], 8)
    train, held = (
        [view(loop(rng, hard, rng.uniform(-6, 6)), RATE) for hard in np.repeat([0, 1], n)]
        for n in (10, 8)
    )
    for classifier in (mfcc(), eq_deaf(), Cnn()):
        classifier.fit(train, labels, [f"{i}" for i in range(20)], rng)
        assert min(recall(classifier.target_share(held), held_labels)) >= 0.85, classifier.name


def test_augmentation_keeps_the_tone_and_moves_the_time(rng):
    image = view(loop(rng, hard=True), RATE)
    moved = augmented(image, rng)
    assert moved.shape == image.shape
    assert np.abs(long_term_db([moved]) - long_term_db([image])).mean() < 1.0
    assert np.abs(moved - image).mean() > 2.0


def test_eq_match_gives_the_wanted_spectrum(rng):
    wanted = long_term_db(views(rng, False, 6.0, 4))
    own = [loop(rng, hard=True), loop(rng, hard=True)]
    matched = eq_match(wanted, RATE)(own)
    got, before = (long_term_db([view(s, RATE) for s in sounds]) for sounds in (matched, own))
    middle = slice(8, -4)
    after_db, before_db = (np.abs(x - wanted)[middle].mean() for x in (got, before))
    assert after_db < 1.0
    assert before_db > 2 * after_db


def test_crest_match_reaches_the_wanted_crest(rng):
    sound = loop(rng, hard=True)
    for wanted in (crest_db(sound) - 3, crest_db(sound) + 2):
        assert crest_db(crest_match(sound, wanted, RATE)) == pytest.approx(wanted, abs=0.2)


def test_silence_cannot_be_judged():
    with pytest.raises(InputError, match="audible"):
        levelled(np.zeros((1, RATE), np.float32))


def test_content_measures_know_the_same_music_from_other_music(rng):
    sound = loop(rng, hard=False)
    other = np.roll(loop(rng, hard=False), round(0.37 * BEAT * RATE), axis=-1)
    same, tone, wrong = (content.mono(x, RATE) for x in (sound, tilted(sound, 9.0), other))
    onsets = content.onsets_s(same)
    assert len(onsets) >= 12
    assert content.onset_scores(onsets, content.onsets_s(tone))[0] > 0.9
    assert content.onset_scores(onsets, content.onsets_s(wrong))[0] < 0.5
    notes = content.notes(same)
    assert notes.shape == (len(same) // 256, 88)
    assert content.correlation(notes, content.notes(tone)) > 0.9
    assert content.correlation(notes, content.notes(wrong)) < 0.6
    assert content.correlation(content.chroma(same), content.chroma(tone)) > 0.9


def test_a_note_lands_on_its_key_and_in_its_time():
    t = np.arange(3 * 22050) / 22050
    sound = sum(np.sin(2 * np.pi * 440 * k * t) / k for k in range(1, 6)) * (t > 1.0) * (t < 2.0)
    notes = content.notes((0.2 * sound).astype(np.float32))
    strength = notes[:, 48]  # A4 is the 49th key
    assert strength.argmax() * 256 / 22050 == pytest.approx(1.5, abs=0.5)
    assert notes[round(1.5 * 22050 / 256)].argmax() == 48
    assert strength[: round(0.9 * 22050 / 256)].max() < 0.2


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("dataset"), train=6, held_out=3)


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-c", "from engine.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def judged(small, tmp_path_factory):
    page = tmp_path_factory.mktemp("page")
    arguments = ["evaluate", "downbeat-filter", "--data", small, "--report", page, "--json"]
    done = command(*arguments, "--renders", page / "renders")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), page, done.stderr


def test_evaluate_prints_the_keys_of_the_contract(judged):
    said, page, _ = judged
    versions = ["input", "eq", "eq_dynamics", "target", "twin", "late", "phrase", "edge"]
    versions += ["paper", "no_noise", "frozen", "shifted"]
    assert said["preset"] == "downbeat-filter"
    assert (said["source"], said["target"], said["tracks"]) == ("soft", "hard", 3)
    for classifier in ("cnn", "mfcc", "eq_deaf"):
        found = said["classifiers"][classifier]
        assert list(found["flip"]) == versions
        assert found["accuracy"] >= 0.8
        assert set(found["recall"]) == {"soft", "hard"}
    for measure in ("onset_f", "chroma", "notes", "twin_db"):
        assert list(said[measure]) == versions
    between = {"phrase_late", "edge_late", "late_input", "twin_input", "shifted_late"}
    assert set(said["log_mel_db"]) == between
    assert (page / "index.html").exists()
    assert (page / "flips.png").stat().st_size > 5000
    assert json.loads((page / "evaluation.json").read_text()) == said
    assert len(list((page / "renders" / "phrase").glob("*.wav"))) == 3


def test_evaluate_tells_music_from_controls(judged):
    said, _, _ = judged
    flips = {name: found["flip"] for name, found in said["classifiers"].items()}
    for name in flips:
        assert flips[name]["input"] == 0.0, name
        assert flips[name]["twin"] == flips[name]["target"] == 1.0, name
    assert flips["eq_deaf"]["eq"] <= 0.34
    assert said["onset_f"]["input"] == said["chroma"]["input"] == 1.0
    assert said["twin_db"]["twin"] == 0.0
    assert said["twin_db"]["input"] > 1.0
    assert said["log_mel_db"]["late_input"] > 1.0


def test_a_stored_judge_calls_the_same(small, judged):
    said, _, _ = judged
    again = command("evaluate", "--data", small, "--json")
    assert again.returncode == 0, again.stderr
    controls = json.loads(again.stdout)
    assert controls["preset"] is None
    assert "late" not in controls["onset_f"]
    for name, found in controls["classifiers"].items():
        for version, share in found["flip"].items():
            assert share == said["classifiers"][name]["flip"][version]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--from", "jazz"), ["jazz", "soft or hard"]),
        (("--from", "soft", "--to", "soft"), ["two genres"]),
    ],
)
def test_a_wrong_genre_is_named(arguments, says, small):
    done = command("evaluate", "--data", small, *arguments)
    assert done.returncode == 2
    for part in says:
        assert part in done.stderr


def test_a_dataset_of_another_front_end_is_refused(small, tmp_path):
    data = Dataset(small)
    changed = data.manifest.model_copy(update={"front_end": FrontEnd(n_mels=64).to_json()})
    (tmp_path / "dataset.json").write_text(changed.model_dump_json())
    done = command("evaluate", "--data", tmp_path)
    assert done.returncode == 2
    assert "Prepare the dataset again" in done.stderr


def test_energy_added_in_silences_is_found(rng):
    rate = 24000
    before = noise(rng, 4.0, rate)
    before[:, rate : 2 * rate] = 0
    silence_s, added_db = added_in_silence(before, before * 0.5, rate)
    assert silence_s == pytest.approx(1.0)
    assert added_db == -120.0
    after = before.copy()
    after[:, rate : 2 * rate] = 0.01 * rng.standard_normal((2, rate)).astype(np.float32)
    _, added_db = added_in_silence(before, after, rate)
    assert added_db == pytest.approx(10 * np.log10(1e-4 / np.mean(before**2)), abs=0.2)
    assert added_in_silence(np.zeros_like(before), before, rate) == (0.0, -120.0)


def test_evaluate_music_renders_whole_tracks_and_skips_broken_ones(tmp_path, rng):
    music = tmp_path / "music"
    (music / "album").mkdir(parents=True)
    clicks = 0.01 * noise(rng, 12.0, 24000)
    for beat in range(24):
        clicks[:, beat * 12000 : beat * 12000 + 400] *= 50
    sf.write(music / "album" / "clicks.wav", clicks.T, 24000)
    (music / "broken.ogg").write_bytes(b"OggS and no more")
    command = f"-m engine.cli evaluate downbeat-filter --music {music} --renders {tmp_path / 'out'}"
    done = subprocess.run(
        [sys.executable, *command.split(), "--json"], capture_output=True, text=True, check=True
    )
    assert "broken.ogg" in done.stderr
    found = json.loads(done.stdout)
    (track,) = found["music"]
    assert track["name"] == "album-clicks"
    assert track["seconds"] == pytest.approx(12.0)
    assert track["onset_f"] > 0.8
    assert found["worst"]["onset_f"] == "album-clicks"
    assert (tmp_path / "out" / "album-clicks.wav").exists()
