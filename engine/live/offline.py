"""The stage without a device: callback, network, effects and controls in turn, as fast as they go.

What plays on the stage is what runs here, so that a performance can be repeated: the same board,
the same machine code, the same sessions of network and effects. Only who runs the inferences is
another.
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

from engine.dsp.arrays import Audio
from engine.dsp.limiter import LOOKAHEAD
from engine.dsp.tempo import Tempo
from engine.errors import InputError, UsageError
from engine.live import board as b
from engine.live.asked import Asked
from engine.live.callback import Live, exchange
from engine.live.chains import trips_of
from engine.live.effects_session import EffectsSession
from engine.live.external import OFFLINE_S
from engine.live.files import SoundReader, SoundWriter
from engine.live.generator import AnyGenerator, OnnxGenerator, Through
from engine.live.inference import Scheduled
from engine.live.leftovers import release
from engine.live.live_path import shape_of
from engine.live.loading import load_slots
from engine.live.network import NetworkSession, kind_of
from engine.live.opening import begin_session
from engine.live.performer import Performer
from engine.live.quarantine import dry, quarantines
from engine.live.rack import racked
from engine.live.render import Progress, measured
from engine.live.rig import Rig
from engine.live.status import gain_hops
from engine.live.timeline import FileTime


class Unpaced:
    """Calls what the device would call, block after block, as fast as it goes; behind each block
    the network and the effects do what they have to.

    Args:
        board: of the stage.
        live: of the session that has begun on it.
    """

    def __init__(self, board: b.Board, live: Live) -> None:
        self._board, self._live = board, live
        outputs = max(1, board.device.outputs)
        self._taken = np.zeros((b.MOST, outputs), np.float32)
        self._read = board.device.played

    def go_on(self, live: Live) -> None:
        """Another session has begun."""
        self._live = live

    def exchange(self, given: Audio) -> None:
        """One block of the feed, (inputs, frames)."""
        taken = self._taken[: given.shape[-1]]
        exchange(np.ascontiguousarray(given.T), taken, self._live)

    def played(self) -> tuple[int, Audio]:
        """The instant with which it begins, and what has left since the last call, (2, n)."""
        first, until = self._read, self._board.device.played
        self._read = until
        return first, self._board.read(self._board.out, first, until - first)


@contextmanager
def offline_board(asked: Asked) -> Iterator[b.Board]:
    """A board as the stage begins with it."""
    board = b.create(shape_of(asked))
    try:
        board.controls.wet = asked.settings.wet
        board.want_tempo(asked.tempo, asked.known)
        yield board
    finally:
        release(board.path)


@dataclass(frozen=True)
class Performance:
    """Figures of a performance; see ``render --midi`` in the README."""

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
    asked: Asked,
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
        asked: what is played with.
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
        InputError, OutputError: a file is damaged or cannot be written.
        PresetError: that preset cannot be loaded.
    """
    begun, following = time.perf_counter(), deque(changes)
    if asked.settings.use == "late":
        raise UsageError(
            "--window", "late", expected="phrase or edge with --midi", cure="Leave it out."
        )
    loaded = load_slots(asked.models, asked.provider)
    generators = loaded.generators
    if alone and loaded.faults:
        raise loaded.faults[0]
    faults = loaded.said
    guards = quarantines(len(generators), lambda slot, why: faults.append(dry(slot, why)))
    with (
        SoundReader(source) as reader,
        racked(asked, faults.append) as wired,
        offline_board(wired) as board,
    ):
        rate, channels, frames = reader.rate, reader.channels, reader.frames
        if channels > b.CHANNELS:
            raise InputError(
                str(source), f"{channels} channels", expected="mono or stereo", cure="Mix it down."
            )
        if (slowest := _slowest(generators)) is not None:
            inference_ms = measured(inference_ms, slowest, asked.tempo, asked.settings.use)
        inference_ms = inference_ms or 0.0
        duration = round(inference_ms / 1000 * rate)
        block, trips = rig.devices.block, trips_of(wired, rate)
        board.kinds[:] = [kind_of(generator) for generator in generators]
        performer = Performer(board, rig, asked.downbeat_s, score=score, timeline=FileTime())
        level = board.controls.level
        live = begin_session(board, rate, block, (channels,) * 2, wired, 0, trips, level=level)
        performer.step(0.0)
        unpaced = Unpaced(board, live)
        network = NetworkSession(
            *(board, generators, wired),
            lambda slot, origin: Scheduled(duration, guards[slot]),
            tell=faults.append,
        )
        effects = EffectsSession(board, wired, OFFLINE_S, faults.append)
        read = [source, *inputs]
        with SoundWriter(sink, rate, channels, inputs=read, force=force) as writer:
            for given in _blocks(reader, block, board.device.behind + LOOKAHEAD):
                unpaced.exchange(given)
                network.advance()
                effects.advance()
                now_s = board.device.heard / rate
                while following and following[0].downbeat_s <= now_s:
                    performer.conductor.fix(following.popleft())
                performer.step(now_s)
                first, sound = unpaced.played()
                writer.write(sound[:channels, max(0, -first) : max(0, frames - first)])
                if progress is not None:
                    progress(min(first + sound.shape[-1], frames), frames)
            writer.keep()
            network.close()
        if reader.warning:
            faults.append(reader.warning)
        hops = gain_hops(board)
        return Performance(
            seconds=frames / rate,
            realtime_factor=frames / rate / (time.perf_counter() - begun),
            provider=loaded.provider,
            latency_samples=board.device.behind + LOOKAHEAD,
            inferences=board.network.inferences,
            late=int(board.slots["late_gains"].sum()),
            switches=int(board.state["switches"][0]),
            gain_share={name: count / max(1, sum(hops.values())) for name, count in hops.items()},
            bpm=performer.conductor.tempo.bpm,
            messages=len(score),
            peak_dbfs=writer.peak_dbfs,
            broken=faults,
        )


def _slowest(generators: Sequence[AnyGenerator | Through]) -> OnnxGenerator | None:
    """Of those whose inferences take long enough for the result to depend on it."""
    networks = [one for one in generators if isinstance(one, OnnxGenerator)]
    return max(networks, key=lambda one: one.view or 1 << 16, default=None)


def _blocks(reader: SoundReader, block: int, latency: int) -> Iterator[Audio]:
    """The file in whole blocks, followed by silence until its end has left."""
    for given in reader.blocks(block):
        yield np.pad(given, ((0, 0), (0, block - given.shape[-1])))
    for _ in range(-(-latency // block)):
        yield np.zeros((reader.channels, block), np.float32)
