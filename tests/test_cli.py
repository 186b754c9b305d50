"""The commands as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from unittest import mock

import pytest

from engine import cli
from engine.cli.commands import register_whole
from tests.program import doubledrop, started

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("command", ["play", "render", "presets", "devices", "bench"])
def test_help_has_an_example(command):
    done = doubledrop(command, "--help")
    assert done.returncode == 0
    assert f"Example: doubledrop {command}" in done.stdout


def test_presets_are_listed():
    done = started("presets", "--json")
    rows = json.loads(done.stdout)
    assert {"name", "state", "licence", "what"} <= rows[0].keys()
    assert all(row["state"].startswith("ready on") for row in rows)


def test_devices_are_listed_or_their_absence_is_said():
    assert isinstance(json.loads(doubledrop("devices", "--json").stdout), list)
    assert doubledrop("devices").stdout.strip()


def test_bench_prints_the_contract_s_keys(tmp_path):
    log = tmp_path / "bench.jsonl"
    options = ["--preset", "downbeat-filter", "--hops", "500"]
    done = doubledrop("bench", *options, "--json", "--log", log)
    figures = json.loads(done.stdout)
    assert figures.keys() >= {
        "machine",
        "commit",
        "callback_ms",
        "inference_ms",
        "render_realtime_factor",
        "latency_samples",
        "bypass_null_db",
        "peak_rss_mib",
    }
    assert {"p50", "p99", "p999", "budget"} <= figures["callback_ms"]["one"].keys()
    assert figures["render_realtime_factor"] == min(figures["render_realtime_factors"].values())
    assert figures["latency_samples"] == {"declared": 512, "measured": 512}
    assert figures["bypass_null_db"] <= -125
    assert set(figures["inference_ms"]["downbeat-filter"]) == {"p50", "p99", "bare_p50"}
    assert json.loads(log.read_text())["commit"] == figures["commit"]


def test_torch_is_not_needed():
    """Neither the declared dependencies nor an import of the command bring it in."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert not any(entry.startswith("torch") for entry in project["dependencies"])
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['onnx'] = None\n"
        "from engine.cli import main; sys.argv = ['doubledrop', 'presets']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0
    assert "ready on" in done.stdout


def test_help_says_of_every_command_what_it_says_itself():
    """Though it loads none of them; and what they import is not there then."""
    listed = started("--help").stdout
    with mock.patch.object(cli, "register", lambda app, asked: register_whole(app)):
        whole = doubledrop("--help").stdout
    assert listed == whole
    code = (
        "import sys; sys.argv = ['doubledrop', '--help']\nfrom engine.cli import main\n"
        "try: main()\nfinally: print(sorted({'numba', 'scipy', 'pydantic', 'librosa', 'joblib',"
        " 'sounddevice', 'onnxruntime'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize("words", [["--", "presets", "--json"], ["presets", "--json"]])
def test_a_command_is_found_behind_a_dash(words):
    done = doubledrop(*words)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) >= 5
