"""What is said of ports that are missing, come and go, and of gestures without effect."""

from __future__ import annotations

import mido

from engine.config.rig import Clock, Control, FeedbackConfig, Rig, Slot
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.host.controller import Controller
from engine.io.port_watch import PortWatch
from engine.offline.unpaced import offline_board
from engine.state.timeline import FileTime


def test_ports_of_the_rig_that_are_missing_are_said_once_they_were_looked_for():
    said = []
    watch = PortWatch(["", "pads", "Launch", "Launch"], "lamps", said.append)
    watch.look(None, [])
    assert said == []
    watch.look(["LAUNCH control 1"], [])
    watch.look(["LAUNCH control 1"], [])
    assert [one.partition(", which")[0] for one in said] == [
        "MIDI port 'pads'",
        "MIDI output 'lamps'",
    ]
    assert "doubledrop midi list" in said[0]


def test_what_comes_and_goes_is_said():
    said = []
    watch = PortWatch([], "", said.append)
    watch.look(["a"], [])
    assert said == []  # what is there from the beginning is seen
    watch.look(["a", "b\x1b[2J"], ["lamps"])
    watch.look(["b\x1b[2J"], [])
    assert said == [
        "MIDI port 'b\\x1b[2J' is here",
        "MIDI output 'lamps' is here: lights sent",
        "MIDI port 'a' gone: values held, buttons released",
        "MIDI output 'lamps' gone: no lights",
    ]


def test_a_performer_passes_on_what_the_desk_says():
    """Once a second: a panic button sends on sixteen channels."""
    rig = Rig(
        slots=[Slot(preset="a")],
        clock=Clock(port="clock"),
        controls=[Control(target="wet", control="cc16", port="pads")],
        lights=FeedbackConfig(port="lamps"),
    )
    said = []
    config = rig.config("cpu", Tempo(rig.clock.bpm), Settings())
    with offline_board(config) as shared:
        controller = Controller(shared, rig, timeline=FileTime(), tell=said.append)
        for channel in range(16):
            message = mido.Message("control_change", channel=channel, control=120, value=0)
            controller.hear("pads", message, 0.0)
        controller.hear("pads", mido.Message("program_change", program=9), 0.0)
        controller.press("slot4")
        controller.press("panic")
        controller.step(0.1)
        controller.step(0.2)
    assert [one.partition(":")[0] for one in said] == [
        "All Sound Off",
        "no slot has program 9; the rig's programs",
        "slot 4 is empty",
        "panic",
    ]
