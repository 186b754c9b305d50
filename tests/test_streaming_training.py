"""Training of streaming generators: what is heard, what is told, what is learnt."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.dsp.frontend import FrontEnd
from engine.dsp.level import GATE
from engine.dsp.streaming import (
    KNOWN,
    LEADS,
    MEMORY,
    QUIET_DB,
    StreamLevel,
    input_size,
    stream_gains_db,
)
from engine.errors import DoubledropError, InputError
from tests import streaming
from tests.datasets import BEAT, write_dataset
from tests.program import doubledrop
from train.cli.beginning import beginning
from train.data.dataset import RATE, Dataset
from train.models.contrast import PlaceContrast
from train.models.sound_rendering import Renderer, front_end_image
from train.models.streaming_network import StreamingGenerator, due
from train.training.run import load_run
from train.training.streaming_pair import StreamingPair
from train.training.streaming_recipe import StreamingRecipe
from train.training.tracks import SPIN_UP, Draw, Pieces
from train.training.trainer import train as run_training
from train.training.unpaired import learn_unpaired

CPU = torch.device("cpu")
SMALL = StreamingRecipe(
    kind="streaming",
    source="soft",
    target="hard",
    width=32,
    dilations=(1, 2, 4),
    critic_channels=4,
    batch=2,
    columns=96,
    steps=4,
    alone=1,
    sound=1.0,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset")
    return Dataset(write_dataset(folder, train=3, held_out=1, train_twins=True))


def run(recipe, data, folder, **options):
    seen = []
    facts = run_training(
        recipe, data, folder, progress=lambda *a: seen.append(a[2]), device="cpu", **options
    )
    return facts, seen


def answers_of(gain_db, noise_db, columns):
    said = torch.empty(1, 2, 128, columns)
    said[:, 0], said[:, 1] = gain_db, noise_db
    return said


def test_no_gain_and_no_noise_is_the_feed_itself(rng):
    sound = torch.from_numpy(rng.normal(0, 0.1, (1, 128 * 200)).astype(np.float32))
    out = Renderer(FrontEnd(), RATE)(sound, answers_of(0.0, QUIET_DB, 51), None)
    off = (out - sound)[:, 512:-512].abs().max() / sound.abs().max()
    assert off < 1e-5


def test_noise_reads_as_loud_as_it_was_asked_for():
    noise = torch.Generator().manual_seed(0)
    silence = torch.zeros(1, 512 * 200)
    out = Renderer(FrontEnd(), RATE)(silence, answers_of(0.0, 20.0, 201), noise)
    image = front_end_image(RATE)(out)[0, :, 8:-8]
    power = 10 * torch.log10((10 ** (image / 10)).mean(dim=1))
    assert (power[4:110] - 20.0).abs().max() < 1.5


def test_a_gain_is_heard_where_its_column_is(rng):
    """One column lifted by 12 dB: the loudest 6 ms of the change lie at its centre."""
    sound = torch.from_numpy(rng.normal(0, 0.05, (1, 512 * 100)).astype(np.float32))
    said = answers_of(0.0, QUIET_DB, 101)
    said[:, 0, :, 50] = 12.0
    change = (Renderer(FrontEnd(), RATE)(sound, said, None) - sound)[0, 4096:-4096] ** 2
    smooth = np.convolve(change.numpy(), np.hanning(512), "same")
    assert abs(int(smooth.argmax()) + 4096 - 50 * 512) < 128


def test_the_image_is_the_front_ends(rng):
    sound = rng.normal(0, 0.1, (1, 512 * 40)).astype(np.float32)
    wanted = FrontEnd().at(RATE).log_mel(sound)
    padded = np.pad(sound, ((0, 0), (1024, 1024)))
    found = front_end_image(RATE)(torch.from_numpy(padded))[0].numpy().T
    assert np.abs(found[:40] - wanted[:40]).max() < 0.01


def test_an_answer_depends_on_the_past_alone_and_no_further_than_it_says(rng):
    torch.manual_seed(0)
    net = StreamingGenerator(16, (1, 2, 4))
    for block in net.blocks:
        torch.nn.init.normal_(block.mix.weight, 0, 0.3)
    assert net.receptive == 14
    x = torch.randn(1, input_size(128), 60)
    whole = net(x)
    changed = x.clone()
    changed[..., 40] += 1.0
    differs = (net(changed) != whole).flatten(0, 3).any(dim=0)
    assert not differs[:40].any()
    assert differs[40]
    assert not differs[40 + net.receptive + 1 :].any()


def test_column_by_column_it_answers_the_same():
    torch.manual_seed(0)
    net = StreamingGenerator(16, (1, 2, 4))
    for block in net.blocks:
        torch.nn.init.normal_(block.mix.weight, 0, 0.3)
    x = torch.randn(1, input_size(128), 30)
    state = net.begin(1, x)
    said = []
    for column in range(30):
        out, state = net.advance(x[..., column : column + 1], state)
        said.append(out)
    assert torch.allclose(torch.cat(said, dim=-1), net(x), atol=1e-4)


def test_what_is_due_was_answered_so_many_columns_before():
    answers = torch.arange(30.0).expand(1, 2, len(LEADS), 128, 30)
    for number, lead in enumerate(LEADS):
        said = due(answers, number)
        assert (said[0, :, 0, lead:] == torch.arange(30.0 - lead)).all()
        assert (said[0, 0, 0, :lead] == 0).all()
        assert (said[0, 1, 0, :lead] == QUIET_DB).all()


def test_the_level_of_a_track_is_that_of_its_columns_one_by_one(rng):
    levels = 10 ** rng.uniform(-9, -1, 2000)
    levels[:50] = 0.1 * GATE
    one = StreamLevel(-18.0, 512 / 44100)
    singly = [one.push(float(level)) for level in levels]
    assert np.allclose(stream_gains_db(levels, -18.0, 512 / 44100), singly, atol=1e-6)
    assert singly[10] == 0.0


def test_a_stretch_is_told_what_was_a_phrase_ago(data, rng):
    pieces = Pieces(data, "soft", "hard", "train", CPU, twins=True)
    given = pieces.given(backwards=False, clock=True)
    column = 600
    ago = round(column + LEADS[0] - 16 * BEAT * RATE / 512)
    for number, offset in enumerate(MEMORY, 1):
        told = given[number * 128 : (number + 1) * 128, column]
        assert torch.equal(told, given[:128, ago + offset])
    place = given[-KNOWN - 1 :, column].numpy()
    beats = (column + LEADS[0]) * 512 / RATE / BEAT
    wanted = [f(2 * np.pi * beats / n) for n in (1, 4, 16) for f in (np.cos, np.sin)]
    assert np.allclose(place, [*wanted, 1.0], atol=1e-3)
    without = pieces.given(backwards=False, clock=False)
    assert torch.equal(without[:128], given[:128])
    assert not without[128:].any()


def test_stretches_are_of_one_place_in_both_versions(data, rng):
    pieces = Pieces(data, "soft", "hard", "train", CPU, twins=True)
    drawn = pieces.draw_pairs(rng, Draw(3, 64, 20, memory=1.0, backwards=False))
    assert drawn.given.shape == (3, input_size(128), 84)
    assert drawn.image.shape == drawn.wanted.shape == (3, 128, 84)
    assert drawn.sound.shape == drawn.twin.shape == (3, (64 + SPIN_UP) * 512)
    image = front_end_image(RATE)(drawn.sound)  # its first frame is around the third column
    shown = (image + 15.0) / 40.0 - 1.0
    level = (drawn.image[..., 14 : 14 + 20] - shown[..., :20])[shown[..., :20] > -0.5]
    assert level.std() < 0.02  # a gain apart, they are the same columns
    levels = [x[0].square().reshape(-1, 512).mean(dim=1).log() for x in (drawn.sound, drawn.twin)]
    assert np.corrcoef(*(np.diff(level.numpy()) for level in levels))[0, 1] > 0.5


def test_it_learns_resumes_and_can_be_loaded(data, tmp_path):
    whole, seen = run(SMALL, data, tmp_path / "whole")
    assert whole.steps == 4
    assert {"likeness_target", "adversarial_source", "critic_target"} <= set(seen[-1])
    run(SMALL, data, tmp_path / "parts", until=2)
    second, _ = run(SMALL, data, tmp_path / "parts")
    assert second.losses == whole.losses
    assert load_run(tmp_path / "parts").recipe == SMALL
    longer = SMALL.model_copy(update={"steps": 40, "alone": 40, "learning_rate": 3e-3})
    _, seen = run(longer, data, tmp_path / "longer")
    likeness = [one["likeness_target"] for one in seen]
    assert np.mean(likeness[-5:]) < 0.9 * np.mean(likeness[:5])


def test_without_twins_it_says_what_to_do(tmp_path):
    plain = Dataset(write_dataset(tmp_path / "plain", train=1, held_out=1))
    with pytest.raises(InputError, match=r"--train-twins.*--whole"):
        run(SMALL, plain, tmp_path / "run")


UNPAIRED = StreamingRecipe(
    **SMALL.model_dump(include={"kind", "source", "target", "width", "dilations", "batch"}),
    critic_channels=4,
    columns=96,
    steps=4,
    sound=0.5,
    twins=False,
    cycle=10.0,
    identity=2.0,
    contrast=1.0,
    smooth=1.0,
)


def test_without_twins_it_learns_and_resumes(data, tmp_path):
    whole, seen = run(UNPAIRED, data, tmp_path / "whole")
    parts = {"adversarial", "cycle", "identity", "contrast", "smooth", "farther", "critic"}
    assert {name.rpartition("_")[0] for name in seen[-1]} == parts
    run(UNPAIRED, data, tmp_path / "parts", until=2)
    second, _ = run(UNPAIRED, data, tmp_path / "parts")
    assert second.losses == whole.losses


@pytest.mark.parametrize("held_by", ["identity", "cycle"])
def test_what_holds_the_content_takes_a_change_back(data, tmp_path, held_by):
    """Generators that were taught to change everything come back to the music they are given."""
    keep = {"critics": 0.0, "identity": 0.0, "cycle": 0.0, "contrast": 0.0, "smooth": 0.0}
    update = keep | {held_by: 10.0, "steps": 40, "learning_rate": 3e-3, "sound": 0.0}
    recipe = UNPAIRED.model_copy(update=update)
    model = StreamingPair(recipe, CPU, amp=False, rate=RATE)
    for _, direction in model.directions():
        torch.nn.init.normal_(direction.generator.leave.weight, 0.0, 0.05)
    pieces = Pieces(data, "soft", "hard", "train", CPU, twins=False)
    seen = [
        learn_unpaired(model, pieces, step, np.random.default_rng(step), slice(None))
        for step in range(40)
    ]
    losses = [one[f"{held_by}_target"] for one in seen]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:3])


def test_the_contrast_tells_places_of_kept_content_from_those_of_other(rng):
    """An encoder that has learnt on one image finds its places again where the level changed, and
    not in another image."""
    torch.manual_seed(0)
    given, other = torch.randn(2, 1, 1, 128, 96).unbind()
    contrast = PlaceContrast()
    learns = torch.optim.Adam(contrast.parameters(), 3e-3)
    for step in range(30):
        learns.zero_grad()
        contrast(0.7 * given, given, step).backward()
        learns.step()
    assert contrast(0.8 * given, given, 99) < 0.5 * contrast(0.8 * other, given, 99)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"twins": True, "cycle": 1.0}, "cycle: means nothing beside twins"),
        ({"twins": False, "likeness": 1.0, "alone": 3}, "alone, likeness: means nothing without"),
    ],
)
def test_a_recipe_says_what_means_nothing(change, wrong):
    values = {"kind": "streaming", "source": "a", "target": "b"}
    with pytest.raises(ValueError, match=wrong):
        StreamingRecipe(**values | change)


@pytest.fixture(scope="module")
def exported(data, tmp_path_factory):
    """A run, and the presets of both its directions, one of them driven."""
    folder = tmp_path_factory.mktemp("exported")
    run(SMALL.model_copy(update={"learning_rate": 0.02}), data, folder / "run")
    for genre, drive in (("hard", 1.5), ("soft", 1.0)):
        words = ["--data", data.folder, "--to", genre, "--drive", drive]
        done = doubledrop("export", folder / "run", folder / genre, *words)
        assert done.returncode == 0, done.stderr
    return folder


def test_a_preset_can_be_learnt_on_from(data, exported, tmp_path):
    x = torch.randn(1, input_size(128), 30)
    begun = beginning([str(exported / "hard"), str(exported / "soft")], SMALL)
    was = load_run(exported / "run").model
    for one, other, drive in (
        (begun.model.to_target, was.to_target, 1.5),
        (begun.model.to_source, was.to_source, 1.0),
    ):
        found, wanted = one.average(x), other.average(x)
        change = (wanted - StreamingGenerator(32, SMALL.dilations)(x)).abs().max()
        assert change > 1.0  # it has learnt something
        wanted[:, 0] *= drive
        assert (found - wanted).abs().max() < 0.03 * wanted.abs().max()  # they are of 8 bits
    facts, _ = run(SMALL, data, tmp_path / "on", begin=begun)
    assert facts.begun_from["steps"] == SMALL.steps
    words = ["--data", data.folder, "--to", "hard"]
    done = doubledrop("export", tmp_path / "on", tmp_path / "preset", *words)
    assert done.returncode == 0, done.stderr
    assert "| begun from | 4 steps" in (tmp_path / "preset" / "card.md").read_text()


def test_a_preset_of_one_direction_leaves_the_other_as_it_begins(exported):
    begun = beginning([str(exported / "soft")], SMALL).model
    leave = [d.average.leave.weight.abs().max() for d in (begun.to_target, begun.to_source)]
    assert leave[0] < 0.01 < leave[1]


@pytest.mark.parametrize(
    ("names", "change", "wrong"),
    [
        (["hard", "hard"], {}, "makes hard"),
        (["hard"], {"target": "other"}, "makes hard"),
        (["run", "hard"], {}, "not found|preset.toml"),
        (["nothing"], {}, "no run"),
        (["untrained"], {}, "not written by"),
    ],
)
def test_what_cannot_be_begun_with_is_named(exported, names, change, wrong):
    (exported / "untrained").mkdir(exist_ok=True)
    (exported / "untrained" / "preset.toml").write_text((exported / "hard/preset.toml").read_text())
    streaming.write(exported / "untrained" / "generator.onnx")
    with pytest.raises(DoubledropError, match=wrong):
        beginning([str(exported / name) for name in names], SMALL.model_copy(update=change))


def test_a_preset_of_another_size_is_refused(data, exported, tmp_path):
    wider = SMALL.model_copy(update={"width": 48})
    with pytest.raises(InputError, match=r"another size.*width 32"):
        run(wider, data, tmp_path, begin=beginning([str(exported / "hard")], wider))
