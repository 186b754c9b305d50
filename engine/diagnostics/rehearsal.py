"""The stage in real time without a device: what callback, inference and processes take."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.config.request import DeviceConfig, EngineConfig
from engine.diagnostics.bench import music
from engine.dsp.tempo import Tempo
from engine.errors import PresetError
from engine.host.percentiles import percentiles_ms
from engine.host.supervisor import Supervisor, refused
from engine.io.files import SoundWriter

_TICK_S = 0.05
_READY_S = 20.0  # until there are gains


@dataclass(frozen=True)
class Rehearsal:
    """The stage at one tempo.

    Attributes:
        callback_ms: time of the audio callback while all runs beside it, 50th, 99th and 99.9th
            percentile.
        inference_ms: time of an inference with all that is done around it, 50th and 99th.
        late: share of the hops for which no gains were there in time.
        gaps: times at which the effects' sound was not there in time.
        load: cores that all processes take together.
    """

    callback_ms: dict[str, float]
    inference_ms: dict[str, float]
    late: float
    gaps: int
    load: float


def rehearse(
    config: EngineConfig,
    tempi: Sequence[Tempo],
    form: tuple[int, int],
    seconds: float,
    watch: Callable[[Tempo], None],
) -> list[Rehearsal]:
    """Play to nobody, at the pace of a device.

    Args:
        config: what is played with, admitted.
        tempi: one after the other, each after a phrase of it.
        form: rate in hertz, and frames of a block.
        seconds: of each.
        watch: told which tempo comes.

    Raises:
        PresetError: the preset cannot be loaded.
    """  # noqa: DOC501
    rate, block = form
    with tempfile.TemporaryDirectory() as folder:
        feed = Path(folder) / "feed.wav"
        with SoundWriter(feed, rate, 2) as writer:
            writer.write(music(np.random.default_rng(0), 30.0, rate))
            writer.keep()
        ends: dict[str, Any] = {"feed": str(feed), "kept": "", "loop": True, "waits": False}
        stage = Supervisor(DeviceConfig("music", "nowhere", None, block, True, config, **ends))
        try:
            stage.start()
            for why in stage.broken.values():
                raise refused(PresetError, why)
            _until_wet(stage)
            return [_played(stage, tempo, seconds, watch) for tempo in tempi]
        finally:
            stage.stop()


def _until_wet(stage: Supervisor) -> None:
    deadline = time.monotonic() + _READY_S
    while stage.shared.slots["wet"][0] < 1.0 and time.monotonic() < deadline:
        time.sleep(_TICK_S)


def _played(
    stage: Supervisor, tempo: Tempo, seconds: float, watch: Callable[[Tempo], None]
) -> Rehearsal:
    shared, device = stage.shared, stage.shared.device
    watch(tempo)
    shared.want_tempo(replace(tempo, downbeat_s=device.heard / device.rate))
    time.sleep(tempo.phrase_s)
    began, calls, gaps, busy = time.monotonic(), device.callbacks, device.gaps, _busy_s(stage)
    hops = shared.slots["hops"].sum(axis=0)
    time.sleep(seconds)
    elapsed, busy = time.monotonic() - began, _busy_s(stage) - busy
    heard = shared.slots["hops"].sum(axis=0) - hops
    network = shared.network
    inference = {"p50": 1e3 * network.inference_p50_s, "p99": 1e3 * network.inference_p99_s}
    return Rehearsal(
        percentiles_ms(shared.latest(calls)[:, 1]),
        inference,
        float(heard[2:].sum() / max(1, heard.sum())),
        device.gaps - gaps,
        busy / elapsed,
    )


def _busy_s(stage: Supervisor) -> float:
    """Processor time of the stage's processes so far."""
    import psutil

    total = 0.0
    for pid in (stage.device_pid, stage.engine_pid, stage.effects_pid):
        with suppress(psutil.Error):
            if pid is not None:
                times = psutil.Process(pid).cpu_times()
                total += float(times.user + times.system)
    return total
