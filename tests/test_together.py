"""What belongs together is never read halfway, from one process to another."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from engine.config.request import EngineConfig
from engine.dsp.path_state import ROWS
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.host.session import begin_session
from engine.machine_code import compiled, fence
from engine.processes.leftovers import release
from engine.processes.records import read_together, write_together
from engine.state import shared_state as b
from engine.state.journal import JournalReader, Kind, note
from engine.state.stage_records import Call, DeviceState, TempoWish
from tests.program import with_tests

_TIMES = 1_000_000
ASKED = EngineConfig([""], "cpu", 120.0, 0.0, Settings())
_WRITER = """
import sys
from pathlib import Path
from tests.test_together import WRITERS
print("ready", flush=True)
WRITERS[sys.argv[2]](Path(sys.argv[1]))
"""


@compiled()
def write_halfway(shared, given):
    """As :func:`write_together`, without a count that is odd meanwhile."""
    count = shared[0].count
    shared[0].bpm = given[0].bpm
    fence()
    shared[0].downbeat_s = given[0].downbeat_s
    fence()
    shared[0].count = count + 2


@compiled()
def hammer(shared, given, times, whole):
    for n in range(times):
        given[0].bpm = given[0].downbeat_s = n
        if whole:
            write_together(shared, given)
        else:
            write_halfway(shared, given)


@compiled()
def torn(shared, taken, device, most):
    """How often values were read that do not belong together, up to so often, and how often any
    were."""
    bad = whole = 0
    while device[0].callbacks == 0 and bad < most:
        taken[0].count = -1
        if read_together(shared, taken):
            whole += 1
            bad += taken[0].bpm != taken[0].downbeat_s
        fence()
    return bad, whole


def _hammered(path, whole) -> None:
    shared = b.SharedState(path)
    given = np.zeros(1, TempoWish.dtype)
    hammer(shared.tempo.array, given, 1, whole)
    shared.device.heard = 1
    while not shared.device.played:  # until the reader is compiled too
        pass
    hammer(shared.tempo.array, given, _TIMES, whole)
    while not (whole or shared.controls.stop):  # until both have run at the same time
        hammer(shared.tempo.array, given, _TIMES, whole)
    shared.device.callbacks = 1


def _wants(path) -> None:
    """A tempo, a call and a session, again and again, by the functions of the board."""
    shared, n = b.SharedState(path), 0
    while not shared.controls.stop:
        n += 1
        shared.want_tempo(Tempo(100.0 + n % 100, float(n % 100)), bool(n % 2))
        shared.call(slot=n % 100, at=n % 100, fade_s=n % 100, cross=n % 100)
        rate = 44100 + n % 3
        begin_session(shared, rate, 128, (n % 3, n % 3), ASKED, 128 * (n % 3))
        time.sleep(0.001)  # a session's beginning takes milliseconds: most of the time it is one


def _notes(path) -> None:
    shared, n = b.SharedState(path), 0
    while not shared.controls.stop:
        n += 1
        note(shared, Kind.MACRO, n, n, n, n)


WRITERS = {
    "together": lambda path: _hammered(path, True),
    "halfway": lambda path: _hammered(path, False),
    "wants": _wants,
    "notes": _notes,
}


@pytest.fixture
def beside():
    """A board, and another process that writes on it."""
    shared, processes = b.create(), []
    shared.want_tempo(Tempo(100.0))

    def start(name: str) -> b.SharedState:
        words = [sys.executable, "-c", _WRITER, shared.path, name]
        processes.append(subprocess.Popen(words, env=with_tests(), stdout=subprocess.PIPE))
        assert processes[-1].stdout.readline() == b"ready\n"  # else it would be waited for
        return shared

    yield start
    shared.controls.stop = b.ALL_END
    for process in processes:
        process.wait()
    release(shared.path)


def _torn(shared: b.SharedState, most: int = 1 << 30) -> tuple[int, int]:
    taken, over = np.zeros(1, TempoWish.dtype), np.ones(1, DeviceState.dtype)
    torn(shared.tempo.array, taken, over, 1)
    while not shared.device.heard:
        pass
    shared.device.played = 1
    return torn(shared.tempo.array, taken, shared.device.array, most)


def test_machine_code_reads_nothing_halfway(beside):
    bad, whole = _torn(beside("together"))
    assert whole > 100
    assert bad == 0


def test_without_the_count_it_would(beside):
    """The test above can fail."""
    bad, _ = _torn(beside("halfway"), most=1)
    assert bad > 0


def test_tempo_call_and_session_belong_together(beside):
    shared, seen = beside("wants"), set()
    while len(seen) < 60:
        number, (tempo, known) = shared.tempo.count, shared.wanted_tempo()
        call, opened = shared.called(), shared.opened()
        if number > 4 and tempo.downbeat_s and opened is not None and call.cross >= 0.0:
            seen.add(number)
            assert tempo.bpm - 100.0 == tempo.downbeat_s
            assert known == bool(tempo.downbeat_s % 2)
            assert call.slot == call.at == call.fade_s == call.cross
            assert opened.heard == 128 * opened.inputs
            assert opened.rate == 44100 + opened.inputs


def test_rows_of_the_journal_are_whole(beside):
    shared = beside("notes")
    reader, rows = JournalReader(shared), 0
    while rows < 10_000:
        for row in reader.take():
            rows += 1
            assert row["at"] == row["fed"] == row["number"] == row["place"]


def test_a_row_that_is_just_being_written_is_not_taken():
    shared = b.create()
    try:
        reader = JournalReader(shared)
        for n in range(ROWS):
            note(shared, Kind.MACRO, n, n, n, n)
        shared.effects_rows[shared.effects.noted % ROWS] = -1.0  # halfway, over the oldest
        assert [row["at"] for row in reader.take()] == list(range(1, ROWS))
        assert reader.lost == 1
    finally:
        release(shared.path)


def test_a_writer_that_was_killed_in_the_middle_holds_nobody_up():
    shared = b.create()
    try:
        shared.want_tempo(Tempo(120.0, 1.0))
        before = shared.wanted_tempo()
        shared.tempo.count |= 1
        shared.tempo.bpm = 77.0
        assert shared.wanted_tempo() == before
        shared.want_tempo(Tempo(90.0, 2.0))  # the next one mends it
        assert shared.wanted_tempo()[0] == Tempo(90.0, 2.0)
        shared.device.opening |= 1
        assert shared.opened() is None
        begin_session(shared, 48000, 128, (2, 2), ASKED, 0)
        assert shared.opened().number == 1
    finally:
        release(shared.path)


def test_what_the_engine_is_asked_with_is_on_the_board():
    shared = b.create()
    try:
        assert shared.called() == Call()
        shared.call(slot=3, at=1 << 40)
        assert shared.called() == Call(3, 1 << 40)
        assert EngineConfig([], "cpu", 120.0, 0.0, Settings()).known
    finally:
        release(shared.path)
