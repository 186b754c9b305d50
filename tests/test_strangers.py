"""No native code is loaded that the user did not install, name or approve; what is approved, is."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from engine.effects.specs import PluginSpec
from engine.errors import EffectError
from engine.plugins.admission import find_plugin
from engine.plugins.approval import approve, clear, read, typed
from engine.plugins.plugin import Plugin
from tests.program import doubledrop
from tests.strangers import CRAFTED, MARK, RUN_WHEN_APPROVED, Place, plugin, trap

ROOT = Path(__file__).parent.parent
NOT_NAMED = ("state: the code", "state: beside the rig", "directory: named as bundled")


@pytest.fixture(scope="module")
def so(tmp_path_factory):
    return trap(tmp_path_factory.mktemp("trap"))


@pytest.fixture
def place(so, tmp_path, monkeypatch, own_cache):
    """A stranger's folder, which is the working directory."""
    folders = [tmp_path / name for name in ("stranger", "away", "home")]
    for folder in folders:
        folder.mkdir()
    sound = 0.1 * np.random.default_rng(1).normal(size=(9600, 2))
    sf.write(folders[0] / "in.wav", sound.astype(np.float32), 48000, subtype="FLOAT")
    monkeypatch.chdir(folders[0])
    monkeypatch.setenv("HOME", str(folders[2]))
    monkeypatch.setenv(MARK, str(tmp_path / "mark"))
    return Place(so, *folders)


def ran(place):
    """How often the code ran."""
    mark = Path(os.environ[MARK])
    return len(mark.read_text().splitlines()) if mark.exists() else 0


@pytest.mark.parametrize("name", CRAFTED)
def test_nothing_runs_that_was_not_approved(place, name):
    sound = Path("in.wav").read_bytes()
    command = CRAFTED[name](place)
    done = doubledrop(*command)
    assert ran(place) == 0
    said = done.stdout + done.stderr
    assert done.returncode in (0, 2), said
    if command[0] in ("render", "play") and "--take" not in command:
        assert done.returncode == 0, said
        assert sf.info("out.wav").frames >= 9600  # the slot plays
    (evil,) = place.evil
    if name not in NOT_NAMED and evil.suffix:
        assert f"doubledrop plugins approve {typed(evil)}" in " ".join(said.split())
    assert Path("in.wav").read_bytes() == sound


@pytest.mark.parametrize("name", RUN_WHEN_APPROVED)
def test_what_was_approved_runs(place, name):
    command = CRAFTED[name](place)
    assert doubledrop("plugins", "approve", *place.evil).returncode == 0
    assert ran(place) == 0  # approving loads nothing
    doubledrop(*command)
    assert ran(place) == 1


def test_only_one_place_loads_plugins():
    files = [path for top in ("engine", "train", "export") for path in (ROOT / top).rglob("*.py")]
    loading = [path for path in files if "load_plugin(" in path.read_text(encoding="utf-8")]
    assert loading == [ROOT / "engine/plugins/plugin.py"]
    text = loading[0].read_text(encoding="utf-8")
    assert text.index("clear(Path(self._path), granted)") < text.index("load_plugin(")


def test_what_the_user_names_on_the_command_line_runs_and_is_not_approved_by_it(place):
    evil = place.put("evil.vst3")
    assert doubledrop("plugins", "check", evil).returncode == 2  # it is no VST3
    doubledrop("plugins", "save", "evil.vst3", "state", "--no-window")
    assert ran(place) == 2
    assert not read()
    for _ in range(2):  # what is known of it says nothing of whether it may run
        assert doubledrop(*place.check('[[chain]]\nplugin = "evil.vst3"\n')).returncode == 2
    assert ran(place) == 2


def _grow(bundle):
    (bundle / "Contents" / "more.so").write_bytes(b"x")


def _change(bundle):
    code = bundle / "Contents" / "x86_64-linux" / "evil.so"
    with code.open("r+b") as file:  # as long as before
        file.write(b"\x7fELF!")


def _rename(bundle):
    code = bundle / "Contents" / "x86_64-linux" / "evil.so"
    code.rename(code.with_name("other.so"))


@pytest.mark.parametrize("change", [_grow, _change, _rename])
def test_approval_is_of_the_contents_wherever_they_lie(place, change):
    evil = place.put("evil.vst3")
    approve(evil)
    clear(evil)
    other = plugin(place.so, place.away / "evil.vst3")
    clear(other)
    change(evil)
    with pytest.raises(EffectError, match="has changed since it was approved"):
        clear(evil)
    with pytest.raises(EffectError, match="plugins approve"):  # in the process that loads it
        Plugin(PluginSpec(str(evil)))
    assert ran(place) == 0
    clear(other)


def test_a_link_out_of_a_bundle_cannot_be_approved(place):
    evil, real = place.put("evil.vst3"), place.put("real.vst3", place.away)
    (evil / "Resources").symlink_to("Contents")
    approve(evil)
    (evil / "more").symlink_to(real / "Contents")
    for judged in (approve, clear):
        with pytest.raises(EffectError, match=r"leads out of evil\.vst3|has changed"):
            judged(evil)


@pytest.mark.parametrize(
    ("name", "says"),
    [("missing.vst3", "no such file"), ("in.wav", "is no plugin"), ("fifo.vst3", "is no file")],
)
def test_what_cannot_be_approved_is_named(place, name, says):
    os.mkfifo("fifo.vst3")
    done = doubledrop("plugins", "approve", name)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_approvals_are_listed_and_taken_back(place):
    evil = place.put("it's an\x1bevil.vst3")
    words = subprocess.run(
        ["bash", "-c", f"printf %s {typed(evil)}"], capture_output=True, check=True
    )
    assert os.fsdecode(words.stdout) == str(evil)  # what is said can be typed
    assert doubledrop("plugins", "approve", evil).returncode == 0
    (one,) = json.loads(doubledrop("plugins", "approved", "--json").stdout)
    assert one["path"] == str(evil)
    listed = doubledrop("plugins", "approved").stdout
    assert one["sha256"][:16] in listed
    assert "\x1b" not in listed
    assert doubledrop("plugins", "forget", one["sha256"][:12]).returncode == 0
    assert not read()
    with pytest.raises(EffectError, match="not approved"):
        clear(evil)
    assert doubledrop("plugins", "forget", evil).returncode == 2


@pytest.mark.parametrize("damaged", ["", "{", '{"format": 1, "approved": [3]}', '{"format": 9}'])
def test_a_damaged_list_approves_nothing(place, damaged):
    evil = place.put("evil.vst3")
    approve(evil)
    (file,) = (place.folder.parent / "config").rglob("plugins.json")
    file.write_text(damaged)
    with pytest.raises(EffectError, match="not approved"):
        clear(evil)
    approve(evil)
    clear(evil)


def test_an_installed_plugin_is_named_by_its_identity(place):
    """What lies in the working directory or beside the rig under its name is another."""
    place.put(".vst3/Evil.vst3", place.home)
    other = place.put("evil")
    assert find_plugin("EVIL").parent == place.home / ".vst3"
    assert find_plugin("./evil") == other
    doubledrop(*place.check('[[chain]]\nplugin = "evil"\n'))
    assert ran(place) == 1  # the installed one needs no approval


@pytest.mark.parametrize("state", ["/dev/zero", "nothing", "."])
def test_a_state_is_a_file(place, state):
    place.put(".vst3/evil.vst3", place.home)
    done = doubledrop(*place.check(f'[[chain]]\nplugin = "evil"\nstate = "{state}"\n'))
    assert done.returncode == 2
    assert "is no file" in done.stderr
    assert ran(place) == 0
