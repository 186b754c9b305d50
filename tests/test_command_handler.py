"""Commands of screens: done once, in time, and answered."""

from __future__ import annotations

from itertools import pairwise

import mido
import pytest

from engine.config.rig import read_rig
from engine.control.clock_selector import ClockSelector
from engine.control.control_mapper import ControlMapper
from engine.control.mapping import DEFAULT
from engine.control.midi_feedback import MidiFeedback
from engine.control.switching import Switching
from engine.dsp.tempo import Tempo
from engine.host.command_handler import CommandHandler
from engine.host.control_learner import ControlLearner
from engine.processes.messages import Command
from engine.state import shared_state as b
from engine.state.shared_status import BANDS, IMAGES, ROWS, SharedStatus
from engine.web.protocol import difference
from tests.web import until


class Desk:
    """A desk with one screen, whose commands are given by hand."""

    def __init__(self):
        self.shared = b.private()
        self.shared.device.block = 128
        self.clocks = ClockSelector(Tempo(120.0), ("tap", "fixed"))
        self.switching = Switching(3, "bar", sides=(0, 1))
        self.mapper = ControlMapper(DEFAULT, range(3), self.clocks, self.switching)
        lights, self.notes = MidiFeedback(DEFAULT, self.mapper, self.switching, self.clocks), []
        learner = ControlLearner(self.mapper, lights, self.notes.append)
        self.it = CommandHandler(self.shared, self.mapper, self.switching, learner, lambda: 64)
        self.it.surfaces.append(self)
        self.given, self.answers, self.number = [], [], 0

    def commands(self):
        while self.given:
            yield self.given.pop(0)

    def answer(self, what):
        self.answers.append({k: v for k, v in what.items() if k != "client"})

    def ask(self, do, target="", value=0.0, at=10.0, now_s=10.0):
        self.number += 1
        self.given.append(
            Command(client=1, id=self.number, do=do, target=target, value=value, at=at)
        )
        assert self.it.fetch(now_s)
        self.it.answer(now_s)
        return self.number


def test_a_command_is_heard_once_its_sample_has_left_the_device():
    desk = Desk()
    desk.shared.device.heard = 1000
    number = desk.ask("turn", "wet", 0.5)
    assert desk.answers == [{"id": number, "ack": True}]
    desk.shared.device.heard = 1000 + 128 + 63
    desk.it.answer(10.1)
    assert len(desk.answers) == 1
    desk.shared.device.heard += 1
    desk.it.answer(10.1)
    assert desk.answers[1:] == [{"id": number, "heard": True}]
    desk.it.answer(10.2)
    assert len(desk.answers) == 2


def test_a_slot_is_heard_when_it_is_and_one_that_gave_way_never():
    desk = Desk()
    first = desk.ask("press", "slot2")
    second = desk.ask("press", "slot3", now_s=10.1)
    desk.shared.device.heard = 10**6
    desk.it.answer(10.2)
    assert [one for one in desk.answers if "heard" in one] == []
    desk.switching.heard(2)
    desk.it.answer(12.0)
    assert [one for one in desk.answers if "heard" in one] == [{"id": second, "heard": True}]
    assert first != second


def test_taps_count_when_they_were_meant_however_late_they_come():
    desk = Desk()
    for n, late_s in enumerate((0.0, 0.29, 0.1, 0.25, 0.02)):
        desk.ask("press", "tap", at=10.0 + 0.5 * n, now_s=10.0 + 0.5 * n + late_s)
    desk.clocks.update(13.0)
    assert desk.clocks.tempo.bpm == pytest.approx(120.0, abs=1e-6)
    placed = desk.ask("press", "downbeat", at=13.25, now_s=13.5)
    assert {"id": placed, "ack": True} in desk.answers
    assert desk.clocks.tempo.downbeat_s == 13.25


@pytest.mark.parametrize(
    ("age_s", "done"), [(0.0, True), (0.299, True), (0.301, False), (-0.06, False)]
)
def test_what_was_meant_too_long_ago_is_not_done(age_s, done):
    desk = Desk()
    desk.ask("turn", "wet", 0.5, at=10.0 - age_s)
    assert (desk.mapper.wishes.knobs["wet"] == 0.5) is done
    assert ("ack" in desk.answers[0]) is done
    assert ("error" in desk.answers[0]) is not done


def test_the_crossfader_moves_only_what_is_heard():
    desk = Desk()
    desk.ask("turn", "crossfader", 0.75)
    assert desk.switching.crossed == 0.75
    desk.switching.heard(2)
    desk.ask("turn", "crossfader", 0.1)
    assert "Call one of its slots" in desk.answers[-1]["cure"]


def test_a_nudge_moves_the_beat_and_a_knob_that_is_moved_waits_on_the_controller():
    desk = Desk()
    before = desk.clocks.tempo.downbeat_s
    desk.ask("nudge", value=-3.0)
    assert desk.clocks.tempo.downbeat_s == pytest.approx(before - 0.006)
    assert desk.mapper.stands("level") == 1.0
    desk.ask("turn", "level", 0.0)
    assert desk.mapper.wishes.heard_level == 0.0


def moved(desk, control, *values, now_s):
    """A knob of a controller is turned; whether somebody was learning."""
    messages = [mido.Message("control_change", control=control, value=v) for v in values]
    learnt = [desk.it.learner.hear("Pads", m, now_s + 0.01 * n) for n, m in enumerate(messages)]
    for n, (taken, message) in enumerate(zip(learnt, messages, strict=True)):
        if not taken:
            desk.mapper.hear("Pads", message, now_s + 0.01 * n)
    return all(learnt)


def test_a_control_is_learnt_while_the_stage_plays(tmp_path):
    desk, rig = Desk(), tmp_path / "rig.toml"
    rig.write_text('# mine\n[[slots]]\npreset = "downbeat-filter"  # the first\n')
    desk.it.learner.rig = rig
    desk.ask("learn", "wet")
    assert desk.it.learner.target == "wet"
    assert moved(desk, 40, 10, 60, 110, now_s=11.0)
    assert desk.mapper.wishes.knobs["wet"] == 1.0  # it moves nothing while it is learnt
    desk.it.fetch(11.5)
    assert desk.it.learner.target == "wet"
    desk.it.fetch(12.5)
    assert desk.it.learner.target == ""
    assert not moved(desk, 40, 127, 126, 100, 80, now_s=20.0)
    assert desk.mapper.wishes.knobs["wet"] == pytest.approx(80 / 127)
    assert desk.notes == ["wet is now cc40, Pads"]
    until(lambda: "cc40" in rig.read_text())
    assert "# the first" in rig.read_text()
    again = read_rig(rig, presets=False).bindings()
    assert {b for b in again if b.target == "wet"} == {
        b for b in desk.mapper.bindings if b.target == "wet"
    }


def test_learning_can_be_left_and_gives_up():
    desk = Desk()
    desk.ask("learn", "wet")
    desk.ask("learn", "")
    assert not moved(desk, 16, 127, 100, 90, now_s=11.0)
    desk.ask("learn", "tap")
    desk.it.fetch(41.0)
    assert desk.it.learner.target == ""
    assert desk.notes == ["tap: no control was moved for 30 s"]
    desk.ask("learn", "everything")
    assert "error" in desk.answers[-1]


def test_a_text_is_whole_or_not_there():
    status = SharedStatus.create()
    reader = SharedStatus(status.path)
    try:
        assert reader.status.take() is None
        assert status.status.put(b"one")
        assert reader.status.take().data == b"one"
        assert status.status.put(b"another")
        assert (reader.status.count, reader.status.take().data) == (2, b"another")
        assert not status.status.put(b"x" * (1 << 20))  # no room: what was there stays
        assert reader.status.take().data == b"another"
        status.status_text[2] ^= 1  # half of another one
        assert reader.status.take() is None
        status.status_head[0] |= 1  # being written
        assert reader.status.take() is None
        with pytest.raises(ValueError, match="read-only"):
            reader.status_text[0] = 1
    finally:
        status.close()


def test_rows_come_once_and_in_order_however_late_somebody_looks():
    status = SharedStatus(None, only_read=False)
    rows = (b.np.arange(3 * ROWS)[:, None] % 251 * b.np.ones((1, IMAGES * BANDS))).astype("u1")
    seen, at = [], 0
    for n in range(0, 3 * ROWS, 96):
        status.put_rows(rows[n : n + 96])
        if n < ROWS or n > 2 * ROWS:
            first, found = status.take_rows(at)
            assert (found == rows[first : first + len(found)]).all()
            at = first + len(found)
            seen.append((first, at))
    assert all(late[0] >= early[1] for early, late in pairwise(seen))
    assert sum(late[0] > early[1] for early, late in pairwise(seen)) == 1
    assert at == 3 * ROWS


def test_a_patch_has_what_changed_and_what_is_gone():
    assert difference({"a": 1, "b": [1], "c": 2}, {"a": 1, "b": [2], "d": None}) == {
        "b": [2],
        "c": None,
        "d": None,
    }
