"""The gate before a training, and clips there and back."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from engine.errors import FrontEndError, InputError, UsageError
from tests.datasets import write_dataset
from train.data.dataset import Dataset
from train.judge import gate as gate_module
from train.judge.gate import ask
from train.judge.logistic import PIXELS, Logistic, Stop, picture
from train.judge.there_and_back import compare
from train.training.cyclegan import CycleGan
from train.training.facts import Facts
from train.training.recipe import Recipe
from train.training.run import Run, load_run
from train.training.trainer import train


@pytest.mark.parametrize(
    ("losses", "last"),
    [
        ([0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02], None),
        ([0.7, 0.5, 0.4999, 0.4998, 0.4997, 0.4996, 0.4995], 6),
        ([0.7, 0.5, 0.6, 0.6, 0.6, 0.4, 0.5, 0.5, 0.5, 0.5, 0.5], 10),
    ],
)
def test_the_solver_ends_as_in_the_paper(losses, last):
    stop = Stop()
    ended = [i for i, loss in enumerate(losses) if stop(loss)]
    assert ended == ([] if last is None else [last])


def test_pictures_are_square_and_upright():
    image = np.zeros((173, 128), np.float32)
    image[:, 64:] = 1.0
    shown = picture(image).reshape(PIXELS, PIXELS)
    assert shown[:, :120].max() < 0.01
    assert shown[:, 140:].min() > 0.99


def test_logistic_regression_finds_what_differs(rng):
    rows = rng.normal(0, 1, (160, 50)).astype(np.float32)
    labels = np.arange(160) % 2
    rows[labels == 1, 7] += 5.0
    model = Logistic(rows[:100], labels[:100])
    assert 5 <= model.iterations < 200
    assert np.mean((model.share(rows[100:]) > 0.5) == labels[100:]) >= 0.9
    shuffled = Logistic(rows[:100], rng.permutation(labels[:100]))
    assert np.mean((shuffled.share(rows[100:]) > 0.5) == labels[100:]) < 0.8


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return Dataset(write_dataset(tmp_path_factory.mktemp("dataset"), train=4, held_out=2))


def test_two_genres_are_told_apart_and_that_is_remembered(data, monkeypatch):
    found, drawn = ask(data, "soft", "hard")
    assert found.by_clip.learnt == 10
    assert found.by_clip.asked == 2
    assert found.by_track is not None
    assert (found.by_track.learnt, found.by_track.asked) == (8, 4)
    assert found.by_track.accuracy == 1.0
    assert found.feasible
    assert drawn.stat().st_size > 1000
    kept = json.loads(drawn.with_suffix(".json").read_text())
    assert kept["gate"]["by_track"]["accuracy"] == 1.0
    monkeypatch.setattr(gate_module, "Logistic", None)  # nobody is asked again
    assert ask(data, "soft", "hard") == (found, drawn)


def test_one_genre_is_no_two(data, tmp_path):
    """Labels that mean nothing: half of either genre."""
    tracks = [
        track.model_copy(update={"genre": "soft" if int(track.name[-1]) % 2 else "hard"})
        for track in data.manifest.tracks
    ]
    mixed = tmp_path / "mixed"
    for track, old in zip(tracks, data.manifest.tracks, strict=True):
        for kind, ending in (("audio", "flac"), ("images", "npy")):
            place = mixed / kind / track.genre / f"{track.name}-0.{ending}"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(data.folder / kind / old.genre / f"{track.name}-0.{ending}")
    manifest = data.manifest.model_copy(update={"tracks": tuple(tracks)})
    (mixed / "dataset.json").write_text(manifest.model_dump_json())
    found, _ = ask(Dataset(mixed), "soft", "hard")
    assert not found.feasible
    assert found.by_track is not None
    assert len(found.by_track.wrong) == round((1 - found.by_track.accuracy) * found.by_track.asked)


def test_clips_are_drawn_there_and_back(data, tmp_path):
    small = {"channels": 4, "blocks": 1, "critic_channels": 4, "width": 64, "steps": 1}
    recipe = Recipe(source="soft", target="hard", rendered=False, phrase=0, edge=0, **small)
    train(recipe, data, tmp_path / "one", progress=lambda *_: None, device="cpu")
    run = load_run(tmp_path / "one")
    measured = compare([run, run], data, tmp_path / "cycles.png", 1, 2)
    assert [one.genre for one in measured] == ["soft", "soft", "hard", "hard"]
    assert measured[0] == measured[1] != measured[2]
    # The generators begin as nearly the identity: one step has not led far.
    assert all(0.0 < one.there_db.mean < 5.0 for one in measured)
    assert (tmp_path / "cycles.png").stat().st_size > 1000
    other = recipe.model_copy(update={"source": "hard", "target": "soft"})
    backwards = type(run)(run.name, other, run.model, run.facts)
    with pytest.raises(UsageError, match="one pair"):
        compare([run, backwards], data, tmp_path / "again.png", 1, 1)


def test_a_recipe_of_another_image_is_refused(data, tmp_path):
    asked = {"front_end": "young-2021", "rendered": False, "phrase": 0, "edge": 0, "steps": 1}
    recipe = Recipe(source="soft", target="hard", channels=4, critic_channels=4, **asked)
    with pytest.raises(FrontEndError, match="images of front end stage"):
        train(recipe, data, tmp_path / "run", progress=lambda *_: None, device="cpu")
    stage = recipe.model_copy(update={"front_end": "stage"})
    model = CycleGan(recipe, torch.device("cpu"), amp=False)
    begun = Run("another", recipe, model, Facts(1, 0.0, "", {}, {}))
    with pytest.raises(InputError, match="front_end young-2021"):
        train(stage, data, tmp_path, progress=lambda *_: None, device="cpu", begin=begun)
    with pytest.raises(ValueError, match="for files"):
        Recipe.model_validate(recipe.model_dump() | {"rendered": True})
