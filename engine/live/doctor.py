"""Will it hold? What this machine can carry, before anybody depends on it."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.dsp.tempo import BEATS_PER_BAR, Tempo
from engine.errors import DeviceError, PresetError, ProviderError
from engine.live.bench import music
from engine.live.budget import NO_TRIPS, Trips, budget
from engine.live.devices import Device, portaudio
from engine.live.generator import AnyGenerator, open_generator
from engine.live.inference import Background
from engine.live.preset import Preset
from engine.live.standalone import effects_of
from engine.stages.chain import Chain
from engine.stages.host import Host, Settings
from engine.stages.inference import Job, Result

TEMPOS = (120.0, 140.0, 175.0)
RATE, BLOCK = 48000, 128
SECONDS = 6.0
_LOOPBACK_LEVEL, _LOOPBACK_TIMES, _LOOPBACK_CERTAIN = 0.05, 6, 20.0
_POINTS = {"p50": 50.0, "p99": 99.0, "p999": 99.9}


@dataclass(frozen=True)
class Rehearsal:
    """The engine at one tempo in real time, without a device.

    Attributes:
        hop_ms: time of a hop while inference runs, 50th, 99th and 99.9th percentile.
        inference_ms: time of an inference with all that the engine does around it.
        load: cores that both take.
    """

    hop_ms: dict[str, float]
    inference_ms: dict[str, float]
    load: float


class _Timed(Background):
    """Inference whose jobs are timed."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def submit(self, job: Job, now: int) -> None:
        def timed() -> Result | None:
            begun = time.perf_counter()
            image = job()
            self.times.append(time.perf_counter() - begun)
            return image

        super().submit(timed, now)


def rehearse(
    generator: AnyGenerator,
    bpm: float,
    seconds: float = SECONDS,
    before: Chain | None = None,
    after: Chain | None = None,
    beats_per_bar: int = BEATS_PER_BAR,
) -> Rehearsal:
    """Play to nobody for so long, at the pace of a device, after one phrase of warming up.

    Args:
        generator: of the preset.
        bpm: tempo.
        seconds: how long.
        before, after: the preset's effects, which are part of a hop.
        beats_per_bar: of the music: a window of four long bars takes longer to restyle.
    """
    tempo, inference = Tempo(bpm, beats_per_bar=beats_per_bar), _Timed()
    generator.warm(tempo, "phrase")
    host = Host(generator, inference, RATE, 2, tempo, Settings(), before, after)
    hop = host.restyle.hop
    feed = music(np.random.default_rng(0), tempo.phrase_s)
    feed = feed[:, : feed.shape[-1] // hop * hop]
    inference.paused = True
    for first in range(0, feed.shape[-1], hop):
        host.process(feed[:, first : first + hop])
    inference.paused = False
    gc.collect()
    gc.freeze()
    times: list[float] = []
    began, at = time.perf_counter(), 0
    try:
        while (now := time.perf_counter()) - began < seconds:
            due = began + len(times) * hop / RATE
            if now < due:
                time.sleep(due - now)
            block = feed[:, at : at + hop]
            at = (at + hop) % feed.shape[-1]
            begun = time.perf_counter()
            host.process(block)
            times.append(time.perf_counter() - begun)
    finally:
        inference.close()
        gc.unfreeze()
    elapsed = time.perf_counter() - began
    return Rehearsal(
        _percentiles(times),
        _percentiles(inference.times or [elapsed]),
        (sum(times) + sum(inference.times)) / elapsed,
    )


def verdict(rehearsals: dict[float, Rehearsal]) -> tuple[str, float]:
    """In words, and the milliseconds to spare, over all tempos.

    A hop may take the time of a block. Gains older than a beat are of another
    moment: an inference has to be done twice a beat.
    """
    allowed_ms = 1000 * BLOCK / RATE
    margin_ms = min(allowed_ms - r.hop_ms["p999"] for r in rehearsals.values())
    hop_ms = 1000 * BLOCK / RATE
    too_slow = any(r.hop_ms["p50"] > hop_ms for r in rehearsals.values())
    late = [bpm for bpm, r in rehearsals.items() if 2 * r.inference_ms["p99"] > 60000 / bpm]
    if too_slow:
        return "does not hold: a hop takes longer than it lasts", margin_ms
    if late:
        return f"does not hold at {late[0]:g} BPM: an inference takes over half a beat", margin_ms
    if margin_ms < 0:
        more = math.ceil(-margin_ms / hop_ms) * hop_ms
        return f"holds with {more:.1f} ms more (--block)", margin_ms
    return "holds", margin_ms


def providers(model: Path) -> dict[str, str]:
    """``runs``, or why not, by provider: installed is not the same as working."""
    found = {}
    for name in ("cpu", "cuda", "coreml"):
        try:
            open_generator(model, name)
        except (ProviderError, PresetError) as fault:
            found[name] = str(fault)
        else:
            found[name] = "runs"
    return found


def callback_kind() -> str:
    """Which audio callback there is: compiled or python."""
    try:
        from engine.live.device_callback import callback

        return "compiled" if callback.address else "python"
    except Exception:  # whatever keeps numba from compiling here
        return "python"


def loopback(source: Device, sink: Device, rate: int = RATE) -> int | None:
    """Samples from a device's output to its input, by noise through a cable between them.

    Returns:
        The round trip of the device, with nothing of ours in it; None where nothing comes back.

    Raises:
        DeviceError: the device refuses.
    """
    period = rate // 2
    noise = _LOOPBACK_LEVEL * np.random.default_rng(0).choice([-1.0, 1.0], period)
    try:
        heard = portaudio().playrec(
            np.tile(noise, _LOOPBACK_TIMES).astype(np.float32)[:, None],
            samplerate=rate,
            channels=1,
            device=(source.index, sink.index),
            blocksize=BLOCK,
            latency="low",
            blocking=True,
        )
    except Exception as fault:
        raise DeviceError(
            sink.name,
            f"refuses {rate} Hz in blocks of {BLOCK} ({fault})",
            cure="Close what is using it, or do without --loopback.",
        ) from fault
    # The noise is periodic, and so is what comes back once the cable has filled.
    last = heard[-period:, 0].astype(np.float64)
    found = np.fft.irfft(np.fft.rfft(last) * np.conj(np.fft.rfft(noise)), period)
    at = int(np.argmax(np.abs(found)))
    return at if abs(found[at]) > _LOOPBACK_CERTAIN * np.sqrt(np.mean(found**2)) else None


def round_trip(
    device: Device | None, measured: int | None = None, trips: Trips = NO_TRIPS
) -> dict[str, int]:
    """Samples by part at 48 kHz in blocks of 128.

    Args:
        device: whose latency PortAudio states; None for none.
        measured: that of the device by :func:`loopback`, if it was.
        trips: through the effects' process.
    """
    parts = budget(RATE, BLOCK, Settings(), trips)
    stated = round(device.low_latency_s * RATE) if device else 0
    if measured is not None:
        stated = measured
    return {
        "device": stated,
        **parts,
        "total": stated + sum(parts.values()),
    }


def examine(
    presets: Sequence[Preset],
    provider: str,
    watch: Callable[[str, int, int], None],
    note: Callable[[str], None],
    seconds: float = SECONDS,
    beats_per_bar: int = BEATS_PER_BAR,
    device: Device | None = None,
    measured: int | None = None,
) -> dict[str, Any]:
    """All that ``doctor --json`` prints of the presets, with their effects as on the stage.

    Args:
        presets: which.
        provider: to run their generators on.
        watch: told the name, and how many of how many rehearsals are done.
        note: told what goes wrong with effects.
        seconds: of each rehearsal.
        beats_per_bar: of the music.
        device, measured: whose latency is in a preset's, see :func:`round_trip`.
    """
    found: dict[str, Any] = {}
    total, done = len(presets) * len(TEMPOS), 0
    for preset in presets:
        try:
            generator = open_generator(preset.model, provider, threads=1)
        except PresetError as fault:
            found[preset.name] = _unloaded(fault)
            done += len(TEMPOS)
            continue
        rehearsals = {}
        with effects_of(str(preset.folder), Settings(), RATE, 2, note) as chains:
            trips = Trips(*(None if chain is None else chain.latency for chain in chains))
            for bpm in TEMPOS:
                watch(f"{preset.name}, {bpm:g} BPM", done, total)
                rehearsals[bpm] = rehearse(generator, bpm, seconds, *chains, beats_per_bar)
                done += 1
        words, margin_ms = verdict(rehearsals)
        found[preset.name] = {
            "verdict": words,
            "margin_ms": margin_ms,
            "provider": generator.provider,
            "latency": round_trip(device, measured, trips),
            "hop_ms": {f"{bpm:g}": r.hop_ms for bpm, r in rehearsals.items()},
            "inference_ms": {f"{bpm:g}": r.inference_ms for bpm, r in rehearsals.items()},
            "load": {f"{bpm:g}": r.load for bpm, r in rehearsals.items()},
        }
    return found


def _unloaded(fault: PresetError) -> dict[str, Any]:
    """Of a preset whose generator cannot be loaded."""
    nothing: dict[str, Any] = {key: {} for key in ("hop_ms", "inference_ms", "load")}
    said = f"cannot be loaded: {fault}"
    return {"verdict": said, "margin_ms": None, "provider": None, "latency": {}} | nothing


def _percentiles(times: list[float]) -> dict[str, float]:
    return {name: 1000 * float(np.percentile(times, q)) for name, q in _POINTS.items()}
