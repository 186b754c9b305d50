"""audio-VGG learns instruments, and tells what presets make of them (Liu et al. 2019)."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import soundfile as sf
import torch

from engine.config.preset import load_preset
from engine.errors import InputError
from export import handmade
from tests.made_notes import CLASSES, note, write_notes
from train.judge.mixtures import (
    Mixture,
    clusters,
    images_of_files,
    observed,
    render_clips,
    told_apart,
    unexposed,
)
from train.notes.manifest import CLIP_RATE
from train.style.audio_vgg import AudioVgg
from train.style.instruments import (
    Clips,
    Schooling,
    Scores,
    called,
    cross_validated,
    image_of_sound,
    read_clips,
    scores,
    train_vgg,
)
from train.style.vgg_file import TrainedVgg, read_vgg, shipped_vgg, write_vgg

HOW = Schooling(channels=4, epochs=32, rate=1e-3)
QUIET = lambda *_: None  # noqa: E731


def some(families, count, rng):
    """Images of short notes, (bins, frames) each."""
    images, labels = [], []
    for label, family in enumerate(families):
        for hertz in rng.uniform(300, 900, count):
            sound = note(family, hertz, 0.45)[None]
            images.append(image_of_sound(sound, CLIP_RATE, "log-mel")[0].half())
            labels.append(label)
    return Clips(torch.stack(images), torch.tensor(labels))


@pytest.fixture(scope="module")
def learnt():
    rng = np.random.default_rng(0)
    own, others = some(CLASSES, 12, rng), some(CLASSES, 6, rng)
    return train_vgg(own, 3, HOW, QUIET), own, others


@pytest.fixture(scope="module")
def notes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notes")
    return folder, write_notes(folder, {"train": 2}).clips


def test_clips_are_read_by_class(notes):
    folder, clips = notes
    told = []
    found = read_clips(folder, clips, ["guitar", "flute"], "linear", lambda *x: told.append(x))
    assert found.labels.tolist() == [1, 1, 0, 0]  # in the order of the clips
    assert found.images.shape == (4, 1, 513, 258)
    assert found.images.max() == 1.0
    assert found.images.min() == 0.0
    assert told[-1][:2] == (4, 4)
    assert len(found.of_class(0)) == 2
    mel = read_clips(folder, clips[:1], CLASSES, "log-mel", QUIET)
    assert mel.images.shape == (1, 1, 128, 345)
    assert 0.0 <= mel.images.min() < mel.images.max() <= 1.0


def test_instruments_are_learnt(learnt, figure):
    network, own, others = learnt
    found = scores(network, others, 3)
    figure("audio-VGG, three classes of made notes", f"{found.accuracy:.0%}")
    assert found.accuracy >= 0.8
    assert found.confusion.sum(axis=1).tolist() == [6, 6, 6]
    assert scores(network, own, 3).accuracy >= 0.9


def test_the_same_seed_learns_the_same(learnt):
    _, own, others = learnt
    short = Schooling(channels=2, epochs=1, rate=3e-3)
    answers = [
        train_vgg(own, 3, how, QUIET)(others.images.float())
        for how in (short, short, Schooling(2, 1, 3e-3, seed=1))
    ]
    assert torch.equal(answers[0], answers[1])
    assert not torch.equal(answers[0], answers[2])


def test_each_clip_is_judged_once_by_a_network_that_has_not_met_it(learnt):
    _, own, _ = learnt
    told = []
    how = Schooling(channels=2, epochs=1, rate=3e-3)
    found = cross_validated(own, 3, how, 4, lambda done, of, _: told.append((done, of)))
    assert len(found) == 4
    assert all(one.confusion.sum() == 9 for one in found)
    assert sum(found[1:], found[0]).confusion.sum(axis=1).tolist() == [12, 12, 12]
    assert told[-1][0] == told[-1][1] == len(told)


def test_scores():
    found = Scores(np.array([[8, 2], [5, 5]]))
    assert found.accuracy == pytest.approx(0.65)
    assert found.recall.tolist() == [0.8, 0.5]


def test_a_network_is_kept_in_half_precision(learnt, tmp_path):
    network, _, others = learnt
    path = tmp_path / "own.pt"
    write_vgg(path, TrainedVgg(network, tuple(CLASSES), "linear"))
    again = read_vgg(path)
    assert (again.classes, again.image) == (tuple(CLASSES), "linear")
    with torch.inference_mode():
        difference = again.network(others.images.float()) - network(others.images.float())
    assert difference.abs().max() < 0.05
    assert np.array_equal(called(again.network, others.images), called(network, others.images))


class Evil:
    def __reduce__(self):
        return exec, ("raise SystemExit('ran')",)


def test_a_file_that_is_no_network_is_named_and_nothing_of_it_runs(tmp_path):
    path = tmp_path / "strange.pt"
    with pytest.raises(InputError, match="cannot be read"):
        read_vgg(path)
    for data in (b"", b"no network", pickle.dumps(Evil())):
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"strange.pt.*no audio-VGG"):
            read_vgg(path)
    torch.save({"channels": 2, "classes": ["a"], "weights": {}, "image": "linear"}, path)
    with pytest.raises(InputError, match="no audio-VGG"):
        read_vgg(path)


@pytest.mark.parametrize("image", ["linear", "log-mel"])
def test_networks_that_come_with_the_program(image):
    found = shipped_vgg(image)
    assert found.image == image
    assert found.classes == ("flute", "keyboard", "guitar")


def test_outputs_of_their_own_kind_are_told_apart(learnt):
    network, own, others = learnt
    rng = np.random.default_rng(1)
    mixture = Mixture("new", some(["mixture"], 12, rng), some(["mixture"], 6, rng))
    unmet = unexposed(network, mixture.test, 3)
    assert unmet.sum() == 6
    exposed, found = told_apart((own, others), [mixture], 3, HOW, QUIET)
    assert found.confusion.shape == (4, 4)
    assert found.recall[3] >= 0.9
    places = clusters(exposed, {"flute": others.of_class(0), "new": mixture.test, "x": own}, 0)
    shapes = {name: place.shape for name, place in places.items()}
    assert shapes == {"flute": (6, 2), "new": (6, 2), "x": (36, 2)}


def test_what_has_become_of_notes():
    rate, rng = CLIP_RATE, np.random.default_rng(0)
    before = [note("flute", hertz)[None] for hertz in (330.0, 550.0, 700.0)]
    same = observed(before, before, rate)
    assert (same.high_db, same.attack_db, same.cents) == (0.0, 0.0, 0.0)
    assert same.notes == pytest.approx(1.0)
    semitone = [note("flute", hertz * 2 ** (1 / 12))[None] for hertz in (330.0, 550.0, 700.0)]
    assert observed(before, semitone, rate).cents == pytest.approx(100.0, abs=2.0)
    assert observed(before, semitone, rate).notes < 0.9
    hissing = [sound + 0.01 * rng.normal(size=sound.shape) for sound in before]
    assert observed(before, hissing, rate).high_db > 20.0
    late = [np.pad(sound, ((0, 0), (rate // 2, 0)))[:, : sound.shape[-1]] for sound in before]
    assert observed(before, late, rate).attack_db < -20.0


def test_clips_go_through_a_preset(notes, tmp_path):
    folder, clips = notes[0], notes[1][::3]
    handmade.write(handmade.flat(6.0), tmp_path / "louder" / "generator.onnx")
    about = 'format = 1\ndescription = "6 dB more"\nlicence = "CC0-1.0"\nbpm = 175.0\n'
    (tmp_path / "louder" / "preset.toml").write_text(about)
    preset = load_preset(str(tmp_path / "louder"))
    told = []
    paths = render_clips(preset, folder, clips, tmp_path / "out", lambda *x: told.append(x[:2]))
    assert told[-1] == (2, 2)
    for clip, path in zip(clips, paths, strict=True):
        before, after = sf.read(clip.path(folder))[0], sf.read(path)[0]
        assert np.abs(after - 10**0.3 * before).max() < 2e-3
    assert images_of_files(paths).images.shape == (2, 1, 513, 258)
    stamp = paths[0].stat().st_mtime_ns
    render_clips(preset, folder, clips, tmp_path / "out", QUIET)
    assert paths[0].stat().st_mtime_ns == stamp


def test_an_untrained_network_tells_nothing_apart():
    torch.manual_seed(0)
    network = AudioVgg(3, 2).eval()
    rng = np.random.default_rng(3)
    assert scores(network, some(CLASSES, 6, rng), 3).accuracy < 0.7
