"""Every preset that is committed loads and is what its card says; generators made by hand are
read back as they were written."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from engine.config.preset import bundled_names, load_preset
from engine.dsp.frontend import FrontEnd
from engine.dsp.streaming import LEADS, input_size
from engine.errors import FrontEndError, PresetError, ProviderError
from engine.models.generator import OnnxGenerator, StreamingOnnx, open_generator
from engine.models.model_format import FORMAT, ModelInfo
from export import handmade


@pytest.mark.parametrize("name", bundled_names())
def test_committed_presets_load(name):
    preset = load_preset(name)
    generator = open_generator(preset.model, "cpu")
    if isinstance(generator, StreamingOnnx):
        column = np.random.default_rng(0).uniform(-1, 1, input_size(128)).astype(np.float32)
        answers, state = generator.answer(column, generator.begin())
        assert answers.shape == (2, len(LEADS), 128)
        assert state.shape == generator.begin().shape
    else:
        image = np.random.default_rng(0).random((480, 128), np.float32)
        assert generator(image, 472.5).shape == (480, 128)
    assert preset.model.stat().st_size <= 12_000_000
    assert b"networks.py" not in preset.model.read_bytes()  # no source lines of whoever exported it
    card = (preset.folder / "card.md").read_text(encoding="utf-8")
    assert preset.file.licence in card
    for line in card.splitlines():
        if line.startswith("!["):
            assert (preset.folder / line.split("(")[1].rstrip(")")).exists()


def test_the_committed_filter_is_the_one_the_code_makes(generator):
    image = np.random.default_rng(0).random((592, 128), np.float32)
    committed = OnnxGenerator(load_preset("downbeat-filter").model, "cpu")
    assert np.array_equal(committed(image, 590.6), generator("downbeat-filter")(image, 590.6))


def test_presets_are_found_by_folder_too():
    preset = load_preset("downbeat-filter")
    assert load_preset(str(preset.folder)).name == preset.name


def test_the_network_of_the_paper_has_its_shape(tmp_path):
    """9 blocks, one image in, one of the same size out, any width of a bucket."""
    path = handmade.write(handmade.resnet(channels=4), tmp_path / "resnet.onnx")
    generator = OnnxGenerator(path, "cpu")
    for width in (472, 480, 592, 1376):
        image = np.full((width, 128), 0.5, np.float32)
        assert generator(image, float(width)).shape == (width, 128)
    nodes = [node.op_type for node in onnx.load(str(path)).graph.node]
    assert nodes.count("Conv") == 1 + 2 + 2 * 9 + 1
    assert nodes.count("ConvTranspose") == 2


def test_metadata_travel_through_the_file(model_path):
    info = OnnxGenerator(model_path("flat"), "cpu").info
    again = ModelInfo.from_metadata(info.to_metadata(), "copy")
    assert again.front_end == info.front_end == FrontEnd()
    assert again.level_db == info.level_db
    assert np.array_equal(again.example.source, info.example.source)
    assert np.allclose(info.example.generated - info.example.source, 6 / 80, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"doubledrop.format": str(FORMAT + 1)}, PresetError, "format 2"),
        ({"doubledrop.front_end": FrontEnd(floor_db=-20.0).to_json()}, FrontEndError, "floor_db"),
        ({"doubledrop.front_end": "{"}, FrontEndError, "cannot be read"),
        ({"doubledrop.level_db": "loud"}, PresetError, "cannot be read"),
        ({"doubledrop.example_source": "1,2;x"}, PresetError, "cannot be read"),
    ],
)
def test_wrong_metadata_are_refused(change, error, says, model_path, tmp_path):
    model = onnx.load(str(model_path("flat")))
    for entry in model.metadata_props:
        entry.value = change.get(entry.key, entry.value)
    onnx.save(model, str(tmp_path / "bad.onnx"))
    with pytest.raises(error, match=says):
        OnnxGenerator(tmp_path / "bad.onnx", "cpu")


def test_a_network_that_fails_its_example_is_refused(model_path, tmp_path):
    """The weights of +6 dB with the example of +7: a file that was tampered with."""
    model = onnx.load(str(model_path("flat")))
    other = onnx.load(str(handmade.write(handmade.flat(7.0), tmp_path / "other.onnx")))
    model.graph.CopyFrom(other.graph)
    onnx.save(model, str(tmp_path / "bad.onnx"))
    with pytest.raises(PresetError, match="example"):
        OnnxGenerator(tmp_path / "bad.onnx", "cpu")


def test_a_provider_that_is_not_there_is_refused_with_the_cure(model_path):
    with pytest.raises(ProviderError, match=r"macOS only.*--provider cpu"):
        OnnxGenerator(model_path("flat"), "coreml")
    assert OnnxGenerator(model_path("flat"), "auto").provider in ("cpu", "cuda", "coreml")
