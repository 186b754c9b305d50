"""Names beat paths, and the working directory is nobody's word: what lies there is data."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from engine.cli.route import is_file
from engine.config.preset import bundled_folder, load_preset
from engine.config.rig import read_rig
from engine.errors import PresetError
from engine.processes.start import command
from tests.program import doubledrop
from tests.strangers import preset

ROOT = Path(__file__).parent.parent
TRAP = "import os\nwith open(os.environ['TRAP_MARK'], 'a') as f:\n    f.write(__name__ + '\\n')\n"
# What our processes import, first or last, and what Python looks for by itself.
MODULES = (
    *("json", "numpy", "typing", "signal", "runpy", "pathlib", "engine", "pedalboard", "numba"),
    *("platformdirs", "pydantic", "sitecustomize", "usercustomize", "soundfile", "train"),
)


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """A working directory with a module for each that is imported; a run leaves a mark."""
    folder = tmp_path / "stranger"
    folder.mkdir()
    for name in MODULES:
        (folder / f"{name}.py").write_text(TRAP)
    monkeypatch.setenv("TRAP_MARK", str(tmp_path / "mark"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    monkeypatch.chdir(folder)
    return folder


def mark():
    path = Path(os.environ["TRAP_MARK"])
    return path.read_text() if path.exists() else ""


def test_no_module_of_the_working_directory_runs_in_a_child(hostile, own_cache):
    """The command in a process of its own, which starts another that tries effects."""
    Path("rig.toml").write_text(
        '[[slots]]\npreset = "downbeat-filter"\n[[chain]]\neffect = "Gain"\n[clock]\nbpm = 174\n'
    )
    start = [sys.executable, "-P", "-c", "from engine.cli import main; main()"]  # as a script is
    done = subprocess.run(
        [*start, "rig", "check", "rig.toml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not mark()
    # So it would have run.
    subprocess.run([sys.executable, "-m", "engine.plugins.probe_process"], stderr=-3, check=False)
    assert mark()


def test_every_process_of_ours_is_started_so():
    """No other file says `-m`, and libraries that start Python are told, too."""
    files = [path for top in ("engine", "train", "export") for path in (ROOT / top).rglob("*.py")]
    starting = [p for p in files if '"-m"' in p.read_text(encoding="utf-8")]
    assert not starting
    assert os.environ["PYTHONSAFEPATH"] == "1"
    assert "-P" in command("x")


def test_a_child_finds_a_checkout_that_is_not_installed(tmp_path):
    """And what it is given reaches it."""
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    alone = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    said = subprocess.run(
        command("engine.plugins.probe_process", "[48000]", "[]", "[]"),
        cwd=tmp_path,
        env=alone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stderr) == (0, "")


_COMPILED = (
    "import numpy as np; from engine.dsp.published import number; number(np.zeros(1, int), 0)"
)


def test_compiled_code_is_not_taken_from_where_the_working_directory_says(tmp_path, monkeypatch):
    """Numba's cache is pickled: whoever says where it lies runs what he wants."""
    monkeypatch.setenv("TRAP_MARK", str(tmp_path / "mark"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "evil"))
    monkeypatch.chdir(tmp_path)

    def run(code):
        subprocess.run([sys.executable, "-P", "-c", code], check=True, capture_output=True)

    run(_COMPILED)
    pickle = b"cposix\nsystem\n(S'echo ran >> \"$TRAP_MARK\"'\ntR."
    indices = list((tmp_path / "evil").rglob("*.nbi"))
    assert indices
    for index in indices:
        index.write_bytes(pickle)
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    Path(".numba_config.yaml").write_text(f"cache_dir: {tmp_path / 'evil'}\n")
    Path("matplotlibrc").write_bytes(b"backend: \xff\n")
    run(_COMPILED + "; from engine.pictures import pyplot; pyplot()")
    assert not mark()
    with suppress(subprocess.CalledProcessError):
        run("import numba; " + _COMPILED)  # the trap works where nobody is careful
    assert mark()


@pytest.mark.parametrize("name", ["downbeat-filter", "liquid-to-dancefloor"])
def test_a_bundled_name_means_the_bundled_preset(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    preset(tmp_path / name, "")
    assert load_preset(name).folder == bundled_folder() / name
    assert load_preset(f"./{name}").folder == tmp_path / name
    assert load_preset(f"{tmp_path}/{name}").folder == tmp_path / name
    assert load_preset(name, tmp_path).folder == bundled_folder() / name


def test_a_word_without_a_folder_or_a_dot_is_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    preset(tmp_path / "mine", "")
    with pytest.raises(PresetError, match=r"write \./mine"):
        load_preset("mine")
    done = doubledrop("render", "in.wav", "out.wav", "--preset", "mine")
    assert done.returncode == 2
    assert "./mine" in done.stderr
    assert load_preset("~/mine").folder == load_preset("./mine").folder == tmp_path / "mine"
    for odd in ("", ".", "..", "a\0b", "x" * 5000 + "/", "~nobody/x"):
        with pytest.raises(PresetError):
            load_preset(odd)


@pytest.mark.parametrize("word", ["mine", "./mine", "sub/../mine", "~/mine"])
def test_paths_of_a_rig_begin_where_the_rig_lies(tmp_path, monkeypatch, word):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir("/")
    preset(tmp_path / "mine", "")
    path = tmp_path / "rig.toml"
    path.write_text(
        f'[[slots]]\npreset = "{word}"\n[devices]\ninput = "sub/feed.wav"\noutput = "USB 2.0"\n'
        '[recording]\nfolder = "~/takes"\n'
    )
    rig = read_rig(path)
    assert rig.slots[0].load().folder == tmp_path / "mine"
    assert rig.models() == [str(tmp_path / "mine" / "generator.onnx")]
    assert rig.devices.input == str(tmp_path / "sub" / "feed.wav")
    assert rig.devices.output == "USB 2.0"  # a device
    assert rig.recording.folder == str(tmp_path / "takes")


def test_a_device_s_name_is_no_file_s(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Scarlett").write_bytes(b"")
    assert not any(map(is_file, ("Scarlett", "USB Audio 2.0", "Mic. Array", "hw:0,0")))
    assert all(map(is_file, ("./Scarlett", "a.wav", "a/b", "set.FLAC")))
