"""The listening page: what is on it, and that all of it is equally loud and long."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
import soundfile as sf

from engine.dsp.meters import LoudnessMeter
from engine.errors import InputError
from tests.feeds import noise
from tests.program import doubledrop
from train.judge.listen import gather, write_listening

RATE = 44100


def write(path, sound, rate=RATE):
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, sound.T, rate, subtype="FLOAT")
    return path


def on_the_page(folder):
    script = (folder / "sounds.js").read_text()
    given = json.loads(script.removeprefix("const SET = ").rstrip().removesuffix(";"))
    return {
        trial["name"]: {
            version["name"]: sf.read(io.BytesIO(base64.b64decode(version["sound"])))
            for version in trial["versions"]
        }
        for trial in given["trials"]
    }


def test_sounds_are_equally_loud_and_long_and_do_not_clip(tmp_path, rng):
    one = write(tmp_path / "one.wav", noise(rng, 6.0, RATE))
    soft = write(tmp_path / "soft.wav", 0.05 * noise(rng, 5.0, RATE))
    mono = write(tmp_path / "mono.wav", 3.0 * noise(rng, 7.0, 48000, 1), 48000)
    done = doubledrop(
        "listen", tmp_path / "page", one, soft, mono, "--reference", one, "--start", 1
    )
    assert done.returncode == 0, done.stderr
    (sounds,) = on_the_page(tmp_path / "page").values()
    assert set(sounds) == {"one", "soft", "mono", "reference"}
    loudness = []
    for sound, rate in sounds.values():
        assert len(sound) / rate == pytest.approx(4.0, abs=1e-3)
        assert np.abs(sound).max() < 0.9
        meter = LoudnessMeter(rate, sound.ndim)
        meter.hear(np.atleast_2d(sound.T).astype(np.float32))
        loudness.append(meter.integrated)
    assert max(loudness) - min(loudness) < 0.05
    page = (tmp_path / "page" / "index.html").read_text()
    assert "sounds.js" in page
    assert "soft" not in page  # no name on what is heard


def test_folders_are_versions_and_common_files_trials(tmp_path, rng):
    for version in ("late", "phrase", "input"):
        for name in ("a", "b", version):
            write(tmp_path / version / f"{name}.wav", noise(rng, 1.0, RATE))
    trials = gather([tmp_path / "late", tmp_path / "phrase"], tmp_path / "input")
    assert {trial: set(files) for trial, files in trials.items()} == {
        "a": {"late", "phrase", "reference"},
        "b": {"late", "phrase", "reference"},
    }
    write_listening(trials, tmp_path / "page", "x", seconds=1.0)
    assert set(on_the_page(tmp_path / "page")) == {"a", "b"}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (["one.wav"], "two or more"),
        (["one.wav", "nothing.wav"], "nothing.wav"),
        (["one.wav", "."], "files beside folders"),
        (["one.wav", "still.wav"], "silent"),
        (["one.wav", "text.wav"], "text.wav"),
    ],
)
def test_what_cannot_be_compared_is_named(tmp_path, rng, files, says):
    write(tmp_path / "one.wav", noise(rng, 1.0, RATE))
    write(tmp_path / "still.wav", np.zeros((2, RATE)))
    (tmp_path / "text.wav").write_text("no sound")
    done = doubledrop("listen", tmp_path / "page", *(tmp_path / file for file in files))
    assert done.returncode == 2
    assert says in done.stderr
    assert not (tmp_path / "page").exists()


def test_a_folder_without_common_files_is_named(tmp_path, rng):
    write(tmp_path / "x" / "a.wav", noise(rng, 0.5, RATE))
    write(tmp_path / "y" / "b.wav", noise(rng, 0.5, RATE))
    with pytest.raises(InputError, match="all folders"):
        gather([tmp_path / "x", tmp_path / "y"], None)
