"""A generator of whole windows beside a streaming one: files are rendered with it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile as sf

from engine.config.preset import load_preset
from export import handmade
from tests import streaming
from tests.datasets import write_dataset
from tests.program import doubledrop
from train.data.dataset import Dataset
from train.judge.renders import main_version, render_all, versions_of
from train.training.recipe import Recipe
from train.training.trainer import train

PRESET = 'format = 1\ndescription = "d"\nlicence = "l"\nbpm = 174.0\n'


@pytest.fixture
def preset(tmp_path):
    """Streaming gains of some decibels, and 6 dB for files."""
    folder = tmp_path / "preset"
    folder.mkdir()
    (folder / "preset.toml").write_text(PRESET)
    streaming.write(folder / "generator.onnx", noise=False)
    handmade.write(handmade.flat(6.0), folder / "late.onnx")
    return folder


@pytest.fixture
def sound(tmp_path, rng):
    path = tmp_path / "in.wav"
    sf.write(path, rng.normal(0, 0.05, (44100 * 8, 1)), 44100, subtype="FLOAT")
    return path


def rendered(sound, preset, *options):
    out = sound.with_name("out.wav")
    words = ["--preset", preset, "--bpm", "174", "--no-ceiling", "--json", "--force"]
    done = doubledrop("render", sound, out, *words, *options)
    assert done.returncode == 0, done.stderr
    before, after = (sf.read(path)[0][44100 * 6 : 44100 * 7] for path in (sound, out))
    level = 10 * np.log10(np.mean(after**2) / np.mean(before**2))
    return json.loads(done.stdout)["window"], level


def test_files_are_rendered_with_it_and_streamed_where_that_is_asked_for(preset, sound):
    assert rendered(sound, preset) == ("late", pytest.approx(6.0, abs=0.3))
    assert rendered(sound, preset, "--window", "late")[1] == pytest.approx(6.0, abs=0.3)
    window, level = rendered(sound, preset, "--window", "phrase")
    assert window == "phrase"
    assert abs(level - 6.0) > 1.0
    (preset / "late.onnx").unlink()
    assert rendered(sound, preset) == ("phrase", level)
    done = doubledrop(
        "render", sound, sound.with_name("out.wav"), "--preset", preset, "--window", "late"
    )
    assert done.returncode == 2


def test_a_broken_one_is_named_beforehand(preset):
    (preset / "late.onnx").write_bytes(b"no model")
    done = doubledrop("presets", preset, "--json")
    assert "late.onnx" in json.loads(done.stdout)[0]["state"]


def test_it_is_exported_into_a_preset_told_in_its_card_and_judged(preset, tmp_path):
    data = Dataset(write_dataset(tmp_path / "data", train=2, held_out=1, train_twins=True))
    recipe = Recipe(
        **{"source": "soft", "target": "hard", "network": "bands", "channels": 16},
        **{"critic_channels": 4, "steps": 1, "twins": True, "teacher": 10.0},
        **{"phrase": 0.0, "edge": 0.0},
    )
    train(recipe, data, tmp_path / "run", progress=lambda *_: None, device="cpu")
    words = ["export", tmp_path / "run", preset, "--data", data.folder, "--late", "--force"]
    done = doubledrop(*words)
    assert done.returncode == 0, done.stderr
    card = (preset / "card.md").read_text()
    assert card.count("## Whole windows, for files") == 1
    assert "9 residual blocks along time, 16 channels" in card
    assert doubledrop(*words).returncode == 0
    assert (preset / "card.md").read_text() == card
    chosen = load_preset(str(preset))
    known = ["phrase", "edge", "no_noise", "frozen", "shifted", "short", "late"]
    assert list(versions_of(chosen)) == known
    segments = data.segments("soft", "held-out")
    paths, noise = render_all(
        data,
        segments,
        chosen,
        tmp_path / "renders",
        lambda *_: None,
        versions=("late", main_version("streaming")),
    )
    assert list(paths) == ["phrase", "late"]
    assert len(noise) == 1
    late, phrase = (sf.read(paths[name][0])[0] for name in ("late", "phrase"))
    assert not np.array_equal(late, phrase)


def test_it_needs_a_streaming_preset(tmp_path):
    done = doubledrop("export", tmp_path, tmp_path, "--data", tmp_path, "--late")
    assert done.returncode == 2
    assert "no preset of a streaming generator" in done.stderr


def test_it_goes_with_the_generator_that_it_stood_beside(preset, tmp_path):
    data = Dataset(write_dataset(tmp_path / "data", train=1, held_out=1))
    recipe = Recipe(source="soft", target="hard", channels=4, blocks=1, critic_channels=4, steps=1)
    train(recipe, data, tmp_path / "run", progress=lambda *_: None, device="cpu")
    done = doubledrop("export", tmp_path / "run", preset, "--data", data.folder, "--force")
    assert done.returncode == 0, done.stderr
    assert load_preset(str(preset)).late is None
