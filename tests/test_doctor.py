"""The doctor's verdict, and that it measures what it says."""

from __future__ import annotations

import json

import pytest

from engine.dsp.tempo import Tempo
from engine.live.chains import Workshop
from engine.live.doctor import BLOCK, RATE, TEMPOS, Rehearsal, rehearse, verdict
from engine.live.generator import OnnxGenerator
from export import handmade
from tests.program import doubledrop

HOP = {"p50": 0.5, "p99": 1.0, "p999": 2.0}
INFERENCE = {"p50": 60.0, "p99": 80.0, "p999": 90.0}


def said(hop=None, inference=None):
    return verdict({175.0: Rehearsal(HOP | (hop or {}), INFERENCE | (inference or {}), 0.5)})


@pytest.mark.parametrize(
    ("hop", "inference", "words"),
    [
        ({}, {}, "holds"),
        ({"p999": 8.0}, {}, "holds with 8.0 ms more"),
        ({"p50": 3.0}, {}, "does not hold: a hop"),
        ({}, {"p99": 200.0}, "does not hold at 175 BPM: an inference"),
    ],
)
def test_the_verdict(hop, inference, words):
    assert said(hop, inference)[0].startswith(words)


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
    assert set(preset["hop_ms"]) == {f"{bpm:g}" for bpm in TEMPOS}
    for bpm in preset["hop_ms"]:
        assert 0 < preset["hop_ms"][bpm]["p50"] <= preset["hop_ms"][bpm]["p999"]
        assert preset["inference_ms"][bpm]["p50"] > 0
    assert isinstance(preset["margin_ms"], float)
    assert isinstance(preset["verdict"], str)
    trip = found["round_trip"]
    assert trip["total"] == sum(v for name, v in trip.items() if name != "total")


def test_a_rehearsal_takes_the_presets_effects_along(tmp_path):
    preset = handmade.write(handmade.identity, tmp_path / "generator.onnx")
    chain = Workshop(RATE, 2, BLOCK).chain([{"effect": "Gain", "gain_db": 3.0}])
    heard, process = [], chain.process
    chain.process = lambda block: heard.append(block.shape[-1]) or process(block)
    rehearse(OnnxGenerator(preset, "cpu"), 240.0, 0.2, after=chain)
    assert set(heard) == {BLOCK}
    assert len(heard) > Tempo(240.0).phrase_s * RATE // BLOCK  # the phrase of warming up, and more
