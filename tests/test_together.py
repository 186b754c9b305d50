"""What belongs together is never read halfway, from one process to another."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from engine.dsp.tempo import Tempo
from engine.live import board as b
from engine.live import memory
from engine.live.asked import Asked
from engine.live.journal import Kind, Reader, note
from engine.live.leftovers import release
from engine.live.memory import read_together, write_together
from engine.live.opening import begin_session
from engine.machine_code import compiled
from engine.stages.host import Settings
from tests.program import with_tests

_WIDTH, _TIMES = 8, 1_000_000
_WRITER = """
import sys
from pathlib import Path
from tests.test_together import WRITERS
print("ready", flush=True)
WRITERS[sys.argv[2]](Path(sys.argv[1]))
"""


@compiled()
def write_halfway(numbers, place, levels, values):
    """As :func:`write_together`, without a count that is odd meanwhile."""
    for i in range(len(levels)):
        levels[i] = values[i]
        memory.fence()
    numbers[place] += 2


@compiled()
def hammer(numbers, place, levels, values, times, whole):
    for n in range(times):
        values[:] = n
        if whole:
            write_together(numbers, place, levels, values)
        else:
            write_halfway(numbers, place, levels, values)


@compiled()
def torn(numbers, place, levels, values, until):
    """How often values were read that do not belong together, and how often any were."""
    bad = whole = 0
    while numbers[3] < until:
        if read_together(numbers, place, levels, values) >= 0:
            whole += 1
            bad += values.min() != values.max()
        memory.fence()
    return bad, whole


def _hammered(path, whole) -> None:
    board = b.Board(path)
    hammer(board.numbers, b.CALL, board.levels[:_WIDTH], np.zeros(_WIDTH), 1, whole)
    board.publish(0, 1)
    while not board.get(1):  # until the reader is compiled too
        pass
    hammer(board.numbers, b.CALL, board.levels[:_WIDTH], np.zeros(_WIDTH), _TIMES, whole)
    board.publish(3, 1)


def _wants(path) -> None:
    """A tempo, a call and a session, again and again, by the functions of the board."""
    board, n = b.Board(path), 0
    while not board.get(b.STOP):
        n += 1
        board.want_tempo(Tempo(100.0 + n % 100, float(n % 100)), bool(n % 2))
        board.call(slot=n % 100, at=n % 100, fade_s=n % 100, cross=n % 100)
        begin_session(board, 44100 + n % 3, 128, (n % 3, n % 3), Settings(), 441 * (n % 3))
        time.sleep(0.001)  # a session's beginning takes milliseconds: most of the time it is one


def _notes(path) -> None:
    board, n = b.Board(path), 0
    while not board.get(b.STOP):
        n += 1
        note(board, Kind.SWITCH, n, n, n, n)


WRITERS = {
    "together": lambda path: _hammered(path, True),
    "halfway": lambda path: _hammered(path, False),
    "wants": _wants,
    "notes": _notes,
}


@pytest.fixture
def beside():
    """A board, and another process that writes on it."""
    board, processes = b.create(), []
    board.want_tempo(Tempo(100.0))

    def start(name: str) -> b.Board:
        words = [sys.executable, "-c", _WRITER, board.path, name]
        processes.append(subprocess.Popen(words, env=with_tests(), stdout=subprocess.PIPE))
        assert processes[-1].stdout.readline() == b"ready\n"  # else it would be waited for
        return board

    yield start
    board.publish(b.STOP, b.ALL_END)
    for process in processes:
        process.wait()
    release(board.path)


def _torn(board: b.Board) -> tuple[int, int]:
    values, levels = np.zeros(_WIDTH), board.levels[:_WIDTH]
    torn(board.numbers, b.CALL, levels, values, 0)
    while not board.get(0):
        pass
    board.publish(1, 1)
    return torn(board.numbers, b.CALL, levels, values, 1)


def test_machine_code_reads_nothing_halfway(beside):
    bad, whole = _torn(beside("together"))
    assert whole > 100
    assert bad == 0


def test_without_the_count_it_would(beside):
    """The test above can fail."""
    bad, _ = _torn(beside("halfway"))
    assert bad > 0


def test_tempo_call_and_session_belong_together(beside):
    board, seen = beside("wants"), set()
    while len(seen) < 60:
        number, tempo, known = board.wanted_tempo()
        call, opened = board.called(), board.opened()
        if number > 4 and opened is not None and call.cross >= 0.0:
            seen.add(number)
            assert tempo.bpm - 100.0 == tempo.downbeat_s
            assert known == bool(tempo.downbeat_s % 2)
            assert call.slot == call.at == call.fade_s == call.cross
            assert opened.heard == 441 * opened.inputs
            assert opened.rate == 44100 + opened.inputs


def test_rows_of_the_journal_are_whole(beside):
    board = beside("notes")
    reader, rows = Reader(board), 0
    while rows < 10_000:
        for row in reader.take():
            rows += 1
            assert row["at"] == row["slot"] == row["fade_s"] == row["due"]


def test_a_row_that_is_just_being_written_is_not_taken():
    board = b.create()
    try:
        reader = Reader(board)
        for n in range(b.ROWS):
            note(board, Kind.SWITCH, n, n, n, n)
        board.notes[board.get(b.NOTED) % b.ROWS] = -1.0  # halfway, over the oldest
        assert [row["at"] for row in reader.take()] == list(range(1, b.ROWS))
        assert reader.lost == 1
    finally:
        release(board.path)


def test_a_writer_that_was_killed_in_the_middle_holds_nobody_up():
    board = b.create()
    try:
        board.want_tempo(Tempo(120.0, 1.0))
        before = board.wanted_tempo()
        board.publish(b.TEMPO, board.get(b.TEMPO) | 1)
        board.levels[b.BPM_WANTED] = 77.0
        assert board.wanted_tempo() == before
        board.want_tempo(Tempo(90.0, 2.0))  # the next one mends it
        assert board.wanted_tempo()[1] == Tempo(90.0, 2.0)
        board.publish(b.OPENING, board.get(b.OPENING) | 1)
        assert board.opened() is None
        begin_session(board, 48000, 128, (2, 2), Settings(), 0)
        assert board.opened().number == 1
    finally:
        release(board.path)


def test_what_the_engine_is_asked_with_is_on_the_board():
    board = b.create()
    try:
        assert board.called() == b.Call()
        board.call(slot=3, at=1 << 40)
        assert board.called() == b.Call(3, 1 << 40)
        assert Asked([], "cpu", 120.0, 0.0, Settings()).known
    finally:
        release(board.path)
