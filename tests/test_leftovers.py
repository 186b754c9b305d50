"""Shared memory of processes that are gone is removed by whoever starts next, and no other."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from engine.processes import leftovers
from engine.processes.leftovers import claim, release, sweep

_OWNER = """
import sys, tempfile
from pathlib import Path
from engine.processes import leftovers
leftovers.places = lambda: [Path(sys.argv[1]), Path(sys.argv[1])]
print(leftovers.claim(4096), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    monkeypatch.setattr(leftovers, "places", lambda: [tmp_path / "full", tmp_path])


@pytest.fixture
def owner(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", _OWNER, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process.path = process.stdout.readline().strip()
    yield process
    process.kill()
    process.wait()


def test_what_is_claimed_is_there_until_it_is_released(tmp_path):
    path = claim(10_000)
    assert path.parent == tmp_path
    assert path.name.startswith(f"doubledrop-{os.getpid()}-")
    assert path.read_bytes() == bytes(10_000)
    sweep()
    assert path.exists()
    release(path)
    assert not path.exists()
    release(path)


def test_a_living_owner_keeps_it_and_a_dead_one_does_not(owner):
    sweep()
    assert os.path.exists(owner.path)
    owner.kill()
    owner.wait()
    assert os.path.exists(owner.path)
    path = claim(1)  # whoever comes next
    assert not os.path.exists(owner.path)
    release(path)


def test_an_owner_that_ends_removes_it(owner):
    owner.stdin.close()
    owner.wait()
    assert not os.path.exists(owner.path)


def test_nothing_else_is_touched(tmp_path, monkeypatch):
    others = [
        tmp_path / name for name in ("doubledrop-notes.txt", "x-doubledrop-1-a", "doubledrop-")
    ]
    for other in others:
        other.write_text("mine")
    (tmp_path / "doubledrop-1-folder").mkdir()
    (tmp_path / "doubledrop-1-link").symlink_to(others[0])
    os.mkfifo(tmp_path / "doubledrop-1-fifo")
    left = tmp_path / "doubledrop-1-left"
    left.write_text("somebody else's")
    before = set(tmp_path.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        sweep()
        assert set(tmp_path.iterdir()) == before
    sweep()
    assert before - set(tmp_path.iterdir()) == {left}


def test_one_that_was_swept_before_it_was_locked_is_made_again(tmp_path, monkeypatch):
    make, made = leftovers.tempfile.mkstemp, []

    def and_sweep(**options):
        made.append(make(**options))
        if len(made) == 1:
            os.unlink(made[0][1])
        return made[-1]

    monkeypatch.setattr(leftovers.tempfile, "mkstemp", and_sweep)
    path = claim(100)
    assert len(made) == 2
    assert path.stat().st_size == 100
    release(path)
