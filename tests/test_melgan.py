"""MelGAN-VC: its networks and losses, a training, and its preset without a clock."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.config.preset import load_preset
from engine.dsp.settings import Settings
from engine.errors import InputError, UsageError
from engine.models.generator import OnnxGenerator
from tests.datasets import write_dataset
from tests.feeds import noise
from tests.feeds import run as play
from train.cli.export import export
from train.data.dataset import RATE, Dataset
from train.data.images import GenreImages, stretches
from train.models.melgan_networks import RECEPTIVE, MelGanGenerator, folded
from train.training.melgan import MelGan
from train.training.melgan_losses import between_pairs, hinge, margin, travel
from train.training.melgan_recipe import MelGanRecipe
from train.training.run import load_run
from train.training.trainer import train as run_training

CPU = torch.device("cpu")
SMALL = MelGanRecipe(
    kind="melgan-vc",
    source="soft",
    target="hard",
    channels=8,
    critic_channels=8,
    siamese_channels=8,
    vector=4,
    batch=2,
    steps=4,
    average=0.9,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return Dataset(write_dataset(tmp_path_factory.mktemp("dataset"), train=2, held_out=1))


def run(recipe, data, folder, **options):
    seen = []
    facts = run_training(
        recipe, data, folder, progress=lambda *a: seen.append(a[2]), device="cpu", **options
    )
    return facts, seen


def generator(ahead=2):
    """One whose last layer says much, so that what an answer depends on is seen."""
    torch.manual_seed(0)
    net = MelGanGenerator(8, ahead)
    nn.init.normal_(net.leave.weight, 0.0, 0.3)
    return folded(net)


@torch.inference_mode()
def test_an_answer_knows_its_column_and_those_before():
    net, at = generator(), 60
    image = torch.rand(1, 1, 128, 96) * 1.2 - 0.6
    said = net.answers(image)
    for column, heard in ((at - RECEPTIVE - 1, False), (at - RECEPTIVE, True), (at + 1, False)):
        other = image.clone()
        other[..., column] *= -1.0
        assert torch.allclose(net.answers(other)[..., at], said[..., at], atol=1e-7) is not heard


@torch.inference_mode()
def test_a_window_answers_its_newest_column_as_a_stretch_does():
    """What makes one pass over a stretch the same as many windows in a row."""
    net = generator()
    image = torch.rand(1, 1, 128, 96) * 2 - 1
    said = net.answers(image)
    for end in (48, 49, 77, 96):
        window = image[..., end - 48 : end]
        newest = (net(window) - window)[..., -1]
        assert torch.allclose(newest, said[..., end - 1], atol=1e-6)


@pytest.mark.parametrize("ahead", [0, 1, 3])
@torch.inference_mode()
def test_columns_of_an_image_have_the_answers_that_are_for_them(ahead):
    net = generator(ahead)
    image = torch.rand(2, 1, 128, 56) * 2 - 1
    said, change = net.answers(image), net(image) - image
    assert torch.allclose(change[..., ahead:-1], said[..., : 56 - ahead - 1], atol=1e-6)
    assert torch.allclose(change[..., -1], said[..., -1], atol=1e-6)


@torch.inference_mode()
def test_an_answer_takes_no_column_out_of_the_range():
    net = generator()
    nn.init.constant_(net.leave.bias, -50.0)
    image = torch.full((1, 1, 128, 48), -0.9)
    assert torch.allclose(net.answers(image), torch.tensor(-0.1), atol=1e-6)


def test_spectral_norm_is_folded_into_the_weights():
    torch.manual_seed(0)
    net = MelGanGenerator(8, 2).eval()
    image = torch.rand(1, 1, 128, 48) * 2 - 1
    plain = folded(net)
    assert torch.allclose(plain(image), net(image), atol=1e-6)
    assert not [name for name, _ in plain.named_parameters() if "parametrizations" in name]
    assert [name for name, _ in net.named_parameters() if "parametrizations" in name]


def test_the_hinge_asks_for_no_more_than_1():
    assert hinge(torch.tensor([1.0, 5.0]), torch.tensor([-1.0, -9.0])) == 0.0
    assert hinge(torch.tensor([0.5, -1.0]), torch.tensor([0.0, 3.0])) == pytest.approx(3.75)


def test_travel_is_direction_and_length():
    own = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    assert travel(own, own) == pytest.approx(0.0, abs=1e-6)
    assert travel(own, torch.tensor([[2.0, 0.0], [0.0, 2.0]])) == pytest.approx(1.0)
    assert travel(own, torch.tensor([[0.0, 3.0], [0.0, 1.0]])) == pytest.approx((1 + 18) / 2)


def test_a_margin_is_kept_between_all_pairs():
    vectors = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]], requires_grad=True)
    pairs = between_pairs(vectors)
    assert torch.equal(pairs, torch.tensor([[-3.0, -4.0], [0.0, 0.0], [3.0, 4.0]]))
    loss = margin(pairs, 6.0)
    assert loss.item() == pytest.approx((1 + 6 + 1) / 3, abs=1e-5)
    loss.backward()
    assert torch.isfinite(vectors.grad).all()  # though two of them are the same


def test_an_answer_is_put_on_what_is_heard_later():
    """The stretch is silent but for one column, and each answer is that column's level."""
    model = MelGan(SMALL.model_copy(update={"ahead": 3, "rendered": False}), CPU, amp=False)
    net = model.generator
    net.answers = lambda image: image + 1.0
    stretch = torch.full((1, 1, 128, model.drawn), -1.0)
    stretch[..., RECEPTIVE + 10] = -0.25
    played, said, heard = model.heard(net, stretch)
    assert torch.equal(said, heard - played)
    assert played.shape[-1] == SMALL.width
    assert torch.nonzero(played[0, 0, 0] > -1.0).tolist() == [[7]]
    assert torch.nonzero((heard - played)[0, 0, 0]).tolist() == [[10]]
    assert heard[0, 0, 0, 10] == pytest.approx(-0.25)


def test_stretches_go_on_from_one_phrase_to_the_next(data, rng):
    images = GenreImages(data, "soft")
    columns = np.arange(2 * images.columns, dtype=np.float32).reshape(2, 1, -1)
    images.windows[:] = columns[None] / 1000
    drawn = stretches(images, rng, 40, 200)
    assert drawn.shape == (40, 1, 128, 200)
    assert np.allclose(np.diff(drawn, axis=-1), 0.001, atol=1e-5)
    firsts = 1000 * drawn[:, 0, 0, 0]
    assert firsts.min() < 0.3 * images.columns < images.columns < firsts.max()


def test_it_learns_what_the_target_sounds_like(data, tmp_path):
    """The mean spectrum of what is heard comes nearer to the target's."""
    change = {"steps": 60, "learning_rate": 3e-3, "critic_rate": 1.0, "channels": 16, "batch": 4}
    change |= {"identity": 0.0, "travel": 0.1}
    run(SMALL.model_copy(update=change), data, tmp_path / "run")
    model = load_run(tmp_path / "run").model
    own, target = (
        torch.from_numpy(GenreImages(data, genre).windows[:, 1][:, None])
        for genre in ("soft", "hard")
    )
    with torch.inference_mode():
        played, _, heard = model.heard(model.exported(), own)
    before, after = (
        (image.mean((0, 1, 3)) - target.mean((0, 1, 3))).abs().mean() for image in (played, heard)
    )
    assert after < 0.8 * before


def test_a_training_that_was_stopped_goes_on_to_the_same_losses(data, tmp_path):
    whole, seen = run(SMALL, data, tmp_path / "whole")
    smooth = SMALL.model_copy(update={"steps": 1, "smooth": 1.0})
    assert run(smooth, data, tmp_path / "smooth")[1][0]["smooth"] > 0.0
    assert set(seen[0]) == {"adversarial", "identity", "travel", "margin", "critic"}
    shown = []
    assert run(SMALL, data, tmp_path / "parts", until=2)[0].steps == 2
    second, _ = run(SMALL, data, tmp_path / "parts", shown=lambda *a: shown.append(a))
    assert second.losses == whole.losses
    weights = [load_run(tmp_path / name).model.exported() for name in ("whole", "parts")]
    pairs = zip(weights[0].parameters(), weights[1].parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    ((words, picture, sound),) = shown
    assert words.startswith("soft to hard")
    assert picture.shape[0] == 256
    assert 0.01 < np.abs(sound).max() <= 1.0
    with pytest.raises(InputError, match=r"another recipe.*travel"):
        run(SMALL.model_copy(update={"travel": 1.0}), data, tmp_path / "parts")


def test_a_run_begins_with_what_another_would_export(data, tmp_path):
    run(SMALL, data, tmp_path / "first")
    second = SMALL.model_copy(update={"steps": 1, "learning_rate": 1e-9, "average": 0.0})
    run(second, data, tmp_path / "second", begin=load_run(tmp_path / "first"))
    image = torch.rand(1, 1, 128, 48)
    made = [load_run(tmp_path / name).model.exported()(image) for name in ("first", "second")]
    assert torch.allclose(*made, atol=1e-4)
    larger = second.model_copy(update={"channels": 16})
    with pytest.raises(InputError, match=r"another size.*channels 8"):
        run(larger, data, tmp_path / "third", begin=load_run(tmp_path / "first"))


@pytest.fixture(scope="module")
def preset(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    run(SMALL.model_copy(update={"learning_rate": 1e-2}), data, folder / "run")
    export(folder / "run", folder / "hard", data.folder, sources="CC0 clicks")
    return load_preset(str(folder / "hard"))


def test_the_preset_is_played_without_a_clock(preset, data, rng):
    """In ``edge`` what falls on a column is what its generator said of the newest ones."""
    model = OnnxGenerator(preset.model, "cpu", threads=1)
    assert model.view == SMALL.width // 2
    feed = 0.3 * noise(rng, 2.0, RATE)
    out, host = play(model, feed, RATE, Settings(use="edge"))
    assert np.isfinite(out).all()
    assert host.restyle.share["fresh"] + host.restyle.share["predicted"] > 0.9
    heard, fed = out[:, RATE:], feed[:, RATE:]
    assert np.abs(heard - fed).mean() > 0.05 * np.abs(fed).mean()


def test_the_card_says_what_was_done(preset):
    card = (preset.folder / "card.md").read_text()
    for said in (
        *("MelGAN-VC (Pasini 2019", "unpaired: 4 steps", "soft 2 tracks", "CC0 clicks"),
        *("identity 1, TraVeL 10, margin 10", "2 columns late", "into the past only"),
    ):
        assert said in card, said
    assert preset.file.description == "soft restyled as hard, by a generator after MelGAN-VC"


@pytest.mark.parametrize(
    ("words", "says"), [({"to": "soft"}, "'soft'.*hard"), ({"share": 0.5}, "--share.*teachers")]
)
def test_what_an_export_refuses(preset, data, tmp_path, words, says):
    with pytest.raises(UsageError, match=says):
        export(preset.folder.parent / "run", tmp_path / "preset", data.folder, **words)
