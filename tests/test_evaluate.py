"""``evaluate``: the keys of its contract, and figures that tell music from controls."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile as sf

from engine.dsp.frontend import FrontEnd
from tests.datasets import write_dataset
from tests.feeds import noise
from tests.program import doubledrop
from train.data.dataset import Dataset
from train.judge import genre_ear
from train.judge.judge import Accuracy
from train.judge.music import added_in_silence


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("dataset"), train=6, held_out=3)


@pytest.fixture(scope="module")
def judged(small, tmp_path_factory):
    page = tmp_path_factory.mktemp("page")
    arguments = ["evaluate", "downbeat-filter", "--data", small, "--report", page, "--json"]
    quick = "phrase, late, edge, no_noise, frozen, shifted"  # the others are slow
    chosen = ["--versions", quick, "--inference-ms", "20"]
    done = doubledrop(*arguments, "--renders", page / "renders", *chosen)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), page, done.stderr


def test_evaluate_prints_the_keys_of_the_contract(judged):
    said, page, _ = judged
    versions = ["input", "eq", "eq_dynamics", "target", "twin", "late", "phrase", "edge"]
    versions += ["no_noise", "frozen", "shifted"]
    assert said["preset"] == "downbeat-filter"
    assert (said["source"], said["target"], said["tracks"]) == ("soft", "hard", 3)
    for classifier in ("cnn", "mfcc", "eq_deaf", "genres"):
        found = said["classifiers"][classifier]
        assert list(found["flip"]) == versions
        assert found["accuracy"] >= 0.8
        assert set(found["recall"]) == {"soft", "hard"}
    for measure in ("onset_f", "chroma", "notes", "twin_db", "kad", "jitter_db", "pre_echo_db"):
        assert list(said[measure]) == versions
    assert (page / "map.png").stat().st_size > 5000
    assert (page / "close-up.png").stat().st_size > 20000
    assert set(said["consistency"] or {}) <= {"accuracy", "recall"}
    between = {"phrase_late", "edge_late", "late_input", "twin_input", "shifted_late"}
    assert set(said["log_mel_db"]) == between | {"edge_phrase", "phrase_input"}
    assert list(said["flatness_db"]) == list(said["modulation_db"]) == versions
    assert said["flatness_db"]["twin"] == said["modulation_db"]["twin"] == 0.0
    assert set(said["lines"]) == set(versions[5:])
    assert set(said["lines"]["late"]) == {"excess_db", "at_hz", "level_db"}
    assert said["inference_ms"] == 20.0
    assert said["told"] == {}  # of so few tracks nothing can be told
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
    assert said["kad"]["target"] < said["kad"]["input"]
    assert said["jitter_db"]["input"] == said["pre_echo_db"]["input"] == 0.0
    assert said["jitter_db"]["late"] > said["jitter_db"]["eq"]


def test_a_stored_judge_calls_the_same(small, judged):
    said, _, _ = judged
    again = doubledrop("evaluate", "--data", small, "--json")
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
        (("downbeat-filter", "--versions", "late,live"), ["--versions", "'live'", "phrase"]),
    ],
)
def test_a_wrong_genre_is_named(arguments, says, small):
    done = doubledrop("evaluate", "--data", small, *arguments)
    assert done.returncode == 2
    for part in says:
        assert part in done.stderr


def test_a_dataset_of_another_front_end_is_refused(small, tmp_path):
    data = Dataset(small)
    changed = data.manifest.model_copy(update={"front_end": FrontEnd(n_mels=64).to_json()})
    (tmp_path / "dataset.json").write_text(changed.model_dump_json())
    done = doubledrop("evaluate", "--data", tmp_path)
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
    options = ["--music", music, "--renders", tmp_path / "out", "--json"]
    done = doubledrop("evaluate", "downbeat-filter", *options)
    assert "broken.ogg" in done.stderr
    found = json.loads(done.stdout)
    (track,) = found["music"]
    assert track["name"] == "album-clicks"
    assert track["seconds"] == pytest.approx(12.0)
    assert track["onset_f"] > 0.8
    assert found["worst"]["onset_f"] == "album-clicks"
    assert (tmp_path / "out" / "album-clicks.wav").exists()


def test_a_pair_is_looked_at_before_a_training(small, monkeypatch):
    said, warning = genre_ear.gate(Dataset(small), "soft", "hard")
    assert "tells soft from hard: 100.0%, by artist" in said
    assert warning == ""
    alike = Accuracy(0.9, (0.9, 0.9), 0.55, 12)  # known again, and not recognised
    monkeypatch.setattr(genre_ear, "GenreEar", lambda *pair: SimpleNamespace(accuracy=alike))
    assert "little to learn" in genre_ear.gate(Dataset(small), "soft", "hard")[1]
