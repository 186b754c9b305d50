"""The same dataset from the workers of a Dask scheduler as from this machine's own cores."""

from __future__ import annotations

import json

import pytest

from tests.program import doubledrop
from tests.test_prepare import FORM, drums, everything, save


def prepare(*arguments):
    return doubledrop("prepare", *arguments)


@pytest.fixture
def cluster():
    distributed = pytest.importorskip("distributed")
    made = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, worker_dashboard_address=None
    )
    yield made.scheduler_address
    made.close()


def test_a_cluster_makes_the_same_dataset(cluster, tmp_path):
    music = [tmp_path / "soft", tmp_path / "loud"]
    for i, folder in enumerate(music):
        save(folder / "a.wav", drums("two-step", 174.0 + i, 0.5, FORM, i))
    own = prepare(tmp_path / "own", *music, "--jobs", 1, "--json")
    other = prepare(tmp_path / "other", *music, "--cluster", cluster, "--json")
    assert own.returncode == other.returncode == 0, own.stderr + other.stderr
    assert json.loads(other.stdout)["genres"] == json.loads(own.stdout)["genres"]
    assert everything(tmp_path / "other") == everything(tmp_path / "own")


def test_a_scheduler_that_does_not_answer_is_named(tmp_path):
    music = [tmp_path / "soft", tmp_path / "loud"]
    for folder in music:
        save(folder / "a.wav", drums("two-step", 174.0, 0.5, FORM))
    done = prepare(tmp_path / "set", *music, "--cluster", "tcp://127.0.0.1:9")
    assert done.returncode == 2
    assert "tcp://127.0.0.1:9" in done.stderr
    assert "dask scheduler" in done.stderr
