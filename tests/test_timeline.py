"""Where the session is at a time: from when the device called, whenever somebody looks."""

from __future__ import annotations

import time

import numpy as np
import pytest

from engine.dsp.tempo import Tempo
from engine.live import board as b
from engine.live.asked import Asked
from engine.live.device_callback import example
from engine.live.machine_clock import now_s
from engine.live.opening import begin_session
from engine.live.performer import Performer
from engine.live.rig import Clock, Rig
from engine.live.rig_slot import Slot
from engine.live.timeline import Timeline
from engine.stages.host import Settings

RATE, BLOCK = 48000, 128


@pytest.fixture
def board():
    it = b.private()
    begin_session(it, RATE, BLOCK, (2, 2), Asked([""], "cpu", 120.0, 0.0, Settings()), 0)
    return it


def called(board, at_s, frames=BLOCK):
    """The device has called, some time after the block was there."""
    device = board.device
    board.measured[device.callbacks % b.MEASURED] = 0.0, 0.0, at_s, device.heard + frames
    device.heard += frames
    device.callbacks += 1


def test_of_many_calls_the_one_that_waited_least_is_right(board, rng):
    timeline, now = Timeline(board), time.monotonic()
    begun = now - 0.5
    timeline.look()
    for number in range(1, 188):
        called(board, begun + number * BLOCK / RATE + rng.uniform(0.0001, 0.002))
        if number % 40 == 0:
            timeline.look()
    timeline.look()
    assert timeline.session_s(now) == pytest.approx(0.5, abs=0.0002)


def test_a_device_that_leaves_blocks_out_is_late_by_them(board):
    timeline, now = Timeline(board), time.monotonic()
    timeline.look()
    for number in range(1, 376):  # the last second; in its middle it stood still for 0.1 s
        called(board, now - 1.1 + number * BLOCK / RATE + (0.1 if number > 187 else 0.0))
    timeline.look()
    assert timeline.session_s(now) == pytest.approx(1.0, abs=0.0005)


def test_calls_of_another_session_say_nothing(board):
    timeline, now = Timeline(board), time.monotonic()
    timeline.look()
    for number in range(40):
        called(board, now - 2.0 + number * BLOCK / RATE)
    timeline.look()
    asked = Asked([""], "cpu", 120.0, 0.0, Settings())
    begin_session(board, RATE, BLOCK, (2, 2), asked, board.device.heard)
    timeline.look()
    called(board, now)
    timeline.look()
    assert timeline.session_s(now) == pytest.approx(board.device.heard / RATE, abs=0.001)


def test_where_machine_code_has_no_clock_it_is_as_late_as_the_look(board):
    timeline = Timeline(board)
    assert timeline.session_s(0.0) is None
    timeline.look()
    for _ in range(10):
        called(board, 0.0)
    now = time.monotonic()
    timeline.look()
    assert timeline.session_s(now) == pytest.approx(10 * BLOCK / RATE, abs=0.01)


def test_machine_code_reads_the_clock_of_the_interpreter():
    work = np.zeros(2, np.int64)
    before = time.monotonic()
    between = now_s(work)
    assert before <= between <= time.monotonic()


def test_the_callback_says_when_it_was_called():
    from engine.live.callback import exchange

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


def test_the_tempo_of_a_file_that_was_waited_for_is_not_told_again(board):
    """Or the gains of a phrase ago would be of another tempo, each time."""
    timeline = Waits()
    rig = Rig(slots=[Slot(preset="downbeat-filter")], clock=Clock(sources=["fixed"], bpm=150.0))
    performer = Performer(board, rig, 0.25, timeline=timeline, feed_is_file=True)
    for n in range(20):
        timeline.behind_s += 0.0101
        performer.step(10.0 + 0.02 * n)
    count, (tempo, known) = board.tempo.count, board.wanted_tempo()
    assert known
    assert tempo.downbeat_s % tempo.bar_s == pytest.approx(0.25, abs=1e-5)
    for n in range(20):
        timeline.behind_s += 0.0101
        performer.step(11.0 + 0.02 * n)
    assert board.tempo.count == count
    performer.conductor.fix(Tempo(100.0))
    performer.step(12.0)
    assert board.tempo.count > count
    assert board.wanted_tempo()[0].bpm == 100.0
