"""Where the session is at a time: from when the device called, whenever somebody looks."""

from __future__ import annotations

import time

import numpy as np
import pytest

from engine.config.request import EngineConfig
from engine.config.rig import Clock, Rig
from engine.config.rig_slot import Slot
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.host.controller import Controller
from engine.host.device_callback import example
from engine.host.session import begin_session
from engine.machine_clock import now_s
from engine.state import shared_state as b
from engine.state.timeline import Timeline

RATE, BLOCK = 48000, 128


@pytest.fixture
def shared():
    it = b.private()
    begin_session(it, RATE, BLOCK, (2, 2), EngineConfig([""], "cpu", 120.0, 0.0, Settings()), 0)
    return it


def called(shared, at_s, frames=BLOCK):
    """The device has called, some time after the block was there."""
    device = shared.device
    shared.measured[device.callbacks % b.MEASURED] = 0.0, 0.0, at_s, device.heard + frames
    device.heard += frames
    device.callbacks += 1


def test_of_many_calls_the_one_that_waited_least_is_right(shared, rng):
    timeline, now = Timeline(shared), time.monotonic()
    begun = now - 0.5
    timeline.look()
    for number in range(1, 188):
        called(shared, begun + number * BLOCK / RATE + rng.uniform(0.0001, 0.002))
        if number % 40 == 0:
            timeline.look()
    timeline.look()
    assert timeline.session_s(now) == pytest.approx(0.5, abs=0.0002)


def test_a_device_that_leaves_blocks_out_is_late_by_them(shared):
    timeline, now = Timeline(shared), time.monotonic()
    timeline.look()
    for number in range(1, 376):  # the last second; in its middle it stood still for 0.1 s
        called(shared, now - 1.1 + number * BLOCK / RATE + (0.1 if number > 187 else 0.0))
    timeline.look()
    assert timeline.session_s(now) == pytest.approx(1.0, abs=0.0005)


def test_calls_of_another_session_say_nothing(shared):
    timeline, now = Timeline(shared), time.monotonic()
    timeline.look()
    for number in range(40):
        called(shared, now - 2.0 + number * BLOCK / RATE)
    timeline.look()
    config = EngineConfig([""], "cpu", 120.0, 0.0, Settings())
    begin_session(shared, RATE, BLOCK, (2, 2), config, shared.device.heard)
    timeline.look()
    called(shared, now)
    timeline.look()
    assert timeline.session_s(now) == pytest.approx(shared.device.heard / RATE, abs=0.001)


def test_where_machine_code_has_no_clock_it_is_as_late_as_the_look(shared):
    timeline = Timeline(shared)
    assert timeline.session_s(0.0) is None
    timeline.look()
    for _ in range(10):
        called(shared, 0.0)
    now = time.monotonic()
    timeline.look()
    assert timeline.session_s(now) == pytest.approx(10 * BLOCK / RATE, abs=0.01)


def test_machine_code_reads_the_clock_of_the_interpreter():
    work = np.zeros(2, np.int64)
    before = time.monotonic()
    between = now_s(work)
    assert before <= between <= time.monotonic()


def test_the_callback_says_when_it_was_called():
    from engine.host.callback import exchange

    live = example()
    given, taken = np.zeros((64, 2), np.float32), np.zeros((64, 2), np.float32)
    before = time.monotonic()
    exchange(given, taken, live)
    row = live.ends.measured[0]
    assert before <= row[2] <= time.monotonic()
    assert row[3] == live.ends.device[0]["heard"]


class Waits:
    """A file that is waited for: its time stands still, again and again."""

    behind_s = 0.0

    def look(self):
        pass

    def session_s(self, time_s):
        return time_s - self.behind_s


def test_the_tempo_of_a_file_that_was_waited_for_is_not_told_again(shared):
    """Or the gains of a phrase ago would be of another tempo, each time."""
    timeline = Waits()
    rig = Rig(slots=[Slot(preset="downbeat-filter")], clock=Clock(sources=["fixed"], bpm=150.0))
    controller = Controller(shared, rig, 0.25, timeline=timeline, feed_is_file=True)
    for n in range(20):
        timeline.behind_s += 0.0101
        controller.step(10.0 + 0.02 * n)
    count, (tempo, known) = shared.tempo.count, shared.wanted_tempo()
    assert known
    assert tempo.downbeat_s % tempo.bar_s == pytest.approx(0.25, abs=1e-5)
    for n in range(20):
        timeline.behind_s += 0.0101
        controller.step(11.0 + 0.02 * n)
    assert shared.tempo.count == count
    controller.clocks.fix(Tempo(100.0))
    controller.step(12.0)
    assert shared.tempo.count > count
    assert shared.wanted_tempo()[0].bpm == 100.0
