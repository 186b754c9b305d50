"""A real audio server without a sound card, the stage on it, and a client that listens."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mido
import numpy as np
import soundfile

from engine.config.request import DeviceConfig, EngineConfig
from engine.diagnostics.soak import BARE, changes
from engine.dsp.arrays import Audio
from engine.dsp.settings import Settings
from engine.host.status import Status, look
from engine.host.supervisor import Supervisor
from engine.io import jack
from engine.io.sources import demo_feed
from engine.models.model_format import IMAGE
from export import handmade
from tests.program import START, started

BLOCK = 128
_HOST = r"doubledrop:{}_{}"


class Server:
    """``jackd`` with the dummy driver, under a name of its own: it knows eight at most."""

    def __init__(self) -> None:
        self.name = "doubledrop-tests"
        os.environ["JACK_DEFAULT_SERVER"] = self.name
        os.environ["JACK_NO_AUDIO_RESERVATION"] = "1"
        os.environ["JACK_NO_START_SERVER"] = "1"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, rate: int = 48000, block: int = BLOCK) -> None:
        how = ["-R", "-P", "60"] if _may_hurry() else ["-r"]
        command = ["jackd", "-n", self.name, *how, "--port-max", "64"]
        self._process = subprocess.Popen(
            [*command, "-d", "dummy", "-r", str(rate), "-p", str(block)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait = ["jack_wait", "-w", "-t", "10", "-s", self.name]
        subprocess.run(wait, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    def ports(self) -> list[str]:
        """The names of all ports, as a patch bay shows them."""
        command = ["jack_lsp", "-s", self.name]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split(
            "\n"
        )

    def kill(self) -> None:
        """As a crash ends it."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As its owner ends it, without leaving memory behind."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None


def _may_hurry() -> bool:
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        return False
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return True


class Stage:
    """The program's processes, without its screen."""

    def __init__(
        self,
        models: list[Path],
        settings: Settings,
        bpm: float,
        interpreted: bool,
        devices: tuple[str | None, str | None] = (None, None),
        config: EngineConfig | None = None,
        block: int = BLOCK,
    ) -> None:
        config = config or EngineConfig([str(model) for model in models], "cpu", bpm, 0.0, settings)
        self.supervisor = Supervisor(DeviceConfig(*devices, None, block, not interpreted, config))
        self.shared = self.supervisor.shared

    def look(self) -> Status:
        return look(self.supervisor)

    def until(self, true, tries_s: float = 120.0) -> float:
        """Wait for something; how long it took, in seconds of sound where there is sound."""
        began = time.monotonic()
        while not true():
            assert time.monotonic() - began < tries_s, list(self.supervisor.events)
            time.sleep(0.02)
        return time.monotonic() - began

    def is_wet(self) -> bool:
        shared = self.shared
        there = shared.device.available == 1.0 or not shared.device.effects
        return bool(there and shared.device.level_now and shared.slots["wet"][shared.active] == 1.0)


@contextmanager
def stage(
    *models: Path,
    settings: Settings | None = None,
    bpm: float = 240.0,
    interpreted: bool = False,
    devices: tuple[str | None, str | None] = (None, None),
    config: EngineConfig | None = None,
    block: int = BLOCK,
) -> Iterator[Stage]:
    """The stage, wet; ``config`` instead of models, where there is more to it."""
    it = Stage(list(models), settings or Settings(), bpm, interpreted, devices, config, block)
    it.supervisor.start()
    try:
        it.until(it.is_wet)
        yield it
    finally:
        it.supervisor.stop()


def played_twice(
    folder: Path,
    rig: str,
    gestures: list[tuple[float, list[int]]],
    meanwhile: Callable[[int], None] = lambda pid: None,
) -> tuple[Path, dict[str, Any]]:
    """A set on the demo feed, recorded, and its take played again.

    Args:
        folder: for everything.
        rig: text of a rig.toml.
        gestures: (seconds, bytes of a MIDI message).
        meanwhile: told the process once the music begins, with the session.

    Returns:
        The take, and what `render --take --json` says of it.
    """
    track = mido.MidiTrack(
        mido.Message.from_bytes(data, time=round(1000 * (at - before)))
        for (at, data), (before, _) in zip(gestures, [(0.0, []), *gestures], strict=False)
    )
    mido.MidiFile(tracks=[track], ticks_per_beat=500).save(folder / "set.mid")  # 1 ms a tick
    (folder / "rig.toml").write_text(rig, encoding="utf-8")
    options = ["--seconds", "16", "--midi", str(folder / "set.mid")]
    takes = ["--record", str(folder / "takes")]
    play = [*START, "play", str(folder / "rig.toml"), *options, *takes]
    sound, _ = soundfile.read(demo_feed()[0], frames=44100 * 14, dtype="float32")
    listener = Listener(folder, 0.5 * sound.T, awaits=True)
    process = subprocess.Popen(play, stdout=subprocess.PIPE, text=True)
    listener.ready()
    meanwhile(process.pid)
    listener.result()
    process.communicate(timeout=60)
    (take,) = (folder / "takes").iterdir()
    again = started("render", "--take", take, "--json")
    assert again.returncode == 0, again.stderr
    return take, json.loads(again.stdout)


class StoppedThread:
    """A debugger that holds the busiest thread of a process beside its first: the inference.

    A thread that stands still with the interpreter's lock holds its whole process. So `goes_on`
    is asked, a count of what the others do; where it does not move, the thread is let go and
    held again a moment later, until it stands in the model, which needs no lock.
    """

    _SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
    _WALL = 0x40000000

    _NOTICED_S = 0.3  # far less than a supervisor waits for a silent engine

    def __init__(self, pid: int, goes_on: Callable[[], int]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        tasks = Path(f"/proc/{pid}/task")
        others = [int(task.name) for task in tasks.iterdir() if int(task.name) != pid]
        self._tid = max(others, key=lambda tid: self._ticks(tasks / str(tid) / "stat"))
        while not self._holds_no_lock(goes_on):
            self.go_on()
            time.sleep(self._NOTICED_S)

    def _holds_no_lock(self, goes_on: Callable[[], int]) -> bool:
        self._trace(self._SEIZE)
        self._trace(self._INTERRUPT)
        os.waitpid(self._tid, self._WALL)  # until it stands still
        before = goes_on()
        time.sleep(self._NOTICED_S)
        return goes_on() != before

    def go_on(self) -> None:
        self._trace(self._DETACH)

    def _trace(self, request: int) -> None:
        if self._libc.ptrace(request, self._tid, None, None):
            raise OSError(ctypes.get_errno(), "ptrace")

    def has_ended(self) -> bool:
        """Whether its process is gone; nobody else is told before the debugger has asked."""
        return os.waitpid(self._tid, os.WNOHANG | self._WALL)[0] == self._tid

    @staticmethod
    def _ticks(stat: Path) -> int:
        return int(stat.read_text().rpartition(")")[2].split()[11])


class Listener:
    """A client in a process of its own that plays a signal into the host and records it, and beside
    it a bare client, which passes the same signal on: what it loses is the machine's own share."""

    def __init__(
        self, folder: Path, signal_: Audio, awaits: bool = False, block: int = BLOCK
    ) -> None:
        """Begins at once, or, where it ``awaits`` a host yet to be started, with :meth:`ready`."""
        self.signal, self._block = np.ascontiguousarray(signal_, np.float32), block
        self._file = folder / "recorded.npz"
        np.save(folder / "signal.npy", self.signal)
        sends, hears = (
            [form.format(kind, c) for form in (_HOST, BARE + ":{}_{}") for c in (0, 1)]
            for kind in ("in", "out")
        )
        bare = jack.Job(BARE, None, None, [], [])
        job = jack.Job("listener", str(folder / "signal.npy"), str(self._file), sends, hears, 60.0)
        self._bare, self._process = (
            subprocess.Popen(
                [sys.executable, "-m", "engine.io.jack", jack.asked(one)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for one in (bare, job)
        )
        if not awaits:
            self.ready()

    def ready(self) -> None:
        """Wait until it is connected: from then on it plays and records."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert "ready" in line, line

    def result(self) -> tuple[Audio, int]:
        """What came back, (2, n), and the machine's own losses: blocks that the server left out,
        and places at which the bare client's recording is not what was sent."""
        self._process.communicate(timeout=240)
        self._bare.kill()
        self._bare.communicate()
        sound, frames = jack.recording(self._file)
        return sound[:2], jack.gaps(frames, self._block) + changes(sound[2:], self.signal)


def kept_share(sound: Audio, sent: Audio, most: int = 8192, tolerance: float = 1e-4) -> float:
    """Share of what was sent, in pieces of 2048 samples, that is in a recording unchanged.

    Each piece may lie whole blocks, up to ``most`` samples, from its place: a server that leaves
    blocks out shifts all that follows, and that is no fault of what follows.
    """
    length, kept = 2048, []
    for first in range(most, min(sound.shape[-1], sent.shape[-1]) - most - length, length):
        piece = sent[:2, first : first + length]
        around = sound[:2, first - most : first + most + length]
        at = jack.place_of(piece[0], around[0])
        same = np.abs(around[:, at : at + length] - piece).max() < tolerance
        kept.append(same and (at - most) % BLOCK == 0)
    return float(np.mean(kept))


def wrong_places(sound: Audio, sent: Audio, delay: int, tolerance: float = 1e-4) -> int:
    """How many places of a recording are not what was sent; wrong samples closer than 2048 to each
    other are one."""
    n = min(sound.shape[-1], sent.shape[-1])
    error = np.abs(sound[:2, delay:n] - sent[:, : n - delay]).max(axis=0)
    at = np.flatnonzero(error > tolerance)
    return int(len(at) > 0) + int(np.sum(np.diff(at) > 2048))


def is_never_silent(sound: Audio, sent: Audio, delay: int) -> bool:
    """Whether there is something nearly everywhere: what is counted as one place may be long."""
    n = min(sound.shape[-1], sent.shape[-1])
    return bool(np.mean(np.abs(sound[:2, delay:n]).max(axis=0) == 0.0) < 0.02)


def preset(folder: Path, build=handmade.identity) -> Path:
    """A model made by hand."""
    return handmade.write(build, folder / "generator.onnx")


def _plays(graph: handmade.Graph) -> str:
    """Whether there is music in the window: neither silence, nor the example in the file."""
    loudest = graph("ReduceMax", IMAGE, keepdims=0)
    heard = graph("Greater", loudest, graph.constant(0.05))
    return graph("And", heard, graph("Less", loudest, graph.constant(0.985)))


def not_a_number(graph: handmade.Graph) -> str:
    """A network that returns NaN as soon as there is music."""
    return graph("Where", _plays(graph), graph.constant(np.nan), IMAGE)


def raising(graph: handmade.Graph) -> str:
    """A network that fails as soon as there is music: it looks for the sixth of one number."""
    sixth = graph(
        "Cast", graph("Mul", graph("Cast", _plays(graph), to=1), graph.constant(5.0)), to=7
    )
    return graph("Mul", IMAGE, graph("Gather", graph.constant([1.0]), sixth))


def busy(graph: handmade.Graph) -> str:
    """The input, after the work of a network of the usual size."""
    return graph("Add", IMAGE, graph("Mul", handmade.resnet(8)(graph), graph.constant(0.0)))


def slow(graph: handmade.Graph) -> str:
    """The input, after the work of a network ten times larger than those that are shipped. On a
    busy machine it still ends within the stage's deadline, beyond which it would be hung."""
    return graph("Add", IMAGE, graph("Mul", handmade.resnet(48)(graph), graph.constant(0.0)))


def counted_since(now: Status, before: Status, left_out: int) -> int:
    """What may be heard as a gap, and was counted: by the server, the device or the host."""
    return left_out + now.flags + now.gaps - before.flags - before.gaps
