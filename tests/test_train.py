"""Training: the networks, the window as it is used, resuming, several processes, export."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import train
from engine.config.preset import load_preset
from engine.dsp.crop import AHEAD
from engine.dsp.frontend import FrontEnd
from engine.errors import GeneratorError, InputError, UsageError
from engine.models.generator import OnnxGenerator
from export.card import FIGURES, add_figures
from export.trained import export
from tests.datasets import write_dataset
from tests.program import doubledrop, started
from train.cli.export import export as export_command
from train.data.dataset import Dataset
from train.data.images import GenreImages, Windows, batch, spliced
from train.models.critics import Discriminator
from train.models.history import History
from train.models.networks import ResNetGenerator
from train.training.cyclegan import CycleGan
from train.training.cyclegan_step import learn_cycle
from train.training.johnson import Johnson
from train.training.melgan import MelGan
from train.training.recipe import Recipe, read_recipe
from train.training.run import load_run
from train.training.streaming_pair import StreamingPair
from train.training.trainer import train as run_training

RECIPES = sorted((Path(train.__file__).parent / "recipes").glob("*.toml"))
SMALL = Recipe(
    source="soft",
    target="hard",
    channels=4,
    blocks=1,
    critic_channels=4,
    width=64,
    batch=2,
    steps=6,
    history=3,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return Dataset(write_dataset(tmp_path_factory.mktemp("dataset"), train=3, held_out=1))


def run(recipe, data, folder, **options):
    seen = []
    facts = run_training(
        recipe, data, folder, progress=lambda *a: seen.append(a), device="cpu", **options
    )
    return facts, seen


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_can_be_built(path):
    recipe = read_recipe(path)
    if recipe.kind == "streaming":
        small = {"width": 16, "critic_channels": 4}
        pair = StreamingPair(recipe.model_copy(update=small), CPU, amp=False, rate=44100)
        assert pair.to_target.generator.receptive == 252
        return
    if recipe.kind == "johnson":
        net = Johnson(recipe.model_copy(update={"width": 16}), CPU, amp=False, rate=44100)
        assert net.generator.receptive == 126
        return
    if recipe.kind == "melgan-vc":
        assert (recipe.width, recipe.batch) == (96, 16)  # as in the paper
        MelGan(recipe.model_copy(update={"channels": 8, "critic_channels": 8}), CPU, amp=False)
        return
    assert recipe.blocks == (10 if recipe.network == "bands" else 9)
    CycleGan(recipe.model_copy(update={"channels": 4, "critic_channels": 4}), CPU, amp=False)


CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('source = "a"\n', ["target", "missing"]),
        ('source = "a"\ntarget = "a"\n', ["both"]),
        ('kind = "gan"\nsource = "a"\ntarget = "b"\n', ["kind", "cyclegan or streaming"]),
        ('kind = "streaming"\nsource = "a"\ntarget = "a"\n', ["both"]),
        ('kind = "streaming"\nsource = "a"\ntarget = "b"\nblocks = 3\n', ["blocks", "unknown"]),
        ('source = "a"\ntarget = "b"\nchanels = 3\n', ["chanels", "channels"]),
        ('source = "a"\ntarget = "b"\nwidth = 65\n', ["width", "65"]),
        ('kind = "melgan-vc"\nsource = "a"\ntarget = "b"\nwidth = 100\n', ["width", "100"]),
        ('source = "a"\ntarget = "b"\nphrase = 0.8\nedge = 0.4\n', ["more than 1"]),
        ("source = = 1\n", ["cannot be read"]),
    ],
)
def test_a_bad_recipe_is_named(text, says, tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_recipe(path)
    for part in says:
        assert part.lower() in str(caught.value).lower()


def test_the_learning_rate_falls_at_the_end():
    recipe = SMALL.model_copy(update={"steps": 100, "learning_rate": 2.0})
    assert [recipe.rate_at(s) for s in (0, 49, 75, 99)] == pytest.approx([2.0, 2.0, 1.0, 0.04])
    constant = recipe.model_copy(update={"decay": 0.0})
    assert [constant.rate_at(s) for s in (0, 99)] == [2.0, 2.0]


def test_a_residual_generator_starts_near_the_identity():
    torch.manual_seed(0)
    image = torch.rand(1, 1, 128, 96) * 2 - 1
    with torch.inference_mode():
        assert (ResNetGenerator(8, 2)(image) - image).abs().mean() < 0.2
        assert (ResNetGenerator(8, 2, residual=False)(image) - image).abs().mean() > 0.3


def test_the_papers_generator_has_the_papers_size():
    generator = ResNetGenerator(64, 9, residual=False)
    assert sum(p.numel() for p in generator.parameters()) == pytest.approx(11.37e6, rel=0.01)


def test_a_patch_is_seventy_wide():
    """The pixels that one output of the critic depends on, without the norms that see all."""
    critic = Discriminator(4)
    for module in critic.modules():
        if isinstance(module, torch.nn.InstanceNorm2d):
            module.forward = lambda x: x
    image = torch.rand(1, 1, 128, 128, requires_grad=True)
    (out,) = critic(image)
    out[0, 0, out.shape[2] // 2, out.shape[3] // 2].backward()
    rows, columns = np.nonzero(image.grad[0, 0].numpy())
    assert np.ptp(rows) + 1 == np.ptp(columns) + 1 == 70


def test_a_splice_is_this_phrase_and_then_the_one_before(rng):
    before, own = rng.random((2, 128, 100)).astype(np.float32)
    window = spliced(before, own, 30)
    assert (window[:, :30] == own[:, :30]).all()
    assert (window[:, 30:] == before[:, 30:]).all()
    off = spliced(before, own, 30, error=0.5)
    assert off[:, 40] == pytest.approx(0.5 * (before[:, 40] + before[:, 41]))
    assert (off[:, :30] == own[:, :30]).all()


def test_crops_come_in_the_shares_asked_for(data, rng):
    images = GenreImages(data, "soft")
    images.windows[:, 0], images.windows[:, 1] = -1.0, 1.0  # the phrase before, and its own
    crops = batch(images, rng, 300, 400, Windows(phrase=0.4, edge=0.2))[:, :, 0]
    assert crops.shape == (300, 2, 400)
    windows, heard = crops[:, 0], crops[:, 1]
    edge = np.mean(windows[:, 0] < windows[:, -1])
    spliced_ones = windows[:, 0] > windows[:, -1]
    assert 0.1 < edge < 0.3
    assert 0.25 < spliced_ones.mean() < 0.5
    assert (heard[spliced_ones] == 1.0).all()  # what plays while the window is spliced
    assert (heard[~spliced_ones] == windows[~spliced_ones]).all()
    plain = batch(images, rng, 50, 400, Windows(0.0, 0.0))
    assert (plain == 1.0).all()


@pytest.mark.parametrize("rendered", [False, True])
def test_critics_see_the_windows_change_on_what_is_played(rendered):
    """A generator that lifts by a tenth, on a window that is not what plays."""
    model = CycleGan(SMALL.model_copy(update={"rendered": rendered}), CPU, amp=False)
    seen = []
    model.of_target.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    for generator in (model.to_target, model.to_source):
        generator.forward = lambda image: image + 0.1 * torch.ones_like(image).requires_grad_()
    window, played = torch.full((2, 1, 128, 64), 0.5), torch.full((2, 1, 128, 64), -0.5)
    crops = torch.cat([window, played], dim=1)
    learn_cycle(model, crops, crops, 0.0, np.random.default_rng(0))
    fake, real, _ = seen
    assert torch.allclose(fake, played + 0.1, atol=1e-4)
    assert torch.equal(real, played)


def test_a_teacher_says_what_the_whole_phrase_should_become(data, tmp_path):
    """Alone with a teacher, a window that is a phrase old at its end is drawn more like it."""
    run(SMALL.model_copy(update={"steps": 1}), data, tmp_path / "first")
    asked = {"cycle": 0.0, "teacher": 20.0, "phrase": 1.0, "edge": 0.0, "steps": 60, "seed": 3}
    recipe = SMALL.model_copy(update=asked)
    with pytest.raises(InputError, match=r"nobody to learn from.*--from"):
        run(recipe, data, tmp_path / "alone")
    folder = tmp_path / "taught"
    facts, seen = run(recipe, data, folder, begin=load_run(tmp_path / "first"))
    assert not [name for name in facts.losses if name.startswith(("cycle", "identity"))]
    lessons = [s[2]["teacher_target"] + s[2]["teacher_source"] for s in seen]
    assert np.mean(lessons[-20:]) < 0.9 * np.mean(lessons[:10])
    taught, first = (load_run(path).model for path in (folder, tmp_path / "first"))
    pairs = zip(taught.teachers[0].parameters(), first.exported()[0].parameters(), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)  # it does not learn
    ends = [next(taught.blended(share)[0].parameters()) for share in (0.0, 0.25, 1.0)]
    assert torch.equal(ends[0], next(first.exported()[0].parameters()))
    assert torch.allclose(ends[1], 0.75 * ends[0] + 0.25 * ends[2])
    with pytest.raises(UsageError, match="without teachers"):
        first.blended(0.5)


def test_crops_come_with_what_a_teacher_wants(data, rng):
    images = GenreImages(data, "soft")
    images.learn(lambda window: window + 1.0)
    for uses in (Windows(1.0, 0.0), Windows(0.0, 1.0), Windows(0.0, 0.0)):
        window, heard, wanted = batch(images, rng, 20, 128, uses).transpose(1, 0, 2, 3)
        assert np.array_equal(wanted, heard + 1.0)
        old = (window != heard).any(axis=1)
        assert not old[:, : 128 - AHEAD].any()
        assert old[:, 128 - AHEAD :].mean() == pytest.approx(uses.phrase, abs=0.1)


def test_the_history_gives_back_older_images(rng):
    history = History(4)
    shown = [
        float(history.exchange(torch.full((1, 1, 2, 2), float(i)), rng)[0, 0, 0, 0])
        for i in range(200)
    ]
    fresh = np.mean([value == i for i, value in enumerate(shown)])
    assert 0.4 < fresh < 0.65
    assert all(value <= i for i, value in enumerate(shown))
    assert len(history.images) == 4
    for i in range(20):  # a stretch is narrower than a crop
        width = 1 + i % 2
        assert history.exchange(torch.zeros(1, 1, 2, width), rng).shape[-1] == width
    assert {image.shape[-1] for image in history.images} == {1, 2}


def test_a_training_that_was_stopped_goes_on_to_the_same_losses(data, tmp_path):
    whole, seen = run(SMALL, data, tmp_path / "whole")
    assert whole.steps == 6
    assert [s[0] for s in seen] == [1, 2, 3, 4, 5, 6]
    first, _ = run(SMALL, data, tmp_path / "parts", minutes=1e-9)
    assert first.steps == 1
    for _ in range(2):  # the second time there is nothing left to do
        assert run(SMALL, data, tmp_path / "parts", until=4)[0].steps == 4
    second, _ = run(SMALL, data, tmp_path / "parts")
    assert second.steps == 6
    assert second.losses == whole.losses
    assert list((tmp_path / "parts" / "logs").iterdir())
    with pytest.raises(InputError, match=r"another recipe.*seed"):
        run(SMALL.model_copy(update={"seed": 9}), data, tmp_path / "parts")


def test_a_run_can_begin_with_the_weights_of_another(data, tmp_path):
    first = SMALL.model_copy(update={"steps": 2, "rendered": False, "average": 0.0})
    run(first, data, tmp_path / "first")
    second = SMALL.model_copy(update={"steps": 1, "learning_rate": 1e-9})
    facts, _ = run(second, data, tmp_path / "second", begin=load_run(tmp_path / "first"))
    assert facts.steps == 1
    assert facts.begun_from["steps"] == 2
    assert facts.begun_from["recipe"]["rendered"] is False
    weights = [
        next(load_run(tmp_path / name).model.exported()[0].parameters())
        for name in ("first", "second")
    ]
    assert torch.allclose(*weights, atol=1e-6)
    assert load_run(tmp_path / "second").facts.begun_from == facts.begun_from
    third = second.model_copy(update={"seed": 1})
    facts, _ = run(third, data, tmp_path / "third", begin=load_run(tmp_path / "second"))
    assert facts.begun_from["begun_from"]["recipe"]["rendered"] is False
    larger = second.model_copy(update={"channels": 8})
    with pytest.raises(InputError, match="another size"):
        run(larger, data, tmp_path / "fourth", begin=load_run(tmp_path / "first"))


def test_ctrl_c_keeps_the_step_it_was_at(data, tmp_path):
    recipe, folder = tmp_path / "long.toml", tmp_path / "run"
    values = SMALL.model_copy(update={"steps": 100000}).model_dump()
    recipe.write_text("\n".join(f"{k} = {json.dumps(v)}" for k, v in values.items()))
    command = f"-m engine.cli train {recipe} --data {data.folder} --out {folder} --no-gate"
    process = subprocess.Popen(
        [sys.executable, *command.split(), "--threads", "1"], stdout=subprocess.PIPE, text=True
    )
    while not list(folder.glob("logs/*")):  # it has begun
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate()
    assert process.returncode == 0
    assert "to be continued" in out
    assert load_run(folder).facts.steps >= 1


def test_it_learns(data, tmp_path):
    recipe = SMALL.model_copy(update={"steps": 40, "average": 0.0, "residual": False})
    _, seen = run(recipe, data, tmp_path / "run")
    first, last = seen[4][2], seen[-1][2]
    assert last["cycle_source"] < 0.9 * first["cycle_source"]


def test_two_processes_learn_like_one(data, tmp_path):
    """A high rate, so that a step by the wrong gradient shows in the next step's losses."""
    recipe = tmp_path / "small.toml"
    changed = {"steps": 3, "learning_rate": 0.01, "residual": False, "history": 1}
    values = SMALL.model_copy(update=changed).model_dump()
    recipe.write_text("\n".join(f"{k} = {json.dumps(v)}" for k, v in values.items()))
    launches = [
        [sys.executable],
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"],
    ]
    script = Path(__file__).parent / "losses_of_three_steps.py"
    losses = []
    for launch in launches:
        folder = tmp_path / str(len(losses))
        done = subprocess.run(
            [*launch, str(script), str(recipe), str(data.folder), str(folder)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(script.parent.parent)},
        )
        assert done.returncode == 0, done.stderr
        losses.append(json.loads(done.stdout.splitlines()[-1]))
    for one, two in zip(*losses, strict=True):
        assert two == pytest.approx(one, rel=1e-5)


def test_export_carries_what_the_engine_needs(data, tmp_path, rng):
    run(SMALL, data, tmp_path / "run")
    done = load_run(tmp_path / "run")
    model, facts = done.model, done.facts
    example = rng.random((480, 128)).astype(np.float32)
    path = tmp_path / "preset" / "generator.onnx"
    worst = export(
        model.exported()[0],
        path,
        example,
        front_end=FrontEnd(),
        level_db=-18.0,
        facts=vars(facts),
        view=64,
    )
    assert worst < 1e-4
    assert str(Path(__file__).parents[1]).encode() not in path.read_bytes()  # whoever exported it
    generator = OnnxGenerator(path, "cpu")
    assert generator.info.facts["steps"] == 6
    assert generator.view == 64
    for width in (480, 592):
        image = rng.random((width, 128)).astype(np.float32)
        out = generator(image, float(width))
        assert out.shape == image.shape
        assert 0 <= out.min() <= out.max() <= 1


class Unsteady(ResNetGenerator):
    """Never gives the same twice: no file can do what it does."""

    def forward(self, image):
        return super().forward(image) + 0.05 * torch.rand_like(image)


def test_an_export_that_differs_fails_and_leaves_nothing(tmp_path, rng):
    path = tmp_path / "generator.onnx"
    with pytest.raises(GeneratorError, match="differs from PyTorch"):
        export(
            Unsteady(4, 1),
            path,
            rng.random((480, 128)).astype(np.float32),
            front_end=FrontEnd(),
            level_db=-18.0,
            facts={},
            view=64,
        )
    assert not list(tmp_path.iterdir())


def reproduce(recipe, work, *options):
    return started("reproduce", recipe, "--work", work, *options)


def written_recipe(path, commands):
    values = SMALL.model_dump() | {"steps": 2, "commands": commands}
    path.write_text("\n".join(f"{k} = {json.dumps(v)}" for k, v in values.items()))
    return path


def test_a_recipe_is_reproduced_from_data_to_card(data, tmp_path):
    """Another direction, words with a space in them, and the same again with nothing left to do."""
    work = tmp_path / "a place"
    work.mkdir()
    (work / "data").symlink_to(data.folder)
    commands = [
        "train {recipe} --data {work}/data --out {work}/run --device {device}",
        "export {work}/run {work}/hard-to-soft --to soft --data {work}/data --sources 'CC0 clicks'",
    ]
    recipe = written_recipe(tmp_path / "small.toml", commands)
    done = reproduce(recipe, work, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert f"$ doubledrop export '{work}/run'" in done.stdout
    preset = work / "hard-to-soft"
    assert load_preset(str(preset)).file.bpm == data.manifest.bpm
    card = (preset / "card.md").read_text()
    for said in ("CC0 clicks", "2 steps", "hard restyled as soft", "as the engine renders them"):
        assert said in card
    assert (preset / "windows.png").stat().st_size > 10000
    shown = doubledrop("reproduce", recipe, "--work", work, "--show")
    assert shown.stdout.count("$ doubledrop") == 2
    assert "steps in" not in shown.stdout


def test_a_recipe_that_fails_stops_there(data, tmp_path):
    commands = ["export {work}/none {work}/preset --data /nowhere", "presets"]
    done = reproduce(written_recipe(tmp_path / "fails.toml", commands), tmp_path)
    assert done.returncode == 2
    assert "no dataset" in done.stderr
    assert "$ doubledrop presets" not in done.stdout
    wrongs = (["train {wrk}"], "{wrk}"), ([], "doubledrop train"), (["plugins scan"], "compose")
    for commands, says in wrongs:
        wrong = written_recipe(tmp_path / "wrong.toml", commands)
        done = doubledrop("reproduce", wrong, "--work", tmp_path)
        assert done.returncode == 2
        assert says in done.stderr


def test_an_export_to_a_genre_that_is_not_there_is_refused(data, tmp_path):
    run(SMALL.model_copy(update={"steps": 1}), data, tmp_path / "run")
    with pytest.raises(UsageError, match="hard or soft"):
        export_command(tmp_path / "run", tmp_path / "preset", data.folder, to="loud")


def test_new_figures_take_the_place_of_old_ones(tmp_path):
    (tmp_path / "card.md").write_text("# x\nfacts\n")
    add_figures(tmp_path, "one")
    add_figures(tmp_path, "two")
    assert (tmp_path / "card.md").read_text() == f"# x\nfacts\n\n{FIGURES}\ntwo\n"
