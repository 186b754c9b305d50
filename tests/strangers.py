"""Folders as strangers bring them: each tries to run native code through something we read.

The code is a shared object that leaves a mark when it is loaded, in the place of a plugin's. It is
no VST3, but by the time the host finds out, it has run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from engine.config.preset import bundled_folder
from engine.state.journal import FORMAT

MARK = "TRAP_MARK"
"""The environment's name of the file that the code leaves."""
_CODE = """
#include <stdio.h>
#include <stdlib.h>
__attribute__((constructor)) static void run(void) {
    const char* path = getenv("TRAP_MARK");
    FILE* file = path ? fopen(path, "a") : NULL;
    if (file) { fputs("ran\\n", file); fclose(file); }
}
"""
_HEAD = 'format = 1\ndescription = "x"\nlicence = "CC0-1.0"\n'
_RIG = '[clock]\nbpm = 174.0\nsources = ["tap", "fixed"]\n'
_NAMED = '[[chain]]\nplugin = "evil.vst3"\n'
_OF_PRESET = _RIG + '[[slots]]\npreset = "mine"\n'
_SLOT = _RIG + '[[slots]]\npreset = "downbeat-filter"\n'


def trap(folder: Path) -> Path:
    """The shared object."""
    made = folder / "trap.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(made)],
        input=_CODE,
        text=True,
        check=True,
    )
    return made


def plugin(so: Path, path: Path) -> Path:
    """A bundle at this path, of any suffix."""
    inside = path / "Contents" / "x86_64-linux"
    inside.mkdir(parents=True)
    shutil.copy(so, inside / f"{path.stem}.so")
    return path


def preset(folder: Path, effects: str) -> Path:
    """A preset with a good generator and these effects."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(bundled_folder() / "downbeat-filter" / "generator.onnx", folder)
    (folder / "preset.toml").write_text(_HEAD + effects, encoding="utf-8")
    return folder


@dataclass
class Place:
    """Where a stranger's folder is unpacked; it is the working directory too.

    Attributes:
        so: the code.
        folder: the place.
        away: the user's own folder, elsewhere.
        home: the user's.
        evil: plugins that were put down.
    """

    so: Path
    folder: Path
    away: Path
    home: Path
    evil: list[Path] = field(default_factory=list)

    def put(self, path: str, root: Path | None = None) -> Path:
        """Put a plugin down."""
        self.evil.append(plugin(self.so, (root or self.folder) / path))
        return self.evil[-1]

    def link(self, path: str) -> None:
        """The same, elsewhere, and a link to it."""
        target = self.put("real/evil.vst3", self.away)
        at = self.folder / path
        at.parent.mkdir(parents=True, exist_ok=True)
        at.symlink_to(target)

    def render(self, effects: str) -> list[str]:
        """The command for a preset here with these effects."""
        preset(self.folder / "mine", effects)
        tail = ["--preset", "./mine", "--bpm", "240", "--inference-ms", "5"]
        return ["render", "in.wav", "out.wav", *tail]

    def check(self, rest: str, slot: str = _SLOT) -> list[str]:
        """The command for a rig here that goes on so."""
        (self.folder / "rig.toml").write_text(slot + rest, encoding="utf-8")
        return ["rig", "check", "rig.toml"]

    def replay(self, master: list[dict[str, object]], **lane: object) -> list[str]:
        """The command for a take here that was played with these effects."""
        take = self.folder / "take"
        take.mkdir(exist_ok=True)
        model = str(bundled_folder() / "downbeat-filter" / "generator.onnx")
        lanes = [{"before": [], "after": []} | lane]
        asked = {"models": [model], "provider": "cpu", "bpm": 174.0, "downbeat_s": 0.0}
        asked |= {"settings": {}, "lanes": lanes, "master": master}
        facts = {"format": FORMAT, "rate": 48000, "block": 128, "first_sample": 0, "asked": asked}
        facts |= {"inputs": 2, "outputs": 2, "models_sha256": [""]}
        (take / "take.json").write_text(json.dumps(facts))
        (take / "decisions.jsonl").write_text("")
        for name in ("dry.wav", "out.wav"):
            shutil.copy(self.folder / "in.wav", take / name)
        return ["render", "out.wav", "--take", "take"]


Build = Callable[[Place], list[str]]


def _in_preset(toml: str, path: str = "mine/evil.vst3") -> Build:
    def build(place: Place) -> list[str]:
        place.put(path)
        preset(place.folder / "mine", toml)
        return place.check("", _OF_PRESET)

    return build


def _in_rig(toml: str, path: str = "evil.vst3") -> Build:
    def build(place: Place) -> list[str]:
        place.put(path)
        return place.check(toml)

    return build


def _absolute(form: str) -> Build:
    return lambda place: place.check(form.format(place.put("deep/evil.vst3")))


def _linked(place: Place) -> list[str]:
    place.link("mine/evil.vst3")
    return place.render(_NAMED)


def _rendered(place: Place) -> list[str]:
    place.put("mine/evil.vst3")
    return place.render(_NAMED)


def _at_home(place: Place) -> list[str]:
    place.put("evil.vst3", place.home)
    return place.check('[[slots.chain]]\nplugin = "~/evil.vst3"\n')


def _played(place: Place) -> list[str]:
    place.put("mine/evil.vst3")
    place.render(_NAMED)
    tail = ["--input", "in.wav", "--output", "out.wav", "--bpm", "240"]
    return ["play", "--preset", "./mine", *tail]


def _performed(place: Place) -> list[str]:
    place.put("evil.vst3")
    return _performed_with(place, _NAMED)


def _take(after: str, **more: object) -> Build:
    def build(place: Place) -> list[str]:
        place.put("take/evil.vst3")
        effect = {"plugin": after.format(place.folder)} | more
        return place.replay([], after=[effect])

    return build


def _take_of_branches(place: Place) -> list[str]:
    inner = {"plugin": str(place.put("evil.vst3"))}
    return place.replay([{"branches": [{"gain_db": 0.0, "chain": [inner]}]}])


def _take_before(place: Place) -> list[str]:
    return place.replay([], before=[{"plugin": str(place.put("evil.vst3"))}])


def _take_master(place: Place) -> list[str]:
    return place.replay([{"plugin": str(place.put("evil.vst3"))}])


def _state_is_the_code(place: Place) -> list[str]:
    place.put("evil.vst3")
    state = "evil.vst3/Contents/x86_64-linux/evil.so"
    return place.check(f'[[chain]]\nplugin = "evil"\nstate = "{state}"\n')


def _state_beside_the_rig(place: Place) -> list[str]:
    place.put("evil.vst3")
    state = {"wet": 1.0, "chain": [{"plugin": "evil.vst3"}], "plugin": "evil.vst3"}
    (place.folder / "rig.state.json").write_text(json.dumps(state))
    return _performed_with(place, "")


def _performed_with(place: Place, rest: str) -> list[str]:
    place.check(rest)
    tail = ["--rig", "rig.toml", "--bpm", "240", "--inference-ms", "5"]
    return ["render", "in.wav", "out.wav", *tail]


def _state_of_many(place: Place) -> list[str]:
    place.put("evil.vst3")
    (place.folder / "x.vstpreset").write_bytes(b"VST3" + b"evil.vst3" * 9)
    return place.check('[[chain]]\nplugin = "evil.vst3"\nstate = "x.vstpreset"\n')


def _saved_by_name(place: Place) -> list[str]:
    place.put("evil")
    return ["plugins", "save", "evil", "state", "--no-window"]


def _checked_by_name(place: Place) -> list[str]:
    place.put("evil")
    return ["plugins", "check", "evil"]


def _scanned(place: Place) -> list[str]:
    place.put("mine/evil.vst3")
    return ["plugins", "scan", "."]


def _named_as_bundled(place: Place) -> list[str]:
    place.put("downbeat-filter/evil.vst3")
    preset(place.folder / "downbeat-filter", _NAMED)
    tail = ["--preset", "downbeat-filter", "--bpm", "240", "--inference-ms", "5"]
    return ["render", "in.wav", "out.wav", *tail]


_BRANCHES = '[[chain]]\nbranches = [{ chain = [{ plugin = "evil.vst3" }] }]\n'
_FORGED = {"latency": {"48000": 0}, "parameters": [], "name": "evil", "refused": ""}
CRAFTED: dict[str, Build] = {
    "preset: in its folder": _in_preset(_NAMED),
    "preset: before": _in_preset('[[before]]\nplugin = "evil.vst3"\n'),
    "preset: with a dot": _in_preset('[[chain]]\nplugin = "./evil.vst3"\n'),
    "preset: deeper": _in_preset('[[chain]]\nplugin = "a/evil.vst3"\n', "mine/a/evil.vst3"),
    "preset: above it": _in_preset('[[chain]]\nplugin = "../evil.vst3"\n', "evil.vst3"),
    "preset: around": _in_preset('[[chain]]\nplugin = "x/../evil.vst3"\n', "mine/evil.vst3"),
    "preset: in branches": _in_preset(_BRANCHES),
    "preset: capitals": _in_preset('[[chain]]\nplugin = "evil.VST3"\n', "mine/evil.VST3"),
    "preset: inside": _in_preset(_NAMED + 'inside = "Room"\n'),
    "preset: a bare name": _in_preset('[[chain]]\nplugin = "evil"\n', "mine/evil"),
    "preset: AU": _in_preset('[[chain]]\nplugin = "evil.component"\n', "mine/evil.component"),
    "preset: a link": _linked,
    "preset: played": _played,
    "preset: rendered": _rendered,
    "rig: master": _in_rig(_NAMED),
    "rig: slot": _in_rig('[[slots.chain]]\nplugin = "evil.vst3"\n'),
    "rig: before": _in_rig('[[slots.before]]\nplugin = "evil.vst3"\n'),
    "rig: branches": _in_rig(_BRANCHES),
    "rig: absolute": _absolute('[[chain]]\nplugin = "{}"\n'),
    "rig: bare name": _in_rig('[[chain]]\nplugin = "evil"\n', "evil"),
    "rig: at home": _at_home,
    "rig: played": _performed,
    "take: absolute": _take("{}/take/evil.vst3"),
    "take: relative": _take("take/evil.vst3"),
    "take: forged": _take("{}/take/evil.vst3", **_FORGED, wire="in.wav"),
    "take: granted": _take("{}/take/evil.vst3", granted=["0" * 64], sha256="0" * 64),
    "take: branches": _take_of_branches,
    "take: before": _take_before,
    "take: master": _take_master,
    "state: the code": _state_is_the_code,
    "state: beside the rig": _state_beside_the_rig,
    "state: a .vstpreset": _state_of_many,
    "directory: saved by name": _saved_by_name,
    "directory: checked by name": _checked_by_name,
    "directory: scanned": _scanned,
    "directory: named as bundled": _named_as_bundled,
}
"""By kind: each puts its files down and says what the user types."""
RUN_WHEN_APPROVED = (
    *("preset: in its folder", "preset: rendered", "preset: played"),
    *("rig: master", "rig: played", "take: forged", "directory: scanned"),
)
"""Those of them, one for each way to the host, that are also tried with the plugin approved."""
