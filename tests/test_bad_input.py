"""Bad input at the real command: one clear line, the right exit status, nothing half-written."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
import soundfile as sf

from engine.config.preset import bundled_folder
from engine.dsp.frontend import FrontEnd
from export import handmade
from tests.program import START, doubledrop, started

RATE = 24000
GOOD = ("--preset", "downbeat-filter", "--bpm", "240")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A folder of sound files, good and bad."""
    folder = tmp_path_factory.mktemp("inputs")
    rng = np.random.default_rng(0)
    sound = rng.normal(0, 0.1, (RATE * 3, 2)).astype(np.float32)
    sf.write(folder / "good.wav", sound, RATE, subtype="FLOAT")
    (folder / "text.wav").write_text("no sound at all\n" * 100)
    (folder / "empty.wav").write_bytes(b"")
    sf.write(folder / "whole.flac", sound, RATE)
    whole = (folder / "whole.flac").read_bytes()
    (folder / "half.flac").write_bytes(whole[: len(whole) // 2])
    (folder / "nearly.flac").write_bytes(whole[:-40])
    raw = (folder / "good.wav").read_bytes()
    (folder / "short.wav").write_bytes(raw[: len(raw) // 2])
    sf.write(folder / "nothing.wav", sound[:0], RATE)
    sf.write(folder / "three.wav", sound[:3], RATE)
    sf.write(folder / "eight.wav", np.tile(sound, (1, 4)), RATE)
    sf.write(folder / "mono.wav", sound[:, :1], RATE)
    sf.write(folder / "96k.wav", sound, 96000)
    sf.write(folder / "4k.wav", sound, 4000)
    square = np.sign(np.sin(2 * np.pi * 100 * np.arange(RATE * 3) / RATE))
    sf.write(folder / "square.wav", square, RATE)
    sf.write(folder / "silence.wav", np.zeros((RATE * 20, 2)), RATE)
    sound[100:110], sound[5000], sound[6000, 0] = np.nan, np.inf, 1e30
    sf.write(folder / "nan.wav", sound, RATE, subtype="FLOAT")
    return folder


def render(*arguments):
    return doubledrop("render", *arguments)


def check_refused(done, folder, says, status=2):
    """One line of error that says what it should, and no trace of an output."""
    assert done.returncode == status, done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith("warning: ")]
    assert len(lines) == 1, done.stderr
    for part in says:
        assert part in lines[0]
    assert not done.stdout
    assert not [path.name for path in folder.iterdir() if "out" in path.name]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("text.wav", ["text.wav", "no sound file", "convert"]),
        ("empty.wav", ["empty.wav", "0 bytes"]),
        ("half.flac", ["half.flac", "damaged after", "of 3.00 s", "Copy it again"]),
        ("nearly.flac", ["nearly.flac", "damaged after", "of 3.00 s"]),
        ("missing.wav", ["missing.wav", "no such file"]),
        ("", ["a folder", "a sound file"]),
        ("4k.wav", ["4k.wav", "4000 Hz", "8000 to 384000", "Resample"]),
    ],
)
def test_a_bad_file_is_named(name, says, inputs, tmp_path):
    check_refused(render(inputs / name, tmp_path / "out.wav", *GOOD, "--json"), tmp_path, says)


@pytest.mark.parametrize(
    ("name", "channels", "frames"),
    [
        ("nothing.wav", 2, 0),
        ("three.wav", 2, 3),
        ("eight.wav", 8, 3 * RATE),
        ("mono.wav", 1, 3 * RATE),
        ("96k.wav", 2, 3 * RATE),
        ("short.wav", 2, None),
        ("nan.wav", 2, 3 * RATE),
        ("square.wav", 1, 3 * RATE),
        ("silence.wav", 2, 20 * RATE),
    ],
)
def test_odd_files_work(name, channels, frames, inputs, tmp_path):
    done = render(inputs / name, tmp_path / "out.wav", *GOOD, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    sound, _ = sf.read(tmp_path / "out.wav", always_2d=True)
    assert sound.shape[1] == channels
    assert frames in (None, len(sound))
    assert np.isfinite(sound).all()
    assert [path.name for path in tmp_path.iterdir()] == ["out.wav"]
    if name == "nan.wav":
        assert said["repaired"] == 23
        assert "warning" in done.stderr
        assert "23 samples" in done.stderr
    elif name == "short.wav":
        assert "its header promises 3.00 s, 1.50 s could be read" in done.stderr
    else:
        assert not done.stderr
    if name == "silence.wav":
        assert not sound.any()
    elif len(sound) > 3:
        assert sound.any()


def test_silence_has_no_tempo_and_says_so(inputs, tmp_path):
    done = render(inputs / "silence.wav", tmp_path / "out.wav", "--preset", "downbeat-filter")
    assert done.returncode == 0
    assert "no beat found; taking 175 BPM" in done.stderr


def test_what_a_format_cannot_hold_is_counted(inputs, tmp_path):
    done = render(inputs / "square.wav", tmp_path / "out.flac", *GOOD, "--no-ceiling")
    assert done.returncode == 0
    assert "samples clipped" in done.stderr
    assert "use .wav" in done.stderr
    assert np.abs(sf.read(tmp_path / "out.flac")[0]).max() <= 1.0


@pytest.mark.parametrize(
    ("sink", "says", "status"),
    [
        ("no/such/out.wav", ["no such folder", "mkdir -p"], 1),
        ("file.txt/out.wav", ["no such folder"], 1),
        ("out.mp7", ["extension .mp7", ".flac"], 2),
        ("out", ["extension missing"], 2),
    ],
)
def test_an_output_that_cannot_be_written_is_named(sink, says, status, inputs, tmp_path):
    (tmp_path / "file.txt").write_text("a file, no folder")
    check_refused(render(inputs / "good.wav", tmp_path / sink, *GOOD), tmp_path, says, status)


def test_a_folder_that_refuses_is_named(inputs, tmp_path):
    done = render(inputs / "good.wav", "/proc/out.wav", *GOOD)
    check_refused(done, tmp_path, ["/proc/out.wav", "cannot be written"], 1)


def test_input_and_output_may_not_be_one_file(inputs, tmp_path):
    shutil.copy(inputs / "good.wav", tmp_path / "feed.wav")
    before = (tmp_path / "feed.wav").read_bytes()
    done = render(tmp_path / "feed.wav", tmp_path / "feed.wav", *GOOD)
    check_refused(done, tmp_path, ["input and output are one file"])
    assert (tmp_path / "feed.wav").read_bytes() == before


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (("--bpm", "0"), ["0 BPM", "20 to 300", "--bpm"]),
        (("--bpm", "1000"), ["1000 BPM"]),
        (("--bpm", "nan"), ["nan BPM"]),
        (("--downbeat", "inf"), ["downbeat", "inf"]),
        (("--lookahead", "17"), ["17 ms", "0, 23, 46, 93"]),
        (("--wet", "2"), ["wet", "0 to 1"]),
        (("--window", "phrase", "--inference-ms", "-1"), ["-1 ms", "--inference-ms"]),
        (("--provider", "coreml"), ["coreml", "--provider cpu"]),
        (("--preset", "no-such"), ["no-such", "downbeat-filter", "doubledrop presets"]),
    ],
)
def test_a_bad_option_is_named(option, says, inputs, tmp_path):
    done = render(inputs / "good.wav", tmp_path / "out.wav", *GOOD, *option)
    check_refused(done, tmp_path, says)


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="this machine has a GPU")
def test_cuda_that_is_not_there_is_refused(inputs, tmp_path):
    done = render(inputs / "good.wav", tmp_path / "out.wav", *GOOD, "--provider", "cuda")
    check_refused(done, tmp_path, ["cuda", "NVIDIA driver", "--provider cpu"])


def _preset(folder, toml=None, model=None):
    shutil.copytree(bundled_folder() / "downbeat-filter", folder)
    if toml is not None:
        (folder / "preset.toml").write_text(toml)
    if model is not None:
        (folder / "generator.onnx").write_bytes(model)
    return folder


VALID = 'format = 1\ndescription = "x"\nlicence = "x"\n'


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        (VALID + "gian = 3\n", ["preset.toml", "gian", "unknown", "bpm"]),
        (VALID + 'bpm = "fast"\n', ["preset.toml", "bpm", "fast"]),
        (VALID + "bpm = 5\n", ["preset.toml", "bpm", "5"]),
        ("format = 1\n", ["preset.toml", "description", "missing"]),
        ("format = = 1\n", ["preset.toml", "cannot be read", "TOML"]),
        (VALID.replace("1", "2"), ["preset.toml", "format", "2"]),
    ],
)
def test_a_bad_preset_file_is_named_with_its_key(toml, says, inputs, tmp_path):
    preset = _preset(tmp_path / "mine", toml)
    done = render(inputs / "good.wav", tmp_path / "out.wav", "--preset", preset, "--bpm", "240")
    check_refused(done, tmp_path, says)


@pytest.mark.parametrize("case", ["no model", "no toml", "noise", "cut", "other front end"])
def test_a_bad_model_is_named(case, inputs, tmp_path):
    preset = _preset(tmp_path / "mine")
    model = preset / "generator.onnx"
    says = [str(model)]
    if case == "no model":
        model.unlink()
        says += ["no such file"]
    elif case == "no toml":
        (preset / "preset.toml").unlink()
        says = ["preset.toml", "no such file"]
    elif case == "noise":
        model.write_bytes(np.random.default_rng(0).bytes(5000))
        says += ["cannot be loaded", "export it again"]
    elif case == "cut":
        model.write_bytes(model.read_bytes()[:20000])
        says += ["cannot be loaded"]
    else:
        handmade.write(handmade.identity, model, FrontEnd(floor_db=-30.0))
        says += ["front end", "floor_db -30 instead of -15"]
    done = render(inputs / "good.wav", tmp_path / "out.wav", "--preset", preset, "--bpm", "240")
    check_refused(done, tmp_path, says)


def _full_disk():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))


def test_a_full_disk_leaves_nothing(inputs, tmp_path):
    """Writes that really fail, after 200 kB."""
    files = inputs / "good.wav", tmp_path / "out.wav"
    done = started("render", *files, *GOOD, preexec_fn=_full_disk)
    check_refused(done, tmp_path, ["out.wav", "cannot be written", "Make room"], 1)


def test_ctrl_c_leaves_nothing(inputs, tmp_path):
    sf.write(tmp_path / "long.wav", np.zeros((48000 * 600, 2), np.float32), 48000)
    process = subprocess.Popen(
        [*START, "render", str(tmp_path / "long.wav"), str(tmp_path / "out.wav"), *GOOD],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(400):
        parts = list(tmp_path.glob(".doubledrop-*"))
        if parts and parts[0].stat().st_size > 100_000:  # it is at work
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert not out
    assert [path.name for path in tmp_path.iterdir()] == ["long.wav"]
