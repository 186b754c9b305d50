"""Processes of ours: whatever they say harms nobody, and they end with whoever started them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.beat.follower import Follower
from engine.cli.stage import _announce
from engine.config.request import EngineConfig
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.effects.specs import BuiltinSpec, PluginSpec
from engine.host.supervisor import Supervisor
from engine.io import midi
from engine.io.link import Link
from engine.io.midi import Midi
from engine.plugins import admission
from engine.plugins import pool as pools
from engine.plugins.admission import judge
from engine.plugins.pool import PluginPool
from engine.processes import children as processes
from engine.processes import messages as said
from engine.processes.children import Child
from engine.processes.lines import LONGEST, LineReader
from tests.kill_campaign import alive, family, until

GOOD = {"ready": True}
ODD = [
    b"no json",
    b"[1, 2]",
    b"null",
    b"7",
    b"{}",
    b'{"unknown": 1}',
    b'{"at": 1e999, "port": 3, "data": "x"}',
    b'{"port": "p", "data": [1e400], "at": 0}',
    b'{"verdict": {"latency": 3}, "place": 0}',
    b'{"bpm": "fast", "session": -1}',
    b'{"session": 1, "bpm": 1e300, "downbeat_s": NaN, "cost_s": null}',
    b'{"rate": 0, "input": [], "output": null}',
    b'{"provider": null, "broken": "all"}',
    b'{"ports": {"a": 1}}',
    b'{"error": {}}',
    b'{"ready": {"a": [1]}}',
    b"\xff\xfe\x00\x9d",
    b"\x1b[2J\x1b]0;title\x07",
    b'{"gone": "\\ud800"',
    b"[" * 5000,
    b'{"at": ' + b"9" * 10_000 + b"}",
]


def speak(monkeypatch, lines: list[bytes], then: str = "time.sleep(60)", times: int = 1) -> None:
    """Every process that is started says these lines, and then does something else."""

    def started(module: str, *arguments: str) -> subprocess.Popen[bytes]:
        code = f"import os, sys, time\nfor line in eval(sys.stdin.readline()) * {times}:\n"
        code += f"    os.write(1, line + b'\\n')\n{then}"
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        process.stdin.write(f"{lines!r}\n".encode())
        process.stdin.flush()
        return process

    monkeypatch.setattr(processes, "started", started)


@pytest.fixture
def children(monkeypatch):
    """Ends all that a test has started."""
    made, begin = [], Child.__init__

    def remember(self, *arguments, **options):
        begin(self, *arguments, **options)
        made.append(self)

    monkeypatch.setattr(Child, "__init__", remember)
    yield made
    for child in made:
        child.kill()


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60) | st.sampled_from(ODD), max_size=20), st.integers(1, 100))
def test_any_bytes_are_lines_or_what_is_no_line(parts, size):
    parser, data = LineReader(), b"\n".join(parts)
    for first in range(0, len(data), size):
        for _, line in parser.feed(data[first : first + size]):
            assert isinstance(line, dict | str)
            assert isinstance(line, dict) or len(line) <= 400


def test_a_line_without_end_is_not_kept():
    parser = LineReader()
    said_ = [line for _ in range(64) for line in parser.feed(b"x" * (LONGEST // 16))]
    assert len(said_) == 1
    assert len(parser._rest) <= LONGEST + LONGEST // 16
    assert [line for _, line in parser.feed(b'\n{"a": 1}\n')] == [{"a": 1}]


def test_what_is_odd_is_noted_once_and_the_rest_is_heard(monkeypatch, children):
    notes = []
    speak(monkeypatch, [*ODD, json.dumps(GOOD).encode(), *ODD])
    child = Child("engine.plugins.plugin_process", note=notes.append)
    heard = []
    assert until(lambda: heard.extend(child.hear(said.PLUGIN.validate_python)) or heard, 30)
    assert [line.ready for line in heard] == [True]
    assert notes == ["plugin process said what is not understood: no json"]
    assert child.status is None


def test_one_that_says_nothing_else_is_ended(monkeypatch, children):
    notes = []
    speak(monkeypatch, [b"\x00garbage"], times=5000)
    child = Child("engine.io.midi_process", note=notes.append)
    assert until(lambda: child.status is not None, 30)
    assert notes[-1] == "midi process says nothing else: ended"


def test_one_that_nobody_hears_has_to_wait(monkeypatch, children):
    monkeypatch.setattr(processes, "_MOST_UNREAD", 10_000)
    speak(monkeypatch, [b'{"ready": true}'], "os.write(1, b'{\"ready\": false}\\n')", times=20_000)
    child = Child("engine.plugins.plugin_process")
    assert until(child._is_behind, 30)
    assert child.status is None
    heard = []
    done = lambda: heard.extend(child.hear(said.PLUGIN.validate_python)) or len(heard) > 20_000  # noqa: E731
    assert until(done, 60)
    assert not heard[-1].ready


def test_nobody_falls_over_what_a_process_says(monkeypatch, children):
    """MIDI, follower, Link, supervisor, plugins and admission, each told all of it."""
    notes = []
    speak(monkeypatch, ODD)
    ports, link = Midi([""], note=notes.append), Link(4, notes.append)
    supervisor = Supervisor(_wanted())
    follower = Follower(supervisor.shared, Tempo(174.0), notes.append)
    for name in ("device", "engine"):
        supervisor._spawn(name)
    deadline = time.monotonic() + 30
    listeners = ("midi process", "link process", "follower process")
    while not all(any(n.startswith(one) for n in notes) for one in listeners):
        assert time.monotonic() < deadline, notes
        ports.fetch(_never, _never)
        follower.fetch(_never)
        link.fetch(_never)
        for name in ("device", "engine"):
            assert supervisor._hear(name) == ""
        time.sleep(0.01)
    assert until(lambda: len(supervisor.events) == 2 or _tended(supervisor), 30)
    supervisor.stop()


def test_an_effect_whose_process_talks_is_a_fault_of_the_effect(monkeypatch, children, own_cache):
    monkeypatch.setattr(admission, "PROBE_S", 2.0)
    endless = [*ODD, b'{"begun": 0}', b'{"begun": 0}', b'{"place": 3, "verdict": {}}']
    speak(monkeypatch, endless, "while True: os.write(1, b'{\"begun\": 0}\\n'); time.sleep(0.1)")
    (verdict,) = judge([BuiltinSpec("Gain")], (48000,))
    assert verdict.fault == "hung for 2 s when it was tried"


def test_a_plugin_that_talks_is_bypassed_and_named(monkeypatch, children):
    notes = []
    monkeypatch.setattr(pools, "_START_S", 1.0)
    speak(monkeypatch, ODD)
    spec = PluginSpec("talker.vst3", name="Talker", latency={48000: 0})
    plugins = PluginPool(_config(master=(spec,)), notes.append, chances=1)
    plugins.start()
    assert until(lambda: plugins.tend() or any("stays out" in note for note in notes), 30)
    plugins.stop()
    assert notes[-1].startswith("Talker: was not loaded")


def test_midi_goes_on_after_what_is_odd(monkeypatch, children):
    monkeypatch.setattr(midi, "_AGAIN_S", 0.0)
    good = [b'{"ports": ["a"]}', b'{"port": "a", "data": [176, 16, 64], "at": 1e300}']
    speak(monkeypatch, [*ODD, *good])
    ports, heard = Midi([""]), []
    take = lambda port, message, at: heard.append((port, message.value, at))  # noqa: E731
    assert until(lambda: ports.fetch(take, _never) or (heard and ports.names), 30)
    assert heard[0][:2] == ("a", 64)
    assert heard[0][2] <= time.monotonic()  # no clock can be sent into the future
    assert set(ports.names) == {"a"}  # of each sound system
    ports.stop()


SLEEPS = "import time; time.sleep(120)"
HANGS = "import ctypes; ctypes.PyDLL(None).sleep(120)  # with the interpreter's lock"
ELSEWHERE = "from engine.processes import parent; parent._end_with_parent(0)  # not on Linux"
LOADS = "import numpy, scipy.signal, librosa"
BEGINS = ["begin()", "t = threading.Thread(target=begin)\nt.start(); t.join()"]


@pytest.mark.parametrize("doing", [SLEEPS, HANGS, ELSEWHERE, LOADS])
@pytest.mark.parametrize("thread", BEGINS)
def test_children_end_with_their_parent_in_any_phase(tmp_path, doing, thread):
    (tmp_path / "slow.py").write_text(doing + "\n" + SLEEPS)
    code = (
        "import sys, threading, time\nfrom engine.processes.children import Child\nmade = []\n"
        f"def begin(): made.append(Child('slow'))\n{thread}\n"
        "time.sleep(0.6)\nassert made[0].status is None\nprint(made[0].pid, flush=True)\n"
        "time.sleep(120)\n"
    )
    path = ":".join([str(tmp_path), *sys.path])
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={"PYTHONPATH": path}
    )
    pid = int(parent.stdout.readline())
    child = family(pid)
    assert alive(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert until(lambda: not alive(child), 2.0)


def test_a_child_outlives_the_thread_that_wanted_it(tmp_path, monkeypatch, children):
    (tmp_path / "slow.py").write_text("print('{\"ready\": true}', flush=True)\n" + SLEEPS)
    monkeypatch.setenv("PYTHONPATH", ":".join([str(tmp_path), *sys.path]))

    def begin():
        Child("slow")
        assert until(lambda: children[0].has_said, 60)

    thread = threading.Thread(target=begin)
    thread.start()
    thread.join()
    time.sleep(0.2)
    assert children[0].status is None


def test_what_is_sent_to_the_group_is_for_the_first_process(tmp_path):
    (tmp_path / "slow.py").write_text("print('{\"ready\": true}', flush=True)\n" + SLEEPS)
    code = (
        "import os, signal, time\nfrom engine.processes.children import Child\n"
        "child = Child('slow')\n"
        "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):\n"
        "    signal.signal(number, signal.SIG_IGN)\n    os.killpg(0, number)\n"
        "while not child.has_said: assert child.status is None; time.sleep(0.01)\n"
        "time.sleep(0.1)\nassert child.status is None\n"
    )
    path = ":".join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": path}, start_new_session=True, check=False
    )
    assert done.returncode == 0


@pytest.mark.parametrize("given", [True, False])
def test_a_priority_that_is_refused_is_said_once_with_its_cure(capsys, monkeypatch, given):
    answer = (lambda *_: None) if given else _refuse
    monkeypatch.setattr(os, "sched_setscheduler", answer, raising=False)
    engine = {"provider": "cpu", "broken": [], "realtime": processes.hurry()}
    stage = Supervisor(_wanted())
    try:
        stage.device = {"input": "in", "output": "out", "rate": 48000, "block": 128}
        stage.device |= {"callback": "compiled", "device_samples": 0}
        stage.engine = engine
        _announce(stage, _config(), "a preset", _wanted())
        said_ = capsys.readouterr().err
        assert said_.count("real-time priority") == (not given)
        assert ("ulimit -r 95" in said_) == (not given)
        line = json.dumps({"provider": "cpu", "broken": [], "realtime": False})
        speak(monkeypatch, [line.encode()])
        stage._spawn("engine")  # started again: it is not said again
        assert until(lambda: stage._hear("engine") or stage.events, 30)
        assert [event.text for event in stage.events] == ["engine back"]
        stage._children["engine"].kill()
    finally:
        stage.stop()


def _refuse(*_):
    raise PermissionError


def _never(*_):
    raise AssertionError


def _tended(supervisor):
    for name in ("device", "engine"):
        supervisor._hear(name)
    return False


def _config(**changes) -> EngineConfig:
    return EngineConfig(["none"], "cpu", 174.0, 0.0, Settings(), **changes)


def _wanted():
    from engine.config.request import DeviceConfig

    return DeviceConfig(None, None, None, 128, True, _config())
