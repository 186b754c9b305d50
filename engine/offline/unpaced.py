"""The stage without a device: callback, network, effects and controls in turn, as fast as they go.

What plays on the stage is what runs here, so that a performance can be repeated: the same shared
state, the same machine code, the same sessions of network and effects. Only who runs the inferences
is another.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.config.request import EngineConfig
from engine.config.rig import Rig
from engine.dsp.arrays import Audio
from engine.dsp.limiter import LOOKAHEAD
from engine.dsp.tempo import Tempo
from engine.errors import InputError, UsageError
from engine.host.callback import Live, exchange
from engine.host.controller import Controller
from engine.host.effects_session import EffectsSession
from engine.host.live_path import shape_of
from engine.host.network import NetworkSession
from engine.host.session import begin_session
from engine.host.status import gain_hops
from engine.io.files import SoundReader, SoundWriter
from engine.models.executors import Scheduled
from engine.models.generator import AnyGenerator, IdentityGenerator, OnnxGenerator, kind_of
from engine.models.loading import load_slots
from engine.models.quarantine import dry, quarantines
from engine.offline.render import Progress, measured
from engine.plugins.chains import trips_of
from engine.plugins.pool import pooled
from engine.plugins.remote import OFFLINE_S
from engine.processes.leftovers import release
from engine.state import shared_state as b
from engine.state.timeline import FileTime


class Unpaced:
    """Calls what the device would call, block after block, as fast as it goes; behind each block
    the network and the effects do what they have to.

    Args:
        shared: of the stage.
        live: of the session that has begun on it.
    """

    def __init__(self, shared: b.SharedState, live: Live) -> None:
        self._shared, self._live = shared, live
        outputs = max(1, shared.device.outputs)
        self._taken = np.zeros((b.MOST, outputs), np.float32)
        self._read = shared.device.played

    def go_on(self, live: Live) -> None:
        """Another session has begun."""
        self._live = live

    def exchange(self, given: Audio) -> None:
        """One block of the feed, (inputs, frames)."""
        taken = self._taken[: given.shape[-1]]
        exchange(np.ascontiguousarray(given.T), taken, self._live)

    def played(self) -> tuple[int, Audio]:
        """The instant with which it begins, and what has left since the last call, (2, n)."""
        first, until = self._read, self._shared.device.played
        self._read = until
        return first, self._shared.read(self._shared.out, first, until - first)


@contextmanager
def offline_board(config: EngineConfig) -> Iterator[b.SharedState]:
    """The shared state as a session on stage begins with it."""
    shared = b.create(shape_of(config))
    try:
        shared.controls.wet = config.settings.wet
        shared.want_tempo(config.tempo, config.known)
        yield shared
    finally:
        release(shared.path)


@dataclass(frozen=True)
class Performance:
    """Figures of a performance; see docs/reference/json.md."""

    seconds: float
    realtime_factor: float
    provider: str
    latency_samples: int
    inferences: int
    late: int
    switches: int
    gain_share: dict[str, float]
    bpm: float
    messages: int
    peak_dbfs: float
    broken: list[str]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return dict(vars(self))


def perform(
    source: Path,
    sink: Path,
    config: EngineConfig,
    rig: Rig,
    score: Sequence[tuple[float, Any]],
    *,
    changes: Sequence[Tempo] = (),
    inference_ms: float | None = None,
    progress: Progress | None = None,
    inputs: Iterable[Path] = (),
    force: bool = False,
    alone: bool = False,
) -> Performance:
    """Play a rig on a file, with the messages of a score on its controls.

    The same file, score and time of inference give the same output, bit by bit. The output lies
    on the input, sample for sample.

    Args:
        source: sound file, mono or stereo.
        sink: sound file to write; complete or not at all.
        config: what is played with.
        rig: whose controls hear the score.
        score: (seconds, message) in order.
        changes: tempi that the fixed one gives way to, each from its downbeat on.
        inference_ms: simulated time of an inference; by default it is measured first.
        progress: told samples done and samples in all.
        inputs: files beside the source that the sink may not be.
        force: whether the sink may be a file that is not ours.
        alone: whether the rig is but a preset, without which there is nothing to play.

    Raises:
        UsageError: the window is used in ``late``, which the stage does not have.
        InputError: the source is damaged, or has more than two channels.
        OutputError: the sink cannot be written.
        PresetError: that preset cannot be loaded.
    """
    begun, following = time.perf_counter(), deque(changes)
    if config.settings.use == "late":
        raise UsageError(
            "--window", "late", expected="phrase or edge with --midi", cure="Leave it out."
        )
    loaded = load_slots(config.models, config.provider)
    generators = loaded.generators
    if alone and loaded.faults:
        raise loaded.faults[0]
    faults = loaded.said
    guards = quarantines(len(generators), lambda slot, why: faults.append(dry(slot, why)))
    with (
        SoundReader(source) as reader,
        pooled(config, faults.append) as pooled_config,
        offline_board(pooled_config) as shared,
    ):
        rate, channels, frames = reader.rate, reader.channels, reader.frames
        if channels > b.CHANNELS:
            raise InputError(
                str(source), f"{channels} channels", expected="mono or stereo", cure="Mix it down."
            )
        if (slowest := _slowest(generators)) is not None:
            inference_ms = measured(inference_ms, slowest, config.tempo, config.settings.use)
        inference_ms = inference_ms or 0.0
        duration = round(inference_ms / 1000 * rate)
        block, trips = rig.devices.block, trips_of(pooled_config, rate)
        shared.kinds[:] = [kind_of(generator) for generator in generators]
        controller = Controller(shared, rig, config.downbeat_s, score=score, timeline=FileTime())
        level = shared.controls.level
        live = begin_session(
            shared, rate, block, (channels,) * 2, pooled_config, 0, trips, level=level
        )
        controller.step(0.0)
        unpaced = Unpaced(shared, live)
        network = NetworkSession(
            shared,
            generators,
            pooled_config,
            lambda slot, origin: Scheduled(duration, guards[slot]),
            tell=faults.append,
        )
        effects = EffectsSession(shared, pooled_config, OFFLINE_S, faults.append)
        read = [source, *inputs]
        with SoundWriter(sink, rate, channels, inputs=read, force=force) as writer:
            for given in _blocks(reader, block, shared.device.behind + LOOKAHEAD):
                unpaced.exchange(given)
                network.advance()
                effects.advance()
                now_s = shared.device.heard / rate
                while following and following[0].downbeat_s <= now_s:
                    controller.clocks.fix(following.popleft())
                controller.step(now_s)
                first, sound = unpaced.played()
                writer.write(sound[:channels, max(0, -first) : max(0, frames - first)])
                if progress is not None:
                    progress(min(first + sound.shape[-1], frames), frames)
            writer.keep()
            network.close()
        if reader.warning:
            faults.append(reader.warning)
        hops = gain_hops(shared)
        return Performance(
            seconds=frames / rate,
            realtime_factor=frames / rate / (time.perf_counter() - begun),
            provider=loaded.provider,
            latency_samples=shared.device.behind + LOOKAHEAD,
            inferences=shared.network.inferences,
            late=int(shared.slots["late_gains"].sum()),
            switches=int(shared.state["switches"][0]),
            gain_share={name: count / max(1, sum(hops.values())) for name, count in hops.items()},
            bpm=controller.clocks.tempo.bpm,
            messages=len(score),
            peak_dbfs=writer.peak_dbfs,
            broken=faults,
        )


def _slowest(generators: Sequence[AnyGenerator | IdentityGenerator]) -> OnnxGenerator | None:
    """Of those whose inferences take long enough for the result to depend on it."""
    networks = [one for one in generators if isinstance(one, OnnxGenerator)]
    return max(networks, key=lambda one: one.view or 1 << 16, default=None)


def _blocks(reader: SoundReader, block: int, latency: int) -> Iterator[Audio]:
    """The file in whole blocks, followed by silence until its end has left."""
    for given in reader.blocks(block):
        yield np.pad(given, ((0, 0), (0, block - given.shape[-1])))
    for _ in range(-(-latency // block)):
        yield np.zeros((reader.channels, block), np.float32)
