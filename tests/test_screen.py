"""What is seen of the stage: meters, the screen at any size, the line, and the keyboard."""

from __future__ import annotations

import io
import os
import pty
import sys
import threading
from dataclasses import replace
from types import SimpleNamespace

import mido
import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from engine.cli.keyboard import TARGETS, Quitting, keyboard, pressed
from engine.cli.pane import Pane
from engine.cli.screen import draw, line
from engine.config.request import EngineConfig
from engine.config.rig import Rig
from engine.config.rig_slot import Slot as RigSlot
from engine.control.clock_selector import Lead
from engine.control.control_mapper import Waiting
from engine.control.mapping import targets
from engine.dsp.settings import Settings
from engine.host.controller import Controller
from engine.host.meters import Levels
from engine.host.observer import Observer, SlotStatus, Snapshot
from engine.host.session import begin_session
from engine.host.status import Status
from engine.state import shared_state as b
from engine.state.events import Event, Events

RATE = 48000


def status(**changed):
    numbers = {name: {} if "dict" in kind else 0 for name, kind in Status.__annotations__.items()}
    shown = {
        "callback_ms": {"p50": 0.6, "p99": 1.5, "p999": 2.0},
        "age_ms": {"p50": 90.0, "p99": 150.0},
        "limited_db": -1.2,
        "wet": 1.0,
    }
    return Status(**(numbers | shown | changed))


def show(slots=3, **changed):
    """A stage in the middle of a set."""
    it = Snapshot(
        seconds=3723.0,
        status=status(),
        state="WET",
        alarm=False,
        lost="",
        bpm=174.0,
        source="midi",
        held=False,
        known=True,
        confidence=None,
        bar=2,
        bars=4,
        beat=3,
        beats=4,
        slots=[SlotStatus(f"preset-{n}", n, 1.0, n == 2) for n in range(slots)],
        active=0,
        called=1,
        bars_to_go=1.5,
        songs=None,
        crossfader=0.25,
        sides=(0, 1) if slots > 1 else None,
        bypass=False,
        kill=False,
        mute=False,
        wet=1.0,
        level=0.8,
        macros=[0.1, 0.62],
        waiting={},
        line_in=Levels(-14.0, -2.0, -14.5, -15.0),
        line_out=Levels(-13.0, -1.0, -13.5, -14.0),
        clip=False,
        limit=True,
        dropout=False,
        limited_db=-1.2,
        route="in → out",
        latency_ms=20.7,
        load=0.3,
        genres="in: liquid 82 %, out: dancefloor 91 %",
        midi="control_change from pads",
        ports=["pads"],
        recording=65.0,
        recording_error="",
        events=[Event(float(n), f"event {n}") for n in range(100)],
    )
    return replace(it, **changed)


def drawn(it, width, height, keys=True, quitting=False):
    console = Console(width=width, height=height, force_terminal=True, color_system=None)
    with console.capture() as taken:
        console.print(*draw(it, width, height, keys, quitting), sep="\n", soft_wrap=True)
    return taken.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (60, 20)])
@pytest.mark.parametrize("slots", [1, 3, 16])
def test_the_screen_fits_and_says_what_matters(width, height, slots):
    rows = drawn(show(slots), width, height)
    assert len(rows) <= height
    assert max(len(row) for row in rows) <= width
    text = "\n".join(rows)
    wanted = [
        "WET",
        "174.00 BPM",
        "bar 2 of 4",
        "▶ 1 preset-0",
        "-14.0 LUFS",
        "-1.0 dBTP",
        "1:02:03",
    ]
    if height > 20 or slots < 16:
        wanted += ["LIMIT", "rec 0:01:05", "load  30%", "MIDI control_change"]
    if height > 30:
        wanted.append("in: liquid 82 %, out: dancefloor 91 %")
    if slots > 1:
        wanted.append("◆ 2 preset-1  in 1.5 bars")
    for part in wanted:
        assert part in text, part
    if height == 50 or (height == 24 and slots == 3):
        assert "event 99" in text


HOSTILE = (
    "夜の街 🎛️👩‍🎤",
    "a[/]b[red]",
    "x\x1b[2J\x07",
    "e\u0301" * 90,
    "\udce9",
    "\u202eabc",
    "長" * 200,
)


@pytest.mark.parametrize("name", ["plain", *HOSTILE], ids=range(8))
@pytest.mark.parametrize("keys", [True, False])
def test_every_row_is_as_wide_as_the_terminal_at_any_size(name, keys):
    """No row wraps or is lost, whatever things are called; nothing but text is written."""
    busy = replace(
        show(16),
        slots=[SlotStatus(name, n, 0.5, n % 2 == 0) for n in range(16)],
        route=f"{name} → {name}",
        ports=[name] * 3,
        midi=name,
        recording_error=name,
        lost=name,
        clip=True,
        dropout=True,
        waiting={name: Waiting("cc16", 0.7, 0.24) for name in ("wet", "crossfader")},
        macros=[1.0] * 8,
        confidence=0.75,
        events=[Event(float(n), name) for n in range(30)],
    )
    for width, height in [(40, 12), (80, 24), (80, 25), (100, 31), (200, 60), (9, 4), (1, 1)]:
        for it in (busy, replace(busy, lost="", slots=busy.slots[:2], crossfader=None)):
            rows = drawn(it, width, height, keys)
            assert len(rows) <= max(height, 3)
            if width >= 40:
                assert [cell_len(row) for row in rows] == [width] * (height - 1)
                assert rows[-1].startswith("╰")
            assert not any(c in "".join(rows) for c in "\x1b\x07\u202e\udce9")
        if keys and (width, height) == (80, 24):
            assert "q quit" in rows[-2]


def test_a_lamp_that_is_off_is_not_there():
    lamps = ("CLIP", "LIMIT", "DROPOUT")
    off = show(clip=False, limit=False, dropout=False)
    on = show(clip=True, limit=True, dropout=True)
    for said in ("\n".join(drawn(off, 80, 24)), line(off)):
        assert not any(lamp in said for lamp in lamps)
    for said in ("\n".join(drawn(on, 80, 24)), line(on)):
        assert all(lamp in said for lamp in lamps)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 12), (200, 60)])
def test_a_lost_device_is_read_first(width, height):
    lost = show(16, state="DEVICE LOST", alarm=True, lost="USB Audio", called=None)
    assert "DEVICE LOST: waiting for USB Audio" in drawn(lost, width, height)[1]
    assert line(lost).startswith("DEVICE LOST: waiting for USB Audio")


def test_the_screen_says_when_something_is_wrong():
    wrong = show(state="DRY: engine away", alarm=True, recording_error="disk full", known=False)
    text = "\n".join(drawn(wrong, 80, 24))
    for part in ("DRY: engine away", "NOT RECORDING: disk full", "listening"):
        assert part in text
    assert "cannot be loaded: dry" in text
    assert "bar 2" not in text
    said = line(wrong)
    assert "DRY: engine away" in said
    assert "NOT recording: disk full" in said


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 12)])
def test_where_the_controls_stand_is_always_seen(width, height):
    text = "\n".join(drawn(show(16), width, height))
    assert "A 1 ─────█" in text
    assert "macros  1 10%  2 62%" in text
    away = show(16, crossfader=None, waiting={"crossfader": Waiting("cc17", 0.7, 0.24)})
    text = "\n".join(drawn(away, width, height))
    assert "A 1 ·····" in text
    assert "crossfader waits at 24 %" in text
    assert "crossfader waits at 24 % (cc17 is at 70 %)" in line(away)
    assert "A 1" not in "\n".join(drawn(show(1), width, height))


def test_what_has_just_happened_is_seen_even_where_rows_are_few():
    busy = show(16, events=[Event(3722.0, "panic: tails cleared")])
    assert "panic: tails cleared" in "\n".join(drawn(busy, 40, 12))
    assert "panic" not in "\n".join(drawn(replace(busy, seconds=3800.0), 40, 12))


def test_q_asks_once_more():
    text = "\n".join(drawn(show(16), 80, 24, quitting=True))
    assert "q once more: quit" in text
    assert "space tap" not in text
    it = Quitting()
    assert not it.press("q", 10.0)
    assert it.is_asked(11.0)
    assert it.press("q", 12.0)
    assert not Quitting().press("k", 0.0)
    late, other = Quitting(), Quitting()
    assert not late.press("q", 10.0)
    assert not late.press("q", 14.0)
    assert not other.press("q", 10.0)
    assert not other.press("k", 10.5)
    assert not other.is_asked(10.6)
    assert not other.press("q", 11.0)


def test_a_reader_of_events_misses_none_beyond_the_thousandth():
    events, told, seen = Events(), 0, []
    for n in range(3500):
        events.append(Event(float(n), str(n)))
        if n % 7 == 0:
            new, told = events.since(told)
            seen += new
    new, told = events.since(told)
    assert [event.text for event in seen + new] == [str(n) for n in range(3500)]
    assert events.since(told) == ([], 3500)
    assert len(list(events)) == len(events) == 1000
    assert events.since(0)[0][0].text == "2500"


@pytest.fixture
def observed():
    """A stage that says it plays, with a performer beside it; no process runs."""
    shared = b.create()
    config = EngineConfig([""], "cpu", 120.0, 0.0, Settings())
    begin_session(shared, RATE, 128, (2, 2), config, 0)
    shared.device.level_now = 1.0
    device = {"input": "USB Audio", "output": "USB Audio", "rate": RATE, "block": 128}
    stage = SimpleNamespace(
        shared=shared,
        device=device | {"device_samples": 256},
        engine={},
        device_pid=1,
        engine_pid=2,
        over=threading.Event(),
        wanted=SimpleNamespace(config=config),
        broken={},
        events=Events(),
        **dict.fromkeys(("lost", "restarts", "stalls"), 0),
    )
    rig = Rig(slots=[RigSlot(preset="downbeat-filter")] * 2)
    controller = Controller(shared, rig)
    yield stage, controller, Observer(stage, controller, None, rig)
    controller.stop()
    shared.path.unlink()


def test_a_lost_device_comes_before_whatever_was_asked_for(observed):
    stage, controller, observer = observed
    controller.mapper.press("mute", 0.0)
    assert observer.look().state == "MUTE"
    stage.device_pid = None
    seen = observer.look()
    assert (seen.state, seen.alarm, seen.lost) == ("DEVICE LOST", True, "USB Audio")
    stage.over.set()  # the end of a file is no loss
    assert observer.look().state == "MUTE"


def test_what_is_seen_of_the_controls(observed):
    _, controller, observer = observed
    for second, value in enumerate((100, 101)):
        message = mido.Message("control_change", control=16, value=value)
        controller.mapper.wishes.knobs["wet"] = 0.24
        controller.mapper.hear("pads", message, float(second))
    seen = observer.look()
    assert list(seen.waiting) == ["wet"]
    assert seen.waiting["wet"].wanted == pytest.approx(0.24)
    assert seen.waiting["wet"].place == pytest.approx(101 / 127)
    assert (seen.sides, seen.crossfader) == ((0, 1), 0.0)
    assert seen.macros == []


def test_only_the_clock_that_leads_is_called_sure(observed):
    _, controller, observer = observed
    controller.clocks.lead = Lead("follow", False, sure=0.75)
    assert observer.look().confidence == 0.75
    for source in ("midi", "tap", "fixed", "link"):
        controller.clocks.lead = Lead(source, False)
        assert observer.look().confidence is None


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


def test_only_rows_that_have_changed_are_written(monkeypatch):
    now, size, written = [100.0], [40, 5], io.StringIO()
    monkeypatch.setattr("engine.cli.pane.time.monotonic", lambda: now[0])
    console = Console(file=written, force_terminal=True, width=size[0], height=size[1])

    def shown(*rows):
        written.truncate(written.seek(0))
        it.show([Text(row) for row in rows])
        return written.getvalue()

    it = Pane(console)
    assert "\x1b[2J" in (first := shown("one", "two", "three"))
    assert all(word in first for word in ("one", "two", "three"))
    assert shown("one", "2", "three") == "\x1b[2;1H2"
    assert shown("one", "2", "three") == ""
    now[0] += 1.5  # a library may have printed something
    assert shown("one", "2", "three") == "\x1b[1;1Hone\x1b[2;1H2\x1b[3;1Hthree"
    console.width = 50
    assert shown("one", "2", "three").startswith("\x1b[2J")
