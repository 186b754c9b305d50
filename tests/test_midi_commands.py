"""`midi learn` and `midi monitor`: what a control did, and what it does, by the rig."""

from __future__ import annotations

import mido
import pytest

from engine.cli import midi
from engine.config.rig import read_rig
from tests.program import doubledrop

PORT = "Launch Control"
RIG = """
[[slots]]
preset = "downbeat-filter"
program = 5
[[controls]]
target = "wet"
control = "cc21"
"""


@pytest.fixture
def plays(monkeypatch):
    """Puts a controller in the place of the ports, that sends these messages at once."""

    def plug(*messages):
        class Plugged:
            def __init__(self, patterns):
                self._waiting = list(messages)

            def fetch(self, heard, gone):
                while self._waiting:
                    heard(
                        PORT, mido.Message.from_bytes(self._waiting.pop(0)), midi.time.monotonic()
                    )

            def stop(self):
                pass

        monkeypatch.setattr(midi, "Midi", Plugged)
        monkeypatch.setattr(midi, "_SWEEP_S", 0.0)

    return plug


@pytest.fixture
def rig(tmp_path):
    path = tmp_path / "rig.toml"
    path.write_text(RIG, encoding="utf-8")
    return path


def test_monitor_says_what_a_control_does_by_the_rig(rig, plays):
    plays([0xB0, 21, 64], [0xB0, 16, 1], [0xB0, 3, 1], [0xC0, 5], [0xC0, 6])
    lines = doubledrop("midi", "monitor", rig, "--seconds", "0.02").stdout.splitlines()
    ends = ["cc21 channel 1 → wet", "cc16 channel 1 → wet", "cc3 channel 1 → nothing"]
    ends += ["program channel 1 → program 5: slot 1", "program channel 1 → program 6: no slot"]
    assert [line.split("  ")[-1] for line in lines] == ends
    plays([0xB0, 21, 64])
    alone = doubledrop("midi", "monitor", "--seconds", "0.02").stdout
    assert alone.strip().endswith("cc21 channel 1 → amount2")  # of the default map


def test_learn_says_what_has_changed(rig, plays):
    plays(*[[0xB0, 22, value] for value in range(0, 128, 3)])
    done = doubledrop("midi", "learn", rig, "wet")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"{rig}: wet is now cc22, {PORT}",
        "  cc22 did amount3 before",
        "  cc21 did wet before, and does amount2 now",
        "  cc16 still does wet too",
    ]
    assert "now cc21, cc16" in done.stderr
    plays([0x90, 40, 100])
    done = doubledrop("midi", "learn", rig, "tap")
    assert "note40 did nothing before" in done.stdout
    assert {control.target for control in read_rig(rig).controls} == {"wet", "tap"}


@pytest.mark.parametrize("option", ["--switch", "--invert"])
def test_a_button_is_not_learnt_as_what_it_cannot_be(rig, option):
    done = doubledrop("midi", "learn", rig, "tap", option)
    assert done.returncode == 2
    assert f"{option}: does not apply to tap, a button" in done.stderr


def test_a_target_that_is_nearly_one_is_asked_for(rig):
    done = doubledrop("midi", "learn", rig, "wett")
    assert done.returncode == 2
    assert "Did you mean wet?" in done.stderr
