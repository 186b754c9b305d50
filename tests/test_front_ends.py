"""The image of a paper beside the stage's: its numbers, who takes it, and who refuses it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.signal
import soundfile as sf
import torch
from torch.nn.functional import avg_pool2d, interpolate

from engine.dsp.front_ends import FRONT_ENDS, STAGE, name_of
from engine.dsp.frontend import FrontEnd
from engine.dsp.inverse import InverseMel
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.errors import FrontEndError
from engine.models.generator import OnnxGenerator
from engine.models.loading import check_slots
from engine.offline.render import render
from export import handmade
from export.trained import export
from train.cli.prepare import FrontEndOption
from train.training.cyclegan import _network
from train.training.recipe import Recipe

YOUNG = FRONT_ENDS["young-2021"]
RATE = 44100


def test_later_fields_leave_the_stages_fingerprint_alone():
    assert STAGE.fingerprint == "0124c46b133eccb7"  # that of all presets before there were two
    assert json.loads(YOUNG.to_json())["window"] == "hamming"
    assert "summed" not in json.loads(STAGE.to_json())
    assert len({known.fingerprint for known in FRONT_ENDS.values()}) == len(FRONT_ENDS)
    for name, known in FRONT_ENDS.items():
        assert FrontEnd.from_json(known.to_json()) == known
        assert name_of(known) == name
    assert {option.value for option in FrontEndOption} == FRONT_ENDS.keys()


@pytest.mark.parametrize("field", ["window", "summed"])
def test_an_unknown_window_is_refused(field):
    with pytest.raises(FrontEndError, match=field):
        FrontEnd.from_json(json.dumps(json.loads(YOUNG.to_json()) | {field: "kaiser"}))


@pytest.mark.parametrize("channels", [1, 2])
def test_the_papers_image_is_what_its_formula_says(rng, channels):
    """20·log10 of magnitudes, summed over triangles, of a Hamming window of 2048, every 1024."""
    sound = rng.normal(0, 0.1, (channels, 8 * 1024)).astype(np.float32)
    image = YOUNG.at(RATE).log_mel(sound)
    assert len(image) == 8
    window = scipy.signal.get_window("hamming", 2048)
    window *= YOUNG.window_sum / window.sum()
    frames = np.stack([sound[:, i * 1024 - 1024 : i * 1024 + 1024] for i in range(1, 7)])
    power = (np.abs(np.fft.rfft(frames * window)) ** 2).mean(axis=1)
    wanted = 20 * np.log10(np.sqrt(power) @ STAGE.at(RATE).weights)
    assert np.abs(image[1:7] - wanted).max() < 1e-3


def test_noise_reads_as_much_as_is_said(rng):
    analyser = YOUNG.at(RATE)
    noise = rng.normal(0, 1, (1, 3 * RATE)).astype(np.float32)
    found = (10 ** (analyser.log_mel(noise)[3:-3] / 10)).mean(axis=0)
    assert np.abs(np.log(found / analyser.noise_gain)).mean() < 0.1


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("young")
    return handmade.write(handmade.flat(6.0), folder / "generator.onnx", YOUNG)


def test_the_stage_refuses_it_and_says_what_it_is_for(model):
    (fault,) = check_slots([str(model)]).values()
    assert isinstance(fault, FrontEndError)
    for words in ("young-2021", "hamming instead of hann", "stage", "--window late"):
        assert words in str(fault)


@pytest.mark.parametrize("renderer", ["gain", "paper"])
def test_files_are_rendered_late_with_it(model, rng, tmp_path, renderer):
    """A generator that adds 6 dB to its image adds 6 dB to the sound; on the paper's way a band's
    mean magnitude takes the place of noise's magnitudes, whose power is 4/π of that squared."""
    sound = scipy.signal.lfilter([1.0], [1.0, -0.9], rng.normal(0, 0.02, 6 * RATE))
    sf.write(tmp_path / "in.wav", sound, RATE, subtype="FLOAT")
    how = Settings(use="late", renderer=renderer, noise_branch=False)
    generator = OnnxGenerator(model, "cpu", threads=1)
    done = render(tmp_path / "in.wav", tmp_path / "out.wav", generator, Tempo(240.0), how)
    assert done.inferences >= 1
    out, _ = sf.read(tmp_path / "out.wav")
    inside = slice(RATE, 3 * RATE)  # of the first window of 4 s
    louder = 10 * np.log10(np.mean(out[inside] ** 2) / np.mean(sound[inside] ** 2))
    lost = 0.0 if renderer == "gain" else 10 * np.log10(4 / np.pi)
    assert louder == pytest.approx(6.0 - lost, abs=0.1 if renderer == "gain" else 0.4)


def test_magnitudes_come_back_from_their_bands(rng):
    """The paper's renderer needs magnitudes of bins: those that fill the bands as they were."""
    weights = YOUNG.at(RATE).weights
    magnitude = rng.uniform(0.1, 1.0, (3, len(weights)))
    bands = magnitude @ weights
    again = InverseMel(weights)(bands) @ weights
    heard = weights.sum(axis=0) > 0
    assert np.abs(20 * np.log10(again[:, heard] / bands[:, heard])).max() < 0.1


def test_a_generator_of_enlarged_images_travels(tmp_path, rng):
    """It sees the image three times as large, and the file does what PyTorch does at any width."""
    generator = _network(
        Recipe(source="a", target="b", channels=4, blocks=1, enlarged=3, residual=False)
    )
    example = rng.random((80, YOUNG.n_mels), np.float32)
    facts = {"front_end": YOUNG, "level_db": -18.0, "facts": {}, "view": 0}
    assert export(generator, tmp_path / "generator.onnx", example, **facts) < 1e-4
    made = OnnxGenerator(tmp_path / "generator.onnx", "cpu", threads=1)
    assert made.front_end == YOUNG
    image = torch.from_numpy(2 * example.T[None, None] - 1)
    with torch.no_grad():
        large = interpolate(image, scale_factor=3.0, mode="bilinear")
        wanted = torch.tanh(avg_pool2d(generator.generator.change(large), 3))[0, 0].numpy().T
    assert np.abs(made(example, 80.0) - 0.5 * wanted - 0.5).max() < 1e-3
