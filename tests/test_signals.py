"""Ctrl-C, SIGTERM, SIGHUP and kill -9: no traceback, no half file, nothing lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile as sf

from engine.cli import signals
from engine.io.sources import demo_feed
from tests.kill_campaign import until
from tests.program import START

STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
BOTH = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


def _ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in out + err
    assert "ignored" not in err
    return process.returncode, out, err


@pytest.mark.parametrize("number", STATUS)
def test_while_numpy_is_imported(number):
    process = subprocess.Popen([*START, "presets"], **BOTH)
    maps = Path(f"/proc/{process.pid}/maps")
    assert until(lambda: "_multiarray_umath" in maps.read_text(), 60)
    process.send_signal(number)
    assert _ended(process) == (STATUS[number], "", "")


@pytest.mark.parametrize("number", STATUS)
def test_a_render_leaves_nothing_half_done(tmp_path, number):
    words = ["render", demo_feed()[0], "out.wav", "--preset", "downbeat-filter", "--bpm", "175"]
    process = subprocess.Popen([*START, *map(str, words)], cwd=tmp_path, **BOTH)
    assert until(lambda: any(tmp_path.iterdir()), 60)
    process.send_signal(number)
    assert _ended(process)[0] == STATUS[number]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_recorded_is_there_under_its_name(tmp_path, number):
    words = ["play", "--input", "demo", "--output", "out.wav", "--preset", "downbeat-filter"]
    process = subprocess.Popen([*START, *words], cwd=tmp_path, **BOTH)
    out = tmp_path / "out.wav"
    assert until(lambda: out.exists() and out.stat().st_size > 600_000, 60)
    process.send_signal(number)
    status, said, _ = _ended(process)
    assert status == {signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    assert [path.name for path in tmp_path.iterdir()] == ["out.wav"]
    sound, rate = sf.read(out)
    written = (out.stat().st_size - 100) / 8
    assert len(sound) > 60_000
    assert written - len(sound) < 0.2 * rate
    assert ("recording: out.wav" in said) == (number == signal.SIGTERM)


def test_what_was_ignored_when_it_began_stays_ignored():
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    process = subprocess.Popen([sys.executable, "-c", code + START[-1], "presets"], **BOTH)
    maps = Path(f"/proc/{process.pid}/maps")
    assert until(lambda: "_multiarray_umath" in maps.read_text(), 60)
    process.send_signal(signal.SIGINT)
    assert _ended(process)[0] == 0


@pytest.fixture
def ended():
    """Runs a command in this process, with all that belongs to it put back afterwards."""
    hooks = sys.unraisablehook
    before = {number: signal.getsignal(number) for number in STATUS}

    def run(command) -> int:
        try:
            signals.run(command)
        except SystemExit as end:
            return end.code
        return 0

    yield run
    sys.unraisablehook = hooks
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def no_timer(monkeypatch):
    """The process of the tests goes on."""
    monkeypatch.setattr(signals, "_EXIT_S", 1e6)


def test_a_command_is_unwound_and_what_it_raises_then_is_not_shown(ended):
    seen = []

    def command():
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            seen.append("unwound")
            raise ZeroDivisionError from None

    assert ended(command) == 143
    assert seen == ["unwound"]


def test_a_command_that_ctrl_c_ends_has_done_well(ended):
    def command():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            with signals.ending():
                signal.raise_signal(signal.SIGINT)  # once more: it is ending already

    assert ended(command) == 0


def test_it_is_not_raised_in_the_middle_of_an_import(ended, tmp_path, monkeypatch):
    (tmp_path / "takes_a_while.py").write_text(
        "import signal, time\nsignal.raise_signal(signal.SIGINT)\ntime.sleep(0.1)\nwhole = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def command():
        import takes_a_while

        assert takes_a_while.whole
        time.sleep(30)

    assert ended(command) == 130
    assert "takes_a_while" in sys.modules


def test_one_that_a_destructor_swallows_comes_again(ended):
    class Late:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    def command():
        Late()
        time.sleep(30)

    assert ended(command) == 130


def test_a_training_looks_by_itself(ended):
    seen = []

    def command():
        with signals.noted() as stop:
            seen.append(stop())
            signal.raise_signal(signal.SIGINT)
            seen.append(stop())

    assert ended(command) == 0
    assert seen == [False, True]


_STUCK = """
import ctypes, signal, sys, threading, time
from engine.cli import signals
def command():
    {}
signals.run(command)
"""


@pytest.mark.parametrize(
    ("how", "times"),
    [
        # Machine code that does not come back.
        ("print('ready', flush=True); ctypes.CDLL(None).usleep(100_000_000)", 1),
        ("with signals.ending():\n        print('ready', flush=True); time.sleep(100)", 3),
    ],
)
def test_one_that_does_not_end_is_ended(how, times):
    process = subprocess.Popen([sys.executable, "-c", _STUCK.format(how)], **BOTH)
    assert process.stdout.readline() == "ready\n"
    for _ in range(times):
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    assert _ended(process)[0] == 130
