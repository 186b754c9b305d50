"""Will it hold? What this machine can carry, before anybody depends on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.config.preset import Preset
from engine.config.rig import Rig
from engine.diagnostics.rehearsal import Rehearsal, rehearse
from engine.dsp.latency import NO_TRIPS, Trips, budget
from engine.dsp.settings import Settings
from engine.dsp.tempo import BEATS_PER_BAR, Tempo
from engine.errors import DeviceError, PresetError, ProviderError
from engine.io.devices import Device, portaudio
from engine.models.generator import open_generator
from engine.plugins.admission import admit
from engine.plugins.chains import trips_of

TEMPOS = (120.0, 140.0, 175.0)
RATE, BLOCK = 48000, 128
SECONDS = 6.0
_LOOPBACK_LEVEL, _LOOPBACK_TIMES, _LOOPBACK_CERTAIN = 0.05, 6, 20.0
_MOST_LATE = 0.01  # share of the hops


def verdict(rehearsals: dict[float, Rehearsal]) -> tuple[str, float]:
    """In words, and the milliseconds to spare, over all tempos.

    A callback may take the time of a block. Gains older than a beat are of another moment: an
    inference has to be done twice a beat. Effects have the time of a block.
    """
    block_ms = 1000 * BLOCK / RATE
    margin_ms = min(block_ms - r.callback_ms["p999"] for r in rehearsals.values())
    too_slow = any(r.callback_ms["p50"] > block_ms for r in rehearsals.values())
    late = [bpm for bpm, r in rehearsals.items() if 2 * r.inference_ms["p99"] > 60000 / bpm]
    missing = [bpm for bpm, r in rehearsals.items() if r.late > _MOST_LATE]
    gaps = max(r.gaps for r in rehearsals.values())
    if too_slow:
        return "does not hold: the callback takes longer than a block", margin_ms
    if late:
        return f"does not hold at {late[0]:g} BPM: an inference takes over half a beat", margin_ms
    if missing:
        share = rehearsals[missing[0]].late
        return f"does not hold at {missing[0]:g} BPM: {share:.0%} of the gains are late", margin_ms
    if margin_ms < 0:
        more = math.ceil(-margin_ms / block_ms) * block_ms
        return f"holds with {more:.1f} ms more (--block)", margin_ms
    if gaps:
        return f"holds, but its effects were {gaps} times late: a larger --block helps", margin_ms
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
        from engine.host.device_callback import callback

        return "compiled" if callback.address else "python"
    except Exception:  # whatever keeps numba from compiling here
        return "python"


def loopback(source: Device, sink: Device, rate: int = RATE) -> int | None:
    """Samples from a device's output to its input, by noise through a cable between them.

    Args:
        source: device that listens.
        sink: device that plays.
        rate: hertz.

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
        seconds: of each rehearsal.
        beats_per_bar: of the music.
        device: whose stated latency is in a preset's; None for none.
        measured: its latency by :func:`loopback`, samples, if that was measured.
    """
    found: dict[str, Any] = {}
    tempi = [Tempo(bpm, beats_per_bar=beats_per_bar) for bpm in TEMPOS]
    total = len(presets) * len(TEMPOS)
    for number, preset in enumerate(presets):
        rig = Rig.of_preset(str(preset.folder), tempi[0].bpm, 1.0)
        config = rig.in_metre(beats_per_bar).config(provider, tempi[0], Settings())
        admitted = admit(config, (RATE,))

        def next_one(tempo: Tempo, done: int = number, name: str = preset.name) -> None:
            at = len(TEMPOS) * done + TEMPOS.index(tempo.bpm)
            watch(f"{name}, {tempo.bpm:g} BPM", at, total)

        try:
            played = rehearse(admitted, tempi, (RATE, BLOCK), seconds, next_one)
        except PresetError as fault:
            found[preset.name] = _unloaded(fault)
            continue
        rehearsals = dict(zip(TEMPOS, played, strict=True))
        words, margin_ms = verdict(rehearsals)
        found[preset.name] = {
            "verdict": words,
            "margin_ms": margin_ms,
            "latency": round_trip(device, measured, trips_of(admitted, RATE)),
            "callback_ms": {f"{bpm:g}": r.callback_ms for bpm, r in rehearsals.items()},
            "inference_ms": {f"{bpm:g}": r.inference_ms for bpm, r in rehearsals.items()},
            "load": {f"{bpm:g}": r.load for bpm, r in rehearsals.items()},
        }
    return found


def _unloaded(fault: PresetError) -> dict[str, Any]:
    """Of a preset whose generator cannot be loaded."""
    nothing: dict[str, Any] = {key: {} for key in ("callback_ms", "inference_ms", "load")}
    said = f"cannot be loaded: {fault}"
    return {"verdict": said, "margin_ms": None, "latency": {}} | nothing
