"""Figures of this machine: what callback and inference cost, and what the path does to sound."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine.config.preset import Preset
from engine.diagnostics.bench_callback import callback_ms
from engine.diagnostics.bench_chain import chain_ms
from engine.dsp.arrays import Array
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.dsp.window import Use
from engine.inference.jobs import Job
from engine.io.files import SoundWriter
from engine.models.executors import Scheduled
from engine.models.generator import AnyGenerator, IdentityGenerator, open_generator
from engine.offline.render import render
from engine.offline.signal_chain import SignalChain

_RATE = 48000
_BPM = 175.0
_HOPS = 30_000  # 80 s of sound: 30 hops lie above p99.9


def inference_ms(generator: AnyGenerator, runs: int = 30) -> dict[str, float]:
    """Percentiles of one inference with all the engine does around it, and of the bare network."""
    tempo = Tempo(_BPM)
    generator.warm(tempo, "phrase")
    jobs = _TimedJobs(runs)
    host = SignalChain(generator, jobs, _RATE, 2, tempo, Settings())
    bare: list[float] = []
    for block in _blocks(music(np.random.default_rng(1), 2 * tempo.phrase_s), host.restyle.hop):
        host.process(block)
        while len(bare) < jobs.done:
            begun = time.perf_counter()
            generator.warm(tempo, "phrase", 1)
            bare.append(time.perf_counter() - begun)
    return {
        "p50": 1000 * float(np.median(jobs.times)),
        "p99": 1000 * float(np.percentile(jobs.times, 99)),
        "bare_p50": 1000 * float(np.median(bare)),
    }


class _TimedJobs:
    """Runs jobs in the calling thread and takes their times."""

    def __init__(self, runs: int) -> None:
        self.times: list[float] = []
        self._runs = runs
        self.done = 0

    def idle(self) -> bool:
        return self.done < self._runs

    def submit(self, job: Job, now: int) -> None:
        begun = time.perf_counter()
        job()
        self.times.append(time.perf_counter() - begun)
        self.done += 1

    def collect(self, now: int) -> None:
        return None


def latency_samples(synthesis: int = 512) -> dict[str, int]:
    """Declared latency of the path at 48 kHz, and the one that an impulse takes."""
    inference = Scheduled(0)
    host = SignalChain(
        IdentityGenerator(), inference, _RATE, 1, Tempo(_BPM), Settings(synthesis=synthesis)
    )
    impulse = np.zeros((1, 8192), np.float32)
    impulse[0, 1000] = 0.5
    out = host.process(impulse)
    inference.close()
    return {"declared": host.latency, "measured": int(np.argmax(np.abs(out[0]))) - 1000}


def bypass_null_db(rate: int = _RATE) -> float:
    """How far the path with an identity generator is from its delayed input, dB re input."""
    inference = Scheduled(0)
    host = SignalChain(IdentityGenerator(), inference, rate, 2, Tempo(_BPM), Settings())
    feed = music(np.random.default_rng(2), 12.0, rate)
    out = np.concatenate([host.process(block) for block in _blocks(feed, 4096)], axis=-1)
    inference.close()
    error = out[:, host.latency :] - feed[:, : -host.latency]
    return float(10 * np.log10(np.mean(error.astype(np.float64) ** 2) / np.mean(feed**2)))


def render_speed(preset: Preset, provider: str, seconds: float = 60.0) -> float:
    """Realtime factor of a stereo render in use ``late``, of a streaming one in ``phrase``.

    Args:
        preset: whose generator it is.
        provider: to run it on.
        seconds: of music that are rendered.
    """
    generator = open_generator(preset.model, provider)
    use: Use = "phrase" if generator.kind == "streaming" else "late"
    generator.warm(Tempo(_BPM), use)
    with tempfile.TemporaryDirectory() as folder:
        source, sink = Path(folder) / "in.wav", Path(folder) / "out.wav"
        with SoundWriter(source, _RATE, 2) as writer:
            writer.write(music(np.random.default_rng(3), seconds))
            writer.keep()
        return render(source, sink, generator, Tempo(_BPM), Settings(use=use)).realtime_factor


def bench(presets: list[Preset], provider: str = "auto", hops: int = _HOPS) -> dict[str, Any]:
    """All figures; the keys are those of ``bench --json``.

    Args:
        presets: whose generators are timed.
        provider: to run them on.
        hops: that callback and chain are timed over.
    """
    speeds = {preset.name: render_speed(preset, provider) for preset in presets}
    return {
        "machine": machine(),
        "commit": commit(),
        "callback_ms": callback_ms(music(np.random.default_rng(0), 10.0), hops),
        "chain_ms": chain_ms(hops),
        "inference_ms": {
            preset.name: inference_ms(open_generator(preset.model, provider)) for preset in presets
        },
        "render_realtime_factor": min(speeds.values(), default=None),  # of the slowest preset
        "render_realtime_factors": speeds,
        "latency_samples": latency_samples(),
        "bypass_null_db": bypass_null_db(),
        "peak_rss_mib": peak_rss_mib(),
    }


def machine() -> str:
    """Processor, number of cores, system."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [x for x in info.read_text().splitlines() if x.startswith("model name")]
        name = lines[0].partition(":")[2].strip() if lines else name
    return (
        f"{name}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )


def commit() -> str:
    """The commit of the checkout, or "release"."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return "release"
    return done.stdout.strip() or "release"


def peak_rss_mib() -> float:
    """Most memory this process has held, MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says here includes the process that started this one
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        return int(lines["VmHWM"].split()[0]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def music(rng: np.random.Generator, seconds: float, rate: int = _RATE) -> Array:
    """Something with beats, bass and hiss, stereo, (2, samples), peak about ½.

    Args:
        rng: of the hiss.
        seconds: how long.
        rate: hertz.
    """
    t = np.arange(round(seconds * rate)) / rate
    beat = t * _BPM / 60 % 1.0
    kick = np.sin(2 * np.pi * 50 * beat) * np.exp(-8 * beat)
    hiss = rng.normal(0, 0.1, (2, len(t))) * np.exp(-20 * ((beat + 0.5) % 1.0))
    bass = 0.3 * np.sin(2 * np.pi * 55 * t)
    return (0.5 * (0.6 * kick + bass + hiss)).astype(np.float32)


def _blocks(feed: Array, n: int) -> Iterator[Array]:
    return (feed[:, first : first + n] for first in range(0, feed.shape[-1], n))
