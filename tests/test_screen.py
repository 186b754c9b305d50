"""What is seen of the stage: meters, the screen at any size, the line, and the keyboard."""

from __future__ import annotations

import os
import pty
import sys
from dataclasses import replace

import pytest
from rich.console import Console

from engine.cli.keyboard import TARGETS, keyboard, pressed
from engine.cli.screen import draw, line
from engine.control.mapping import targets
from engine.live.ear import Meter
from engine.live.show import Show, Slot
from engine.live.status import Status
from engine.live.supervisor import Event

RATE = 48000


def status(**changed):
    numbers = {name: {} if "dict" in kind else 0 for name, kind in Status.__annotations__.items()}
    shown = {
        "hop_ms": {"p50": 0.6, "p99": 1.5, "p999": 2.0},
        "age_ms": {"p50": 90.0, "p99": 150.0},
        "limited_db": -1.2,
        "wet": 1.0,
    }
    return Status(**(numbers | shown | changed))


def show(slots=3, **changed):
    """A stage in the middle of a set."""
    it = Show(
        seconds=3723.0,
        status=status(),
        state="WET",
        alarm=False,
        bpm=174.0,
        source="midi",
        held=False,
        known=True,
        confidence=None,
        bar=2,
        bars=4,
        beat=3,
        beats=4,
        slots=[Slot(f"preset-{n}", n, 1.0, n == 2) for n in range(slots)],
        active=0,
        called=1,
        bars_to_go=1.5,
        crossfader=0.25,
        wet=1.0,
        level=0.8,
        line_in=Meter(-14.0, -2.0, -14.5, -15.0),
        line_out=Meter(-13.0, -1.0, -13.5, -14.0),
        clip=False,
        limit=True,
        dropout=False,
        limited_db=-1.2,
        route="in → out",
        latency_ms=20.7,
        load=0.3,
        midi="control_change from pads",
        ports=["pads"],
        recording=65.0,
        recording_error="",
        events=[Event(float(n), f"event {n}") for n in range(100)],
    )
    return replace(it, **changed)


def drawn(it, width, height):
    console = Console(width=width, height=height, force_terminal=True, color_system=None)
    with console.capture() as taken:
        console.print(draw(it, width, height, keys=True))
    return taken.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (60, 20)])
@pytest.mark.parametrize("slots", [1, 3, 16])
def test_the_screen_fits_and_says_what_matters(width, height, slots):
    rows = drawn(show(slots), width, height)
    assert len(rows) <= height
    assert max(len(row) for row in rows) <= width
    text = "\n".join(rows)
    wanted = ["WET", "174.00 BPM", "bar 2/4", "▶ 1 preset-0", "-14.0 LUFS", "-1.0 dBTP", "1:02:03"]
    if height > 20 or slots < 16:
        wanted += ["LIMIT", "CLIP", "DROPOUT", "rec 0:01:05", "load  30%", "MIDI control_change"]
    if slots > 1:
        wanted.append("◆ 2 preset-1  in 1.5 bars")
    for part in wanted:
        assert part in text, part
    if height == 50 or (height == 24 and slots == 3):
        assert "event 99" in text


def test_the_screen_says_when_something_is_wrong():
    lost = show(state="DEVICE LOST", alarm=True, recording_error="disk full", known=False)
    text = "\n".join(drawn(lost, 80, 24))
    for part in ("DEVICE LOST", "NOT RECORDING: disk full", "listening", "cannot be loaded: dry"):
        assert part in text
    assert "bar 2" not in text
    said = line(lost)
    assert "DEVICE LOST" in said
    assert "NOT recording" in said


def test_keys_are_buttons():
    assert set(TARGETS.values()) <= set(targets())
    with keyboard() as there:  # pytest has no terminal
        assert not there


def test_a_key_is_heard_as_it_is_pressed(monkeypatch):
    ours, theirs = pty.openpty()
    monkeypatch.setattr(sys, "stdin", os.fdopen(theirs))
    with keyboard() as there:
        assert there
        assert pressed(0.0) == ""
        os.write(ours, b"k2")
        assert pressed(1.0) == "k2"  # without a return
    os.close(ours)
