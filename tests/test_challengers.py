"""What a recipe may ask for beside the paper: does each do what it says, and can it be trained?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from engine.dsp.crop import AHEAD
from engine.dsp.frontend import FrontEnd
from engine.errors import InputError
from engine.models.generator import OnnxGenerator
from export.trained import export
from tests.datasets import write_dataset
from train.data.augment import augmented
from train.data.dataset import Dataset
from train.data.images import HEARD, LEAD, ROW, GenreImages, Windows, batch, rows
from train.models.band_network import BandGenerator
from train.models.contrast import Contrast
from train.models.critics import Discriminator
from train.models.networks import ResNetGenerator
from train.models.rendering import stretch
from train.training.cyclegan import CycleGan
from train.training.cyclegan_step import learn_cycle
from train.training.recipe import Recipe
from train.training.trainer import train

SMALL = Recipe(
    source="soft", target="hard", channels=4, blocks=1, critic_channels=4, width=64, steps=4
)
ASKED = {
    "augment": {"augment": True},
    "critics": {"critic_scales": 2, "critic_norm": "spectral"},
    "resize": {"upsampling": "resize"},
    "bands": {"network": "bands"},
    "contrast": {"contrast": 1.0, "cycle": 0.0},
    "norm": {"norm": "channel"},
    "twins": {"twins": True, "teacher": 10.0, "cycle": 0.0},
    "backwards": {"twins": True, "backwards": True, "teacher": 10.0, "cycle": 0.0},
    "rows": {"rows": 1.0},
    "rows of twins": {"rows": 1.0, "twins": True, "teacher": 10.0, "cycle": 0.0, "batch": 2},
}
SPAN_DB = FrontEnd().ceil_db - FrontEnd().floor_db


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset")
    return Dataset(write_dataset(folder, train=2, held_out=1, train_twins=True))


def run(recipe, data, folder):
    seen = []
    train(recipe, data, folder, progress=lambda *a: seen.append(a[2]), device="cpu")
    return seen


@pytest.fixture(scope="module")
def plain(data, tmp_path_factory):
    """Losses of the first step without any of them."""
    return run(SMALL.model_copy(update={"steps": 1}), data, tmp_path_factory.mktemp("plain"))[0]


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_each_can_be_trained_and_goes_on(asked, data, plain, tmp_path):
    recipe = SMALL.model_copy(update={**asked, "steps": 1})
    (first,) = run(recipe, data, tmp_path)
    assert first != plain
    (second,) = run(recipe.model_copy(update={"steps": 2}), data, tmp_path)
    assert first.keys() == second.keys()
    assert all(np.isfinite(list(second.values())))


@pytest.mark.parametrize(
    "made",
    [
        ResNetGenerator(4, 1, norm="channel"),
        ResNetGenerator(4, 1, upsampling="resize"),
        BandGenerator(8, 6, True),
    ],
    ids=["norm", "resize", "bands"],
)
def test_a_generator_of_another_kind_is_exported(made, tmp_path, rng):
    example = rng.random((480, 128)).astype(np.float32)
    path = tmp_path / "generator.onnx"
    last = made.last if isinstance(made, ResNetGenerator) else made.leave
    torch.nn.init.normal_(last.weight, 0.0, 0.02)
    outputs = []
    for drive in (1.0, 1.5):
        export(
            made,
            path,
            example,
            **{"front_end": FrontEnd(), "level_db": -18.0, "facts": {}, "view": 64},
            drive=drive,
        )
        outputs.append(OnnxGenerator(path, "cpu")(example, 480.0))
    free = (outputs[1] > 0.0) & (outputs[1] < 1.0)
    assert np.abs(outputs[0] - example).max() > 0.05
    driven = example + 1.5 * (outputs[0] - example)
    assert outputs[1][free] == pytest.approx(driven[free], abs=1e-4)


@pytest.mark.parametrize(("upsampling", "even"), [("transposed", False), ("resize", True)])
def test_only_resized_images_have_no_checkerboard(upsampling, even):
    """From an image that is even everywhere: one as even, or one with a pattern of two columns."""
    torch.manual_seed(0)
    generator = ResNetGenerator(8, 1, residual=False, norm="channel", upsampling=upsampling)
    for module in generator.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            torch.nn.init.normal_(module.weight, 0.1, 0.2)
    with torch.inference_mode():
        found = generator.body(torch.full((1, 1, 128, 128), 0.3))[0, :, 40:-40, 40:-40]
    spread = (found[..., ::2].mean(dim=(1, 2)) - found[..., 1::2].mean(dim=(1, 2))).abs().max()
    assert (spread.item() < 1e-4) is even


def test_bands_are_free_and_time_is_seen_on_both_sides(rng):
    """A change of one place reaches every band, and columns before and after it, as far as the
    dilations go."""
    torch.manual_seed(0)
    generator = BandGenerator(16, 3, residual=True)
    for module in generator.modules():
        if isinstance(module, torch.nn.Conv1d):
            torch.nn.init.normal_(module.weight, 0.0, 0.3)
    image = torch.from_numpy(rng.uniform(-0.5, 0.5, (1, 1, 128, 64)).astype(np.float32))
    other = image.clone()
    other[..., 20, 32] += 0.3
    with torch.inference_mode():
        moved = (generator(other) != generator(image))[0, 0]
    assert moved[:, 32].float().mean() > 0.9
    columns = moved.any(dim=0).nonzero().flatten().tolist()
    assert columns == list(range(32 - 7, 32 + 8))


@pytest.mark.parametrize(
    "asked", [{"contrast": 1.0}, {"norm": "channel"}, {"upsampling": "resize"}]
)
def test_what_is_of_images_is_refused_for_bands(asked):
    with pytest.raises(ValueError, match="are of images"):
        Recipe(source="a", target="b", network="bands", **asked)


def test_augmented_images_are_shifted_louder_or_softer_and_masked():
    image = torch.zeros(1, 128, 96, requires_grad=True)
    seen = {"shift": set(), "level": set(), "masked": set()}
    for number in range(60):
        made = augmented(image[None], np.random.default_rng(number), FrontEnd())[0, 0]
        again = augmented(image[None], np.random.default_rng(number), FrontEnd())[0, 0]
        assert torch.equal(made, again)
        level = made.max().item() * SPAN_DB / 2
        assert abs(level) <= 6.0
        silent = (made <= made.max() - 0.5).float()
        rows, columns = silent.mean(dim=1) == 1.0, silent.mean(dim=0) == 1.0
        assert rows.sum() <= 16
        assert columns.sum() <= 12 + 16
        seen["level"].add(round(level))
        seen["shift"].add(bool(columns[0]) - bool(columns[-1]))
        seen["masked"].add(int(rows.sum()))
    assert {-5, 5} <= seen["level"]
    assert {-1, 1} <= seen["shift"]
    assert len(seen["masked"]) > 10
    made.sum().backward()
    kept = image.grad[0].numpy()
    assert set(np.unique(kept)) == {0.0, 1.0}


def test_contrast_asks_that_places_stay_where_they_are():
    torch.manual_seed(0)
    generator = ResNetGenerator(8, 2)
    contrast = Contrast(generator)
    image = torch.rand(1, 1, 128, 64) * 2 - 1
    made = image.clone().requires_grad_()
    same = contrast(generator, made, image, seed=1)
    assert same < 0.8 * contrast(generator, image.flip(-1), image, seed=1)
    same.backward()
    assert made.grad.abs().sum() > 0


def test_a_critic_looks_at_every_scale():
    critic = Discriminator(4, scales=3)
    judged = critic(torch.rand(2, 1, 128, 128))
    assert [tuple(x.shape) for x in judged] == [(2, 1, n, n) for n in (14, 6, 2)]
    assert len(list(Discriminator(4).parameters())) * 3 == len(list(critic.parameters()))


def test_spectral_norm_bounds_how_much_a_critic_can_grow():
    torch.manual_seed(0)
    critic = Discriminator(8, norm="spectral")
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.mul_(30.0)
        for _ in range(30):  # each use in training turns the estimate further
            critic(torch.rand(1, 1, 64, 64))
        for layer in critic.body:
            if isinstance(layer, torch.nn.Conv2d):
                largest = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
                assert largest == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize(("norm", "sees_all"), [("instance", True), ("channel", False)])
def test_only_the_papers_norm_depends_on_where_the_window_is_cut(norm, sees_all):
    torch.manual_seed(0)
    generator = ResNetGenerator(4, 1, norm=norm).eval()
    torch.nn.init.normal_(generator.last.weight, 0.0, 0.2)
    image = torch.rand(1, 1, 128, 160) * 2 - 1
    other = image.clone()
    other[..., 120:] = -1.0  # what lies far from the first columns
    with torch.inference_mode():
        change = (generator(image) - generator(other))[..., :40].abs().max()
    assert (change > 1e-3) == sees_all


def test_crops_come_with_the_twin(data, rng):
    images = GenreImages(data, "soft")
    images.learn_twins(data)
    hard = data.segments("soft", "train")
    crops = batch(images, rng, 8, 128, Windows(0.0, 0.0))
    assert crops.shape == (8, 3, 128, 128)
    window, heard, wanted = crops.transpose(1, 0, 2, 3)
    assert np.array_equal(window, heard)
    # The same notes at the same level, played otherwise: nearer than any other track's twin.
    twins = [2 * data.front_end.normalise(data.twin_image(s)[1]).T - 1 for s in hard]
    for crop in wanted:
        places = range(twins[0].shape[1] - 127)
        off = [min(np.abs(t[:, i : i + 128] - crop).mean() for i in places) for t in twins]
        assert min(off) < 1e-6
    assert 1.0 < np.abs(wanted - heard).mean() * SPAN_DB / 2 < 20.0


def test_pairs_are_learnt_backwards_too(data):
    soft, hard = (GenreImages(data, genre) for genre in data.genres)
    for images in (soft, hard):
        images.learn_twins(data)
    n, own = len(soft.windows), hard.windows
    soft.exchange(hard)
    assert len(soft.windows) == n + len(own)
    # What a hard track's twin is to become is that track, and what a soft track's twin is, is soft.
    assert np.array_equal(soft._wanted[n:], own)
    assert np.array_equal(hard._wanted[len(own) :], soft.windows[:n])
    assert np.array_equal(soft.windows[n:], hard._wanted[: len(own)])


def test_windows_in_a_row_make_one_stretch_of_what_is_heard(data, rng):
    """Every column of it was drawn LEAD columns ahead or more, from the phrase before."""
    images = GenreImages(data, "soft")
    images.learn_twins(data)
    columns = images.columns
    # Each image says at each column which phrase and which column that is.
    images.windows[:, 0], images.windows[:, 1] = 0.0, 0.5
    images.windows += np.arange(columns) / (4 * columns)
    images._wanted = images.windows + 10.0
    for _ in range(20):
        row = rows(images, rng, 2, 128)
        assert row.shape == (2, ROW, 3, 128, 128)
        for windows in row:
            ahead = (windows[:, 0] != windows[:, 1])[:, 0]
            assert not ahead[:, : 128 - AHEAD].any()
            assert ahead[:, 128 - AHEAD :].all()
        window, heard, wanted = (
            stretch(torch.from_numpy(row[:, :, i].reshape(-1, 1, 128, 128))).numpy()
            for i in range(3)
        )
        assert heard.shape == (2, 1, 128, ROW * HEARD)
        steps = np.diff(heard, axis=-1)
        assert np.allclose(steps, 1 / (4 * columns), atol=1e-6)  # a stretch without a seam
        assert np.allclose(wanted, heard + 10.0, atol=1e-5)
        error = (heard - window - 0.5) * 4 * columns
        assert np.abs(error).max() < 0.6  # the same places, a phrase ago, at nearly that tempo


def test_the_columns_heard_of_a_window_lie_just_ahead():
    window = torch.arange(128.0).expand(ROW, 1, 128, 128)
    newest = 128 - AHEAD - 1
    assert (stretch(window)[0, 0, 0, :HEARD] - newest).tolist() == [
        LEAD + 1 + i for i in range(HEARD)
    ]


def test_critics_see_the_stretch(data, rng):
    """What is generated reaches them, and the generators through them, from the columns heard."""
    model = CycleGan(SMALL, torch.device("cpu"), amp=False)
    seen = []
    model.of_target.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    images = GenreImages(data, "soft")
    row = torch.from_numpy(rows(images, rng, 1, 128))
    before = model.to_target.last.weight.detach().clone()
    learn_cycle(model, row, row, 1e-3, rng)
    fake, real, _ = seen
    assert fake.shape == real.shape == (1, 1, 128, ROW * HEARD)
    assert torch.equal(real, stretch(row[0, :, 1:2]))
    assert not torch.equal(model.to_target.last.weight, before)


def test_a_training_without_twins_says_so(tmp_path):
    data = Dataset(write_dataset(tmp_path / "data", train=1, held_out=0))
    recipe = SMALL.model_copy(update=ASKED["twins"])
    with pytest.raises(InputError, match=r"no twin of soft/soft-0-0.*--train-twins"):
        run(recipe, data, tmp_path / "run")
    with pytest.raises(ValidationError, match="teach nothing"):
        Recipe(source="soft", target="hard", twins=True)
    with pytest.raises(ValidationError, match="pairs of twins"):
        Recipe(source="soft", target="hard", backwards=True)
