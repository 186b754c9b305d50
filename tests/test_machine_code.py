"""A broken file of compiled code is compiled again, whatever is wrong with it."""

from __future__ import annotations

import ast
import importlib.util
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_SOURCE = """
from engine.machine_code import compiled
import numba

@compiled()
def twice(x):
    return 2 * x

@numba.vectorize(["float64(float64)"], cache=True)
def thrice(x):
    return 3 * x
"""
_BREAKS = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "cut by one": lambda data: data[:-1],
    "zeros": lambda data: bytes(len(data)),
    "garbage": lambda data: bytes(range(256)) * (len(data) // 256 + 1),
    "a bit": lambda data: data[:-300] + bytes([data[-300] ^ 1]) + data[-299:],
    "another object": lambda data: pickle.dumps(["what", "is", "this"]),
    "another version": lambda data: pickle.dumps("0.1") + b"who knows",
    "of this version": lambda data: pickle.dumps(__import__("numba").__version__) + b"\x80\x05",
    "a missing class": lambda data: b"cno.such.module\nThing\n.",
}


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Loads the module anew, as another process does; a broken file is its second load."""
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path / "kept"))
    source = tmp_path / "kept_code.py"
    source.write_text(_SOURCE)

    def load():
        spec = importlib.util.spec_from_file_location("kept_code", source)
        made = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made)
        return made

    return load


def _files(tmp_path: Path, kind: str) -> list[Path]:
    return [path for path in (tmp_path / "kept").rglob("*") if path.suffix == f".{kind}"]


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
@pytest.mark.parametrize("how", _BREAKS)
def test_a_broken_file_is_compiled_again(module, tmp_path, kind, how):
    made = module()
    assert (made.twice(4.0), made.thrice(2.0)) == (8.0, 6.0)
    files = _files(tmp_path, kind)
    assert len(files) == 2
    for path in files:
        path.write_bytes(_BREAKS[how](path.read_bytes()))
    again = module()
    assert (again.twice(4.0), again.thrice(2.0)) == (8.0, 6.0)
    assert sum(again.twice.stats.cache_misses.values()) == 1
    third = module()  # and was kept
    assert third.twice(4.0) == 8.0
    assert sum(third.twice.stats.cache_hits.values()) == 1


def test_code_of_another_function_under_the_same_number_is_not_run(module, tmp_path):
    """Two processes that compile for different arguments at once give both the number 1."""
    made = module()
    made.twice(4.0)
    (before,) = [path for path in _files(tmp_path, "nbc") if "twice" in path.name]
    code = before.read_bytes()
    for path in (tmp_path / "kept").rglob("*.nb?"):
        path.unlink()
    made = module()
    made.twice(4)  # of integers
    (after,) = [path for path in _files(tmp_path, "nbc") if "twice" in path.name]
    after.write_bytes(code)
    made = module()
    assert made.twice(5) == 10
    assert sum(made.twice.stats.cache_misses.values()) == 1


def test_a_full_disk_keeps_nobody_from_compiling(module, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    from engine.machine_code import CheckedFile

    monkeypatch.setattr(CheckedFile, "_open_for_write", full)
    assert module().twice(4.0) == 8.0


def test_a_start_with_nothing_but_broken_files(tmp_path):
    """What every process of the stage compiles first."""
    code = "import engine.state.shared_state as b; b.create().call(slot=1)"
    environment = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert not done.stderr
        kept = list(tmp_path.rglob("*.nb?"))
        assert kept
        for path in kept:
            path.write_bytes(b"\x80\x05garbage")


def test_kept_code_is_as_fresh_as_all_that_it_is_made_of(tmp_path):
    """A change in what a file imports counts as one of its own; one elsewhere does not."""
    root = tmp_path / "checkout"
    shutil.copytree(
        ROOT / "engine", root / "engine", ignore=shutil.ignore_patterns("__pycache__", "demo")
    )
    code = "from engine.dsp import kernel; print(kernel.render._cache._cache_file._source_stamp)"

    def stamp():
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "kept"), "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def change(name):
        path = root / "engine" / name
        path.write_text(path.read_text() + "\n# changed\n")

    first = stamp()
    assert stamp() == first
    change("cli/play.py")
    assert stamp() == first
    for name in ("dsp/transform.py", "dsp/noise.py", "dsp/loudness.py"):
        before = stamp()
        change(name)
        assert stamp() != before


def _functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _decorators(function):
    return {ast.unparse(one).split("(")[0].split(".")[-1] for one in function.decorator_list}


def test_python_calls_nothing_that_machine_code_alone_may_call():
    """There is no code by which it could: the process would crash."""
    files = [
        path
        for folder in ("engine", "train", "tests", "export")
        for path in (ROOT / folder).rglob("*.py")
    ]
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in files}
    inner = {
        (".".join(path.relative_to(ROOT).with_suffix("").parts), function.name)
        for path, tree in trees.items()
        for function in _functions(tree)
        if "internal" in _decorators(function)
    }
    assert len(inner) > 30
    wrong = []
    for path, tree in trees.items():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        known = {name for of, name in inner if of == module}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                known |= {a.asname or a.name for a in node.names if (node.module, a.name) in inner}
        for function in _functions(tree):
            if _decorators(function) & {"compiled", "internal", "cfunc", "vectorize"}:
                continue
            calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
            called = {call.id for call in calls if isinstance(call, ast.Name)}
            wrong += [f"{module}.{function.name}: {name}" for name in called & known]
    assert not wrong
