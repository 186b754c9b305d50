"""The doctor's verdict, and that it measures what it says."""

from __future__ import annotations

import json

import pytest

from engine.diagnostics.doctor import TEMPOS, verdict
from engine.diagnostics.rehearsal import Rehearsal
from tests.program import doubledrop

HOP = {"p50": 0.5, "p99": 1.0, "p999": 2.0}
INFERENCE = {"p50": 60.0, "p99": 80.0, "p999": 90.0}


def said(hop=None, inference=None, late=0.0, gaps=0):
    times = HOP | (hop or {}), INFERENCE | (inference or {})
    return verdict({175.0: Rehearsal(*times, late, gaps, 0.5)})


@pytest.mark.parametrize(
    ("hop", "inference", "words"),
    [
        ({}, {}, "holds"),
        ({"p999": 8.0}, {}, "holds with 8.0 ms more"),
        ({"p50": 3.0}, {}, "does not hold: the callback"),
        ({}, {"p99": 200.0}, "does not hold at 175 BPM: an inference"),
    ],
)
def test_the_verdict(hop, inference, words):
    assert said(hop, inference)[0].startswith(words)


def test_gains_and_effects_that_are_late_are_said():
    assert said(late=0.2)[0] == "does not hold at 175 BPM: 20% of the gains are late"
    assert said(gaps=7)[0].startswith("holds, but its effects were 7 times late")


def test_the_margin_is_what_is_left_of_a_block():
    """128 samples at 48 kHz are 2.67 ms."""
    assert said()[1] == pytest.approx(128 / 48 - HOP["p999"])


def test_doctor_prints_the_keys_of_the_contract():
    command = "doctor --preset downbeat-filter --seconds 1 --json"
    done = doubledrop(*command.split())
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["providers"]["cpu"] == "runs"
    assert found["callback"] == "compiled"
    (preset,) = found["presets"].values()
    assert set(preset["callback_ms"]) == {f"{bpm:g}" for bpm in TEMPOS}
    for bpm, times in preset["callback_ms"].items():
        assert 0 < times["p50"] <= times["p999"]
        assert preset["inference_ms"][bpm]["p50"] > 0
        assert 0 < preset["load"][bpm] < 8
    assert isinstance(preset["margin_ms"], float)
    assert isinstance(preset["verdict"], str)
    trip = found["round_trip"]
    assert trip["total"] == sum(v for name, v in trip.items() if name != "total")


def test_a_rehearsal_takes_the_presets_effects_along():
    """They have a process of their own there, and what they cost is in the latency."""
    found = json.loads(
        doubledrop(
            "doctor", "--preset", "electronic-to-orchestral", "--seconds", "1", "--json"
        ).stdout
    )
    (preset,) = found["presets"].values()
    assert preset["latency"]["effects"] == 160
    assert preset["latency"]["total"] == found["round_trip"]["total"] + 160
