"""MIDI clocks of several ports: one of them leads, and which."""

from __future__ import annotations

import numpy as np
import pytest

from engine.control.clock import TICKS
from engine.control.clock_ports import ClockPorts

HOLD_S = 2.0
BEAT_S = 0.4  # 150 BPM


class Ports:
    """Ports whose clocks tick as told; ``now`` is the time of the last message."""

    def __init__(self):
        self.ports, self.now = ClockPorts(), 0.0

    def tick(self, *names, beats=4.0, beat_s=BEAT_S):
        """Let these ports tick for so long, at once."""
        for _ in range(round(beats * TICKS)):
            self.now += beat_s / TICKS
            for name in names:
                assert not self.ports.hear(name, "clock", self.now)
        return self

    def say(self, name, kind, *values):
        """A message between two ticks."""
        self.now += 0.003
        return self.ports.hear(name, kind, self.now, *values)

    def rest(self, seconds):
        """Nobody ticks; does another lead after it?"""
        self.now += seconds
        return self.ports.choose(self.now, HOLD_S)


def test_the_first_that_is_heard_leads_and_others_are_clocks_of_their_own():
    it = Ports().tick("a", "b")
    assert it.ports.port == "a"
    it.tick("b", beats=8.0, beat_s=0.5)
    assert it.ports.lead.bpm == pytest.approx(150.0, abs=0.1)  # b's ticks are not mixed with a's


def test_what_a_leading_clock_says_of_its_place_is_taken_at_once():
    it = Ports().tick("a", "b")
    assert it.say("a", "start")
    assert it.say("a", "continue")
    assert it.say("a", "songpos", 64)
    it.tick("a", beats=1.0)
    assert it.ports.lead.running
    assert it.ports.lead.beat_at(it.now) == pytest.approx(16.0 + 1.0 - 1.0 / TICKS, abs=0.01)
    assert not it.say("a", "stop")
    assert not it.ports.lead.running
    assert not it.say("b", "songpos", 64)  # who does not lead says nothing to us


def test_a_song_position_is_0_where_none_is_said():
    it = Ports().tick("a")
    it.say("a", "songpos")
    it.say("a", "continue")
    it.tick("a", beats=1.0)
    assert it.ports.lead.beat_at(it.now) == pytest.approx(1.0 - 1.0 / TICKS, abs=0.01)


@pytest.mark.parametrize("kind", ["start", "continue"])
def test_who_is_started_while_nobody_plays_leads_from_its_next_tick_on(kind):
    it = Ports().tick("a", "b")
    assert not it.say("b", kind)
    it.now += 0.01
    assert it.ports.hear("b", "clock", it.now)
    assert it.ports.port == "b"
    assert it.ports.lead.running
    assert it.say("a", "start") is False  # and a's does not take it back: b plays


def test_who_is_started_while_another_plays_does_not_lead():
    it = Ports().tick("a", "b")
    it.say("a", "start")
    it.tick("a", "b", beats=1.0)
    it.say("b", "start")
    it.tick("a", "b", beats=1.0)
    assert it.ports.port == "a"


def test_who_is_started_after_the_one_that_plays_fell_silent_leads():
    it = Ports().tick("a", "b")
    it.say("a", "start")
    it.tick("a", "b", beats=1.0)
    it.tick("b", beats=4.0)  # a's cable is out
    it.say("b", "start")
    it.now += 0.01
    assert it.ports.hear("b", "clock", it.now)
    assert it.ports.lead.running
    assert it.ports.port == "b"


def test_a_start_that_came_before_one_of_another_port_counts_no_more():
    it = Ports().tick("a", "b", "c")
    it.say("b", "start")
    it.say("c", "start")
    it.now += 0.01
    it.ports.hear("b", "clock", it.now)
    assert it.ports.port == "a"
    assert it.ports.hear("c", "clock", it.now)
    assert it.ports.port == "c"


def test_one_that_stopped_gives_way_to_one_that_plays_at_once():
    it = Ports().tick("a", "b")
    it.say("a", "start")
    it.tick("a", "b", beats=1.0)
    it.say("b", "start")
    it.tick("a", "b", beats=3.0)
    assert not it.rest(0.0)  # a plays
    it.say("a", "stop")
    assert it.rest(0.0)
    assert it.ports.port == "b"


def test_one_that_fell_silent_is_held_and_then_gives_way():
    it = Ports().tick("a", "b")
    it.tick("b", beats=2.0)
    assert not it.ports.choose(it.now, HOLD_S)
    assert it.ports.port == "a"
    it.tick("b", beats=8.0)  # longer than it is held
    assert not it.ports.choose(it.now, HOLD_S)  # b ticks and does not play: its place means nothing
    assert it.ports.port == "b"


def test_nobody_leads_who_is_silent_itself():
    it = Ports().tick("a", "b")
    assert not it.rest(60.0)
    assert it.ports.port == "a"
    assert np.isfinite(it.ports.lead.last_s)


def test_one_that_has_not_ticked_for_two_beats_does_not_lead_yet():
    it = Ports().tick("a")
    it.rest(0.0)
    it.tick("b", beats=1.0)
    it.now += 10.0
    it.tick("b", beats=1.0)
    assert not it.ports.choose(it.now, HOLD_S)
    assert it.ports.port == "a"
