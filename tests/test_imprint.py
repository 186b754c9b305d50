"""The style of one recording, learnt by a streaming generator and played."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import soundfile as sf
import torch

from engine.config.preset import load_preset
from engine.dsp.frontend import FrontEnd
from engine.dsp.settings import Settings
from engine.dsp.streaming import QUIET_DB
from engine.dsp.tempo import Tempo
from engine.errors import InputError
from engine.models.generator import StreamingOnnx
from tests.datasets import BEAT, PHRASE, loop, tilted, write_dataset
from tests.feeds import noise
from tests.feeds import run as play
from tests.program import doubledrop
from train.cli.imprinting import settings_of, steps_of, steps_within
from train.data.dataset import RATE, Dataset
from train.judge.view import levelled, view
from train.style.audio_vgg import AudioVgg
from train.style.eq_deaf import EqDeaf
from train.style.features import Found
from train.style.texture import Texture, texture_of, windows
from train.style.vgg_file import TrainedVgg, write_vgg
from train.training.facts import Facts
from train.training.johnson_recipe import JohnsonRecipe
from train.training.johnson_training import JohnsonTraining
from train.training.playback import Playback
from train.training.recording import read_recording
from train.training.run import load_run
from train.training.tracks import SPIN_UP, Draw, Pieces
from train.training.trainer import train as run_training

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset")
    return Dataset(write_dataset(folder, train=2, held_out=1, train_twins=True))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A recording of hard drums, and an untrained audio-VGG."""
    folder = tmp_path_factory.mktemp("style")
    sound = levelled(loop(np.random.default_rng(1), hard=True, bright_db=9.0, seconds=6.0))
    sf.write(folder / "hard drums.wav", 0.2 * sound.T, RATE)
    torch.manual_seed(0)
    trained = TrainedVgg(AudioVgg(2, 4), ("a", "b"), "log-mel")
    write_vgg(folder / "vgg.pt", trained)
    return folder


@pytest.fixture(scope="module")
def small(files):
    return JohnsonRecipe(
        kind="johnson",
        source="soft",
        target="hard drums",
        recording=files / "hard drums.wav",
        features="audio-vgg",
        network=files / "vgg.pt",
        width=16,
        dilations=(1, 2, 4),
        batch=2,
        columns=96,
        steps=4,
        average=0.9,
    )


def run(recipe, data, folder, **options):
    seen = []
    facts = run_training(
        recipe, data, folder, progress=lambda *a: seen.append(a[2]), device="cpu", **options
    )
    return facts, seen


@pytest.mark.parametrize("features", ["audio-vgg", "random"])
def test_the_music_as_it_is_is_1_away_in_style_and_0_in_content(data, small, features):
    recipe = small.model_copy(update={"features": features})
    training = JohnsonTraining(recipe, data, CPU, amp=False)
    pieces = Pieces(data, "soft", None, "train", CPU, twins=False)
    training.read(data.folder)
    goal = training.goal(pieces)
    own = training.texture([pieces.image(False, number) for number in range(2)])
    assert float(goal.distance(own)) == pytest.approx(1.0, rel=1e-4)
    assert float(goal.distance(goal.wanted)) == 0.0
    drawn = pieces.draw(np.random.default_rng(0), Draw(8, 96, 14, 0.5, backwards=False))
    answers = torch.zeros(8, 2, 7, 128, 110)
    answers[:, 1] = QUIET_DB
    found = training.losses(drawn, answers, 3, None)
    assert float(found["style"]) == pytest.approx(1.0, abs=0.02)  # of any bars of it
    assert float(found["content"]) < 1e-3
    assert float(found["farther"]) == float(found["smooth"]) == 0.0
    sounded = training.losses(drawn, answers, 3, seed=0)
    assert float(sounded["style"]) == pytest.approx(1.0, abs=0.02)
    assert float(sounded["content"]) < 1e-3
    answers[:, 0] = 12.0
    louder = training.losses(drawn, answers, 3, None)
    assert float(louder["content"]) > 10 * float(found["content"])
    answers[:, 0, 3] = 0.0
    assert float(training.losses(drawn, answers, 3, None)["farther"]) > 0.01


def test_sound_and_image_say_the_same_of_a_gain(data):
    """In level, place and time, whatever the level that the sound is kept at."""
    pieces = Pieces(data, "soft", None, "train", CPU, twins=False)
    drawn = pieces.draw(np.random.default_rng(0), Draw(2, 96, 14, 0.5, backwards=False))
    answers = torch.zeros(2, 2, 7, 128, 110)
    answers[:, 0, :, 40:80, 50:80], answers[:, 1] = -12.0, QUIET_DB
    playback = Playback(FrontEnd(), RATE)
    was, now = playback.sounded(drawn.image, drawn.sound, answers, seed=0)
    shown = playback.shown(drawn.image, answers)
    there = slice(14 - SPIN_UP + 2, 14 - SPIN_UP + 2 + was.shape[-1])
    assert (was - drawn.image[..., there]).abs().mean() < 0.01
    off = (now - shown[..., there]).abs().mean()
    assert off < 0.2 * (now - was).abs().mean()


def test_a_texture_is_that_of_all_images_together():
    torch.manual_seed(0)
    images = [torch.rand(12, 100), torch.rand(12, 75), torch.rand(12, 20)]
    cut = windows(images, 30)
    assert cut.shape == (3 + 2 + 1, 1, 12, 30)
    assert torch.equal(cut[5, 0, :, 20:], images[2][:, :10])  # short ones go round
    layers = type("Rows", (), {"found": lambda _, x: Found({}, {"rows": x[:, 0]})})()
    flat = cut[:, 0].transpose(0, 1).flatten(1)
    many = cut.repeat(5, 1, 1, 1)  # more than are looked at together
    for found in (Texture.of(cut, layers.found(cut).style), texture_of(many, layers)):
        assert torch.allclose(found.grams["rows"][0], flat @ flat.T / flat.shape[1], rtol=1e-4)
        assert torch.allclose(found.frequency[0], flat.square().mean(1), rtol=1e-4)
        wanted = torch.cov(flat, correction=0)
        assert torch.allclose(found.covariances()["rows"][0], wanted, atol=1e-5)


def test_pieces_of_one_genre_are_those_of_two(data):
    one, two = (Pieces(data, "soft", other, "train", CPU, False) for other in (None, "hard"))
    assert one.count(False) == two.count(False) == 2
    assert one.count(True) == 0
    assert torch.equal(one.image(False, 1), two.image(False, 1))
    assert torch.equal(one.given(False, True, 1)[:128], one.image(False, 1))


def test_the_style_is_learnt(data, small, tmp_path):
    recipe = small.model_copy(update={"steps": 30, "learning_rate": 4e-3, "width": 32})
    _, seen = run(recipe, data, tmp_path / "run")
    style = [one["style"] for one in seen]
    assert style[0] == pytest.approx(1.0, abs=0.05)
    assert np.median(style[-10:]) < 0.5  # single steps, of other bars, go up and down


def test_a_run_that_was_stopped_goes_on_to_the_same_losses(data, small, tmp_path):
    whole, _ = run(small, data, tmp_path / "whole")
    first, _ = run(small, data, tmp_path / "parts", until=2)
    assert first.steps == 2
    second, _ = run(small, data, tmp_path / "parts")
    assert second.losses == whole.losses
    weights = [load_run(tmp_path / name).model.average.state_dict() for name in ("whole", "parts")]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    longer = small.model_copy(update={"steps": 5})
    assert run(longer, data, tmp_path / "parts")[0].steps == 5


def test_another_recording_or_network_is_refused_where_a_run_goes_on(data, small, files, tmp_path):
    run(small, data, tmp_path / "run", until=1)
    moved = shutil.copy(files / "hard drums.wav", tmp_path / "moved.wav")
    there = small.model_copy(update={"recording": moved})
    assert run(there, data, tmp_path / "run", until=2)[0].steps == 2  # its place may change
    sound, rate = sf.read(moved)
    sf.write(moved, 0.9 * sound, rate)
    with pytest.raises(InputError, match=r"moved.wav.*another file than when the run began"):
        run(there, data, tmp_path / "run")
    torch.manual_seed(1)
    write_vgg(tmp_path / "other.pt", TrainedVgg(AudioVgg(2, 4), ("a", "b"), "log-mel"))
    with pytest.raises(InputError, match=r"other.pt.*another file"):
        run(small.model_copy(update={"network": tmp_path / "other.pt"}), data, tmp_path / "run")
    with pytest.raises(InputError, match=r"another recipe.*content"):
        run(small.model_copy(update={"content": 9.0}), data, tmp_path / "run")


@pytest.fixture(scope="module")
def preset(data, small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    recipe = small.model_copy(update={"steps": 20, "learning_rate": 4e-3})
    run(recipe, data, folder / "run")
    done = doubledrop("export", folder / "run", folder / "drums", "--data", data.folder)
    assert done.returncode == 0, done.stderr
    return load_preset(str(folder / "drums"))


@pytest.mark.parametrize("use", ["phrase", "edge"])
def test_the_preset_is_played_with_and_without_a_clock(preset, use, rng):
    feed = 0.3 * noise(rng, 3.0, RATE)
    generator = StreamingOnnx(preset.model, "cpu", threads=1)
    out, host = play(generator, feed, RATE, Settings(use=use), tempo=Tempo(60 / BEAT))
    assert np.isfinite(out).all()
    assert host.restyle.share["fresh"] > 0.9
    heard, fed = out[:, RATE:], feed[:, RATE:]
    assert np.abs(heard - fed).mean() > 0.1 * np.abs(fed).mean()


def test_the_card_says_what_was_done(preset, files):
    card = (preset.folder / "card.md").read_text()
    for said in (
        *("johnson: style of one recording", "hard drums.wav, 6 s", "unpaired: 20 steps"),
        *("style 1, content 0.3", "soft 2", "vgg.pt", "no energy over time", "causal"),
    ):
        assert said in card, said
    facts = StreamingOnnx(preset.model, "cpu", threads=1).info.facts
    assert facts["recipe"]["kind"] == "johnson"
    assert str(files) not in card + json.dumps(facts)  # whose folders are nobody's business
    assert preset.file.description.startswith("soft restyled as hard drums, by a streaming")


def test_only_its_style_is_made(data, preset, tmp_path):
    done = doubledrop("export", preset.folder.parent / "run", tmp_path / "x", "--to", "soft")
    assert done.returncode == 2
    assert "no dataset" in done.stderr
    words = ["--data", data.folder, "--to", "soft"]
    done = doubledrop("export", preset.folder.parent / "run", tmp_path / "x", *words)
    assert "hard drums" in done.stderr


def test_an_equaliser_changes_nothing_of_the_eq_deaf_distance():
    rng = np.random.default_rng(3)
    wanted, soft = (loop(rng, hard, seconds=4.0) for hard in (True, False))
    other = loop(rng, True, seconds=4.0)
    deaf = EqDeaf(view(wanted, RATE), [view(soft, RATE)])
    assert deaf.distance([view(soft, RATE)]) == pytest.approx(1.0)
    assert deaf.distance([view(wanted, RATE)]) == 0.0
    assert deaf.distance([view(tilted(soft, 12.0), RATE)]) == pytest.approx(1.0, abs=0.1)
    assert deaf.distance([view(other, RATE)]) < 0.5
    assert deaf.distance([view(soft, RATE) + np.linspace(-20, 20, 128)]) == pytest.approx(1.0)


def written(folder, sound, rate=RATE):
    sf.write(folder / "wrong.wav", np.asarray(sound, np.float32), rate)
    return folder / "wrong.wav"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda f: written(f, np.ones(3 * RATE)), r"wrong.wav.*3.00 s of sound.*at least 4 s"),
        (lambda f: written(f, np.zeros(5 * 48000), 48000), "wrong.wav.*silent"),
        (lambda f: written(f, np.zeros(0)), "0.00 s of sound"),
        (lambda f: (f / "a.wav").write_text("no sound") and f / "a.wav", "a.wav"),
        (lambda f: f / "none.wav", "none.wav"),
        (lambda f: type(f)(), "recipe: recording"),
    ],
    ids=["short", "silent", "empty", "text", "missing", "none"],
)
def test_a_recording_that_cannot_be_used_is_named(make, says, tmp_path):
    with pytest.raises(InputError, match=says):
        read_recording(make(tmp_path))


def test_other_wrong_inputs_are_named(files, tmp_path):
    style = files / "hard drums.wav"
    done = doubledrop("imprint", tmp_path / "none.wav", tmp_path / "x", "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "none.wav" in done.stderr
    (tmp_path / "empty").mkdir()
    words = ["--out", tmp_path / "run", "--content", tmp_path / "empty"]
    done = doubledrop("imprint", style, tmp_path / "x", *words)
    assert done.returncode == 2
    assert "no music in it" in done.stderr
    linear = TrainedVgg(AudioVgg(2, 2), ("a", "b"), "linear")
    write_vgg(tmp_path / "linear.pt", linear)
    (tmp_path / "cycle.toml").write_text('source = "a"\ntarget = "b"\n')
    with pytest.raises(InputError, match=r"cyclegan.*expected johnson"):
        settings_of(tmp_path / "cycle.toml", "soft", style, None)


def test_a_run_knows_how_many_steps_it_can_do(tmp_path):
    facts = Facts(8, 4.0, "", {}, {})
    assert steps_within(1.0, facts) == 120
    assert steps_within(0.001, facts) == 8
    assert steps_of(tmp_path, None) is None
    assert steps_of(tmp_path, 30) == 30


def test_from_two_files_to_a_preset(files, tmp_path, monkeypatch):
    """At rates that are not the dataset's, resumed, and with nothing left to do the second time."""
    monkeypatch.chdir(tmp_path)
    music = tmp_path / "my music"
    music.mkdir()
    sound = loop(np.random.default_rng(2), hard=False, seconds=2.5 * PHRASE)
    sf.write(music / "a.wav", levelled(sound).T[:: RATE // 22050], 22050)
    recipe = tmp_path / "small.toml"
    recipe.write_text(
        'kind = "johnson"\nsource = "a"\ntarget = "b"\nwidth = 16\ndilations = [1, 2]\n'
        f'batch = 2\ncolumns = 96\nfeatures = "audio-vgg"\nnetwork = "{files / "vgg.pt"}"\n'
    )
    words = ["--content", music, "--recipe", recipe, "--minutes", 0.01, "--threads", 1]
    done = doubledrop("imprint", files / "hard drums.wav", "drums", *words)
    assert done.returncode == 0, done.stderr
    assert "doubledrop play --preset ./drums" in done.stdout
    assert "\n| onsets kept (F) | " in done.stdout
    card = (tmp_path / "drums" / "card.md").read_text()
    for said in ("my music", "| EQ-deaf distance in style", "| onsets kept (F) |"):
        assert said in card
    run_folder = tmp_path / "runs" / "drums"
    assert sf.info(run_folder / "preview.wav").duration > 4
    assert (run_folder / "preview.png").stat().st_size > 10000
    steps = load_run(run_folder).facts.steps
    assert steps >= 8
    again = doubledrop("imprint", files / "hard drums.wav", "drums", *words)
    assert again.returncode == 0, again.stderr
    assert load_run(run_folder).facts.steps == steps
    assert (tmp_path / "drums" / "card.md").read_text() == card
