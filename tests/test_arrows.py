"""Imports keep their direction."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# What all but the pure packages share.
_BASE = {
    *("engine.errors", "engine.text", "engine.paths", "engine.strict_json", "engine.writing"),
    "engine.reading",
}
_COMPILED = ("engine.machine_code", "engine.machine_vectors")
_SHARED = {*_BASE, "engine.pictures", "engine.machine_clock", *_COMPILED, "engine.__version__"}
# Each package of the engine may import those before it, as engine/__init__.py has them.
LAYERS = (
    *("dsp", "control", "effects", "inference", "processes", "io", "config", "models", "state"),
    *("plugins", "beat", "genres", "takes", "web", "osc", "host", "offline", "diagnostics", "cli"),
)
_BELOW = {name: {f"engine.{one}" for one in LAYERS[: at + 1]} for at, name in enumerate(LAYERS)}
# What each package may import of this project; more specific entries win.
ALLOWED = {
    "engine": {"engine"},
    "engine.text": set(),
    "engine.machine_code": set(),
    "engine.machine_vectors": {"engine.machine_code"},
    "engine.strict_json": set(),
    "engine.paths": set(),
    "engine.errors": {"engine.text"},
    "engine.reading": {"engine.strict_json"},
    "engine.config.documents": {"engine.errors", "engine.text", "engine.reading"},
    "engine.writing": {"engine.errors", "engine.text"},
    "engine.pictures": {
        *("engine.dsp.arrays", "engine.writing", "engine.errors", "engine.text"),
    },
    **{f"engine.{name}": {*_BELOW[name], *_SHARED} for name in LAYERS},
    "engine.dsp": {"engine.dsp", "engine.errors", *_COMPILED},
    "engine.control": {"engine.control", "engine.dsp", "engine.errors", "engine.text"},
    "engine.effects": {"engine.effects", "engine.dsp", "engine.errors", *_COMPILED},
    "engine.inference": {"engine.inference", "engine.dsp", "engine.errors"},
    "export": {
        *("export", "train.models", "engine.dsp"),
        *("engine.models.model_format", "engine.genres", "engine.pictures", *_BASE),
    },
    "train": {
        *("train", "engine.dsp", "engine.config.documents", *_BASE),
    },
    # What listens to files and judges rendered ones does so with the engine that will run on stage.
    "train.prepare": {
        *("train", "engine.dsp", "engine.models.model_format", "engine.io", "engine.beat"),
        *_BASE,
    },
    # MIDI files are read, and sound files written, as on the stage.
    "train.notes": {
        *("train", "engine.dsp", "engine.io"),
        *_BASE,
    },
    "train.judge": {
        *("train", "engine.dsp", "engine.effects", "engine.inference", "engine.io"),
        *("engine.config", "engine.models", "engine.beat", "engine.genres", "engine.offline"),
        *("engine.pictures", "engine.machine_code", *_BASE),
    },
    # Features of genres are the engine's, which names them on the stage.
    "train.genres": {
        *("train", "engine.dsp", "engine.io", "engine.beat", "engine.genres", "engine.pictures"),
        *_BASE,
    },
    # Sounds that take on a style are read and written as the engine does it.
    "train.style": {"train", "engine.dsp", "engine.io", *_BASE},
    "train.cli": {
        *("train", "export", "engine"),
    },
    "presets": set(),
}
OURS = ("engine", "export", "train", "presets", "tests")
NOT_IN_THE_ENGINE = ("torch", "onnx", "sklearn", "joblib", "mir_eval", "train", "export")
PURE = ("engine.dsp", "engine.control", "engine.effects", "engine.inference")
NOT_PURE = ("threading", "time", "logging", "soundfile", "sounddevice", "pathlib", "os", "io")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def inside(name: str, packages) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def wrong(name: str, imported: set[str]) -> set[str]:
    place = max((key for key in ALLOWED if inside(name, [key])), key=len)
    bad = {i for i in imported if inside(i, OURS) and not inside(i, ALLOWED[place])}
    # `from engine.dsp import gain` names the package too, which is no import of its own.
    bad -= {"engine", "train", "export"}
    if inside(name, ["engine"]):
        bad |= {i for i in imported if inside(i, NOT_IN_THE_ENGINE)}
    if inside(name, PURE):
        bad |= {i for i in imported if inside(i, NOT_PURE)}
    return bad


FILES = [path for top in OURS[:-1] for path in sorted((ROOT / top).rglob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=module)
def test_imports_keep_their_direction(path):
    assert not wrong(module(path), imports(path))


@pytest.mark.parametrize(
    ("name", "imported"),
    [
        ("engine.dsp.gain", "engine.offline.signal_chain"),
        ("engine.dsp.gain", "threading"),
        ("engine.effects.chain", "engine.io.files"),
        ("engine.state.journal", "engine.host.network"),
        ("engine.control.clock", "time"),
        ("engine.offline.render", "engine.cli.render"),
        ("engine.offline.render", "torch"),
        ("engine.offline.render", "train.compose"),
        ("export.handmade", "engine.models.generator"),
        ("train.compose.demo", "engine.offline.signal_chain"),
    ],
)
def test_a_wrong_arrow_is_found(name, imported):
    assert wrong(name, {imported}) == {imported}


def test_no_file_is_long():
    long = {module(path): n for path in FILES if (n := len(path.read_text().splitlines())) > 300}
    assert not long
