"""A long run on the audio server, beside a client that does nothing but pass its input on."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.config.request import DeviceConfig, EngineConfig
from engine.dsp.arrays import Array, Audio
from engine.errors import DeviceError, PresetError
from engine.host.percentiles import percentiles_ms
from engine.host.status import Status, look
from engine.host.supervisor import Supervisor, refused
from engine.io import jack
from engine.io.sources import FileSource
from engine.pictures import pyplot, save
from engine.processes.nursery import Process, started

_SECOND = 1.0
_FADE_S = 1.0
BARE = "doubledrop-bare"
"""Name of the client that does nothing but pass its input on."""
_SPINNING = "doubledrop-spinning"
_SETTLE_S = 3.0  # after which the median of the callback is known
_ZEROS = 32
"""Samples of nothing at all, in both channels, that make a dropout; music has none."""


@dataclass
class Soak:
    """What a long run found.

    Attributes:
        statuses: one a second.
        memory_mib: of the engine and of the device's process, each second.
        dropouts: places in the recording where the host, and where the bare client was silent or
            repeated a block; and where the bare client was not its input.
        callback_s: of each call of the host's callback, how long it took, in parts a second.
        spinning_s: the same of a client that does nothing but spin for the host's median.
        left_out: blocks that the server itself left out.
        seconds: of the recording.
    """

    statuses: list[Status] = field(default_factory=list)
    memory_mib: list[tuple[float, float]] = field(default_factory=list)
    dropouts: dict[str, int] = field(default_factory=dict)
    callback_s: list[Array] = field(default_factory=list)
    spinning_s: Array = field(default_factory=lambda: np.zeros(0))
    left_out: int = 0
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The figures."""
        first, last = self.statuses[0], self.statuses[-1]
        tenth = max(1, len(self.memory_mib) // 10)
        begin, end = (
            float(np.median([sum(m) for m in part]))
            for part in (self.memory_mib[tenth : 2 * tenth], self.memory_mib[-tenth:])
        )
        hops = {name: n - first.gain_hops[name] for name, n in last.gain_hops.items()}
        heard = max(1, sum(hops.values()))
        return {
            "seconds": self.seconds,
            "dropouts": self.dropouts,
            "left_out": self.left_out,
            "gaps": last.gaps - first.gaps,
            "flags": last.flags - first.flags,
            "late_gains": last.late_gains - first.late_gains,
            "switches": last.switches - first.switches,
            "gain_share": {name: n / heard for name, n in hops.items()},
            "age_ms": last.age_ms,
            "callback_ms": percentiles_ms(np.concatenate(self.callback_s)),
            "spinning_ms": percentiles_ms(self.spinning_s),
            "inferences": last.inferences - first.inferences,
            "faults": last.faults,
            "restarts": last.restarts,
            "latency": last.latency,
            "memory_mib": {"begin": begin, "end": end},
        }


def soak(
    wanted: DeviceConfig,
    minutes: float,
    feed: Path,
    watch: Callable[[Status, float], None],
) -> Soak:
    """Play a feed through the stage for so long, a slot after the other every four bars.

    Args:
        wanted: what to play with.
        minutes: how long.
        feed: sound file that is played in, over and over.
        watch: told each second how it is, and how much of it is over, 0 … 1.

    Raises:
        DeviceError: there is no JACK server, or no package that makes clients of it.
        PresetError: a preset cannot be loaded.
    """  # noqa: DOC501
    jack.client_library()
    result, stage = Soak(), Supervisor(wanted)
    stage.start()
    for why in stage.broken.values():  # what would be measured is not what was asked for
        stage.stop()
        raise refused(PresetError, why)
    with tempfile.TemporaryDirectory() as folder:
        clients: list[Process] = []
        try:
            rate = stage.shared.device.rate
            signal = _looped(feed, rate, round(60 * minutes * rate))
            time.sleep(_SETTLE_S)
            median_s = float(np.median(stage.shared.latest()[:, 1]))
            clients = _clients(Path(folder), signal, median_s)
            _run(stage, wanted.config, clients[-1], minutes, result, watch)
            sound, frames = jack.recording(Path(folder) / "recorded.npz")
            result.spinning_s = jack.times_s(Path(folder) / "spinning")
        finally:
            for client in clients:
                client.kill()
            stage.stop()
    block = stage.shared.device.block
    result.seconds = sound.shape[-1] / rate
    result.left_out = jack.gaps(frames, block)
    result.dropouts = {
        "host": dropouts(sound[:2], signal, block),
        "bare": dropouts(sound[2:], signal, block),
        "bare_changed": changes(sound[2:], signal),
    }
    return result


def dropouts(sound: Audio, fed: Audio, block: int) -> int:
    """Places where a recording is nothing at all, or a block a second time, though it was fed.

    Args:
        sound: the recording, (channels, n).
        fed: what was played in, (channels, n or more).
        block: samples that the server works on at once.
    """
    loud = np.abs(fed[:, : sound.shape[-1]]).max(axis=0) > 1e-4
    busy = np.convolve(loud, np.ones(4096), "same") > 2048
    silent = (np.abs(sound).max(axis=0) == 0.0) & busy
    zeros = np.convolve(silent, np.ones(_ZEROS), "valid") >= _ZEROS
    same = np.zeros(sound.shape[-1], bool)
    same[block:] = (sound[:, block:] == sound[:, :-block]).all(axis=0) & busy[block:]
    repeats = np.convolve(same & ~silent, np.ones(block), "valid") >= block
    return _places(np.flatnonzero(zeros)) + _places(np.flatnonzero(repeats))


def changes(sound: Audio, fed: Audio) -> int:
    """Places where the recording of a pass-through is not what was fed, whatever its delay."""
    n, delay = min(sound.shape[-1], fed.shape[-1]), jack.delay_of(sound, fed)
    wrong = (sound[:2, delay:n] != fed[:, : n - delay]).any(axis=0)
    return _places(np.flatnonzero(wrong))


def _places(at: Array, apart: int = 2048) -> int:
    return int(len(at) > 0) + int(np.sum(np.diff(at) > apart))


def _looped(path: Path, rate: int, samples: int) -> Audio:
    source = FileSource(path, rate)
    assert source.frames is not None
    once = source.read(source.frames)
    source.close()
    assert once is not None
    once = np.repeat(once, 2, axis=0) if len(once) == 1 else once[:2]
    return np.ascontiguousarray(np.resize(once.T, (samples, 2)).T)


def _clients(folder: Path, signal: Audio, spin_s: float) -> list[Process]:
    np.save(folder / "signal.npy", signal)
    bare = jack.Job(BARE, None, None, [], [])
    spinning = jack.Job(_SPINNING, None, str(folder / "spinning"), [], [], spin_s=spin_s)
    host = "doubledrop"
    listener = jack.Job(
        "doubledrop-soak",
        str(folder / "signal.npy"),
        str(folder / "recorded.npz"),
        [f"{name}:in_{c}" for name in (host, BARE) for c in (0, 1)],
        [f"{name}:out_{c}" for name in (host, BARE) for c in (0, 1)],
    )
    clients = []
    for job in (bare, spinning, listener):
        client = started("engine.io.jack", jack.asked(job))
        clients.append(client)
        assert client.stdout is not None
        if b"ready" not in client.stdout.readline():
            raise DeviceError(
                "JACK", f"client {job.name} could not start", cure="Start a JACK server first."
            )
    return clients


def _run(
    stage: Supervisor,
    config: EngineConfig,
    listener: Process,
    minutes: float,
    result: Soak,
    watch: Callable[[Status, float], None],
) -> None:
    phrase_s, began = config.tempo.phrase_s, time.monotonic()
    calls = stage.shared.device.callbacks
    stage.shared.call(fade_s=_FADE_S)
    while listener.poll() is None:
        elapsed = time.monotonic() - began
        if len(config.models) > 1:
            stage.shared.call(slot=int(elapsed / phrase_s) % len(config.models))
        status = look(stage)
        result.statuses.append(status)
        result.memory_mib.append((_memory(stage.engine_pid), _memory(stage.device_pid)))
        latest = stage.shared.latest(calls)[:, 1]
        calls += len(latest)
        result.callback_s.append(latest)
        watch(status, min(1.0, elapsed / (60 * minutes)))
        time.sleep(_SECOND)


def _memory(pid: int | None) -> float:
    """Resident memory of a process, MiB; 0 where that cannot be known."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    found = [line for line in status.read_text().splitlines() if line.startswith("VmRSS")]
    return int(found[0].split()[1]) / 1024 if found else 0.0


def draw(result: Soak, path: Path, force: bool = False) -> Path:
    """A picture of each over time.

    Args:
        result: of the run.
        path: PNG to write.
        force: whether it may replace a file that is not ours.

    Raises:
        UsageError: it would replace a file that is not ours, and ``force`` is not said.
        OutputError: the file cannot be written.
    """
    statuses, seconds = result.statuses, np.arange(len(result.statuses))
    figure, axes = pyplot().subplots(
        5, 1, figsize=(13, 12), sharex=True, layout="constrained", dpi=90
    )
    for name in ("gaps", "flags", "late_gains"):
        axes[0].plot(seconds, [getattr(s, name) for s in statuses], label=name.replace("_", " "))
    axes[0].set_ylabel("counted")
    for key in ("p50", "p99", "p999"):
        axes[1].plot(seconds, [s.callback_ms[key] for s in statuses], label=key)
    axes[1].set_ylabel("callback, ms")
    for key in ("p50", "p99"):
        axes[2].plot(seconds, [s.age_ms[key] for s in statuses], label=key)
    axes[2].set_ylabel("age of gains, ms")
    engine, device = np.array(result.memory_mib).T
    axes[3].plot(seconds, engine, label="engine")
    axes[3].plot(seconds, device, label="device")
    axes[3].set_ylabel("memory, MiB")
    axes[4].plot(seconds, [s.slot for s in statuses], label="slot")
    axes[4].plot(seconds, [s.wet for s in statuses], label="wet")
    axes[4].set_ylabel("slot, wet")
    for axis in axes:
        axis.legend(loc="upper left")
    axes[-1].set_xlabel("seconds")
    return save(figure, path, force)
