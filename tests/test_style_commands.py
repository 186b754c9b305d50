"""``blend``, ``train-vgg`` and ``evaluate-notes`` as they are typed."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile as sf

from export import handmade
from tests.made_notes import CLASSES, note, write_notes
from tests.program import doubledrop
from train.style.vgg_file import read_vgg


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("style")
    for name, family, hertz in (("melody", "flute", 330.0), ("organ", "keyboard", 550.0)):
        sf.write(folder / f"{name}.wav", note(family, hertz, 1.0, 22050), 22050)
    write_notes(folder / "notes", {"train": 4, "held-out": 2, "unseen": 2})
    handmade.write(handmade.flat(6.0), folder / "louder" / "generator.onnx")
    about = 'format = 1\ndescription = "6 dB more"\nlicence = "CC0-1.0"\nbpm = 175.0\n'
    (folder / "louder" / "preset.toml").write_text(about)
    return folder


@pytest.mark.parametrize("features", ["random", "audio-vgg"])
def test_blend(folder, tmp_path, features):
    out, picture = tmp_path / "out.wav", tmp_path / "out.png"
    files = folder / "melody.wav", folder / "organ.wav", out
    how = "--features", features, "--steps", "3", "--seconds", "0.6"
    done = doubledrop("blend", *files, *how, "--picture", picture)
    assert done.returncode == 0, done.stderr
    assert "style's loss" in done.stdout
    info = sf.info(out)
    assert info.samplerate == (22050 if features == "random" else 16000)
    assert info.frames == pytest.approx(0.6 * info.samplerate, abs=1)
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert np.isfinite(sf.read(out)[0]).all()


def test_what_blend_refuses(folder, tmp_path):
    melody, organ = folder / "melody.wav", folder / "organ.wav"
    cases = {
        ("--features", "random", "--from", "noise"): "--from",
        ("--seconds", "0.1"): "--seconds",
        ("--steps", "0"): "--steps",
        ("--start", "0.9"): "melody.wav",
    }
    for options, word in cases.items():
        refused = doubledrop("blend", melody, organ, tmp_path / "out.wav", *options)
        assert refused.returncode == 2, options
        assert word in refused.stderr
    over = doubledrop("blend", melody, organ, melody)
    assert over.returncode == 2
    assert "melody.wav" in over.stderr
    missing = doubledrop("blend", melody, folder / "nothing.wav", tmp_path / "out.wav")
    assert missing.returncode == 2
    assert "nothing.wav" in missing.stderr
    assert not (tmp_path / "out.wav").exists()


def test_train_vgg(folder, tmp_path):
    out = tmp_path / "own.pt"
    form = "--channels", "1", "--epochs", "1", "--folds", "2", "--classes", "keyboard,flute"
    done = doubledrop("train-vgg", folder / "notes", out, *form)
    assert done.returncode == 0, done.stderr
    for words in ("2-fold cross-validation", "held out", "never heard", "keyboard", "8 clips"):
        assert words in done.stdout
    assert "guitar" not in done.stdout
    assert read_vgg(out).classes == ("keyboard", "flute")


def test_what_train_vgg_refuses(folder, tmp_path):
    for classes in ("flute", "flute,flute", "flute,drum", ""):
        refused = doubledrop("train-vgg", folder / "notes", tmp_path / "x.pt", "--classes", classes)
        assert refused.returncode == 2
        assert "--classes" in refused.stderr
    empty = doubledrop("train-vgg", tmp_path, tmp_path / "x.pt")
    assert empty.returncode == 2
    assert "compose-notes" in empty.stderr


def test_evaluate_notes(folder, tmp_path):
    picture, renders = tmp_path / "tsne.png", tmp_path / "renders"
    form = "--epochs", "1", "--renders", renders, "--picture", picture, "--json"
    done = doubledrop("evaluate-notes", folder / "notes", folder / "louder", *form)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    preset = told["presets"]["louder"]
    assert preset["fed_with"] == "flute"
    assert sum(preset["unexposed"].values()) == 2
    assert set(preset["four_classes"]["recall"]) == {*CLASSES, "mixture"}
    assert set(told["all"]["recall"]) == {*CLASSES, "louder"}
    assert preset["observations"]["cents"] == pytest.approx(0.0, abs=1.0)
    assert len(list(renders.rglob("*.wav"))) == 6
    assert picture.read_bytes()[:4] == b"\x89PNG"
    again = doubledrop("evaluate-notes", folder / "notes", folder / "louder", *form[:4])
    assert again.returncode == 0
    assert "all kinds before one network" in again.stdout


def test_evaluate_notes_without_training(folder, tmp_path):
    judged = "evaluate-notes", folder / "notes", folder / "louder"
    done = doubledrop(*judged, "--quick", "--card")
    assert done.returncode == 0, done.stderr
    assert "four classes" not in done.stdout
    card = (folder / "louder" / "card.md").read_text(encoding="utf-8")
    assert "of 2, called by a network that has met no such sound" in card
    assert "| notes kept (correlation) | 1.00 |" in card
    refused = doubledrop(*judged, "--quick", "--picture", tmp_path / "x.png")
    assert refused.returncode == 2
    assert "--picture" in refused.stderr
