"""The stage without a device: callback, hop loop and controls in turn, as fast as they go.

What plays on the stage is what runs here, so that a performance can be repeated: the same board,
the same machine code, the same hop loop. Only who runs the inferences is another.
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
from engine.live.callback import exchange_on
from engine.live.chains import chains_latency
from engine.live.external import OFFLINE_S
from engine.live.files import SoundReader, SoundWriter
from engine.live.generator import AnyGenerator, OnnxGenerator, Through
from engine.live.inference import Scheduled
from engine.live.leftovers import release
from engine.live.loading import load_slots
from engine.live.opening import begin_session
from engine.live.performer import Performer
from engine.live.quarantine import quarantines
from engine.live.rack import racked
from engine.live.render import Progress, measured
from engine.live.rig import Rig
from engine.live.session import Session
from engine.live.timeline import FileTime


class Callbacks:
    """Calls what the device would call, block after block.

    Args:
        board: with a session begun.
    """

    def __init__(self, board: b.Board) -> None:
        self._board = board
        outputs = max(1, board.get(b.OUTPUTS))
        self._taken = np.zeros((board.get(b.BLOCK), outputs), np.float32)
        self._read = board.get(b.PLAYED)

    def exchange(self, given: Audio) -> None:
        """One block of the feed, (inputs, frames)."""
        taken = self._taken[: given.shape[-1]]
        exchange_on(self._board, np.ascontiguousarray(given.T), taken)

    def played(self) -> tuple[int, Audio]:
        """The instant with which it begins, and what has left since the last call, (2, n)."""
        first, until = self._read, self._board.get(b.PLAYED)
        self._read = until
        return first, self._board.read(self._board.out, first, until - first)


@contextmanager
def offline_board(asked: Asked) -> Iterator[b.Board]:
    """A board as the stage begins with it."""
    board = b.create()
    try:
        board.levels[b.WET_WANTED] = asked.settings.wet
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
    guards = quarantines(len(generators), faults.append)
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
        if (network := _slowest(generators)) is not None:
            inference_ms = measured(inference_ms, network, asked.tempo, asked.settings.use)
        inference_ms = inference_ms or 0.0
        duration = round(inference_ms / 1000 * rate)
        block = rig.devices.block
        chains = chains_latency(asked, rate)
        begin_session(board, rate, block, (channels, channels), asked.settings, 0, chains)
        performer = Performer(board, rig, asked.downbeat_s, score=score, timeline=FileTime())
        performer.step(0.0)
        callbacks = Callbacks(board)
        session = Session(
            *(board, generators, wired),
            lambda slot, origin: Scheduled(duration, guards[slot]),
            patience_s=OFFLINE_S,
            tell=faults.append,
        )
        read = [source, *inputs]
        with SoundWriter(sink, rate, channels, inputs=read, force=force) as writer:
            for given in _blocks(reader, block, board.get(b.BEHIND) + LOOKAHEAD):
                callbacks.exchange(given)
                session.advance()
                now_s = board.get(b.HEARD) / rate
                while following and following[0].downbeat_s <= now_s:
                    performer.conductor.fix(following.popleft())
                performer.step(now_s)
                first, sound = callbacks.played()
                writer.write(sound[:channels, max(0, -first) : max(0, frames - first)])
                if progress is not None:
                    progress(min(first + sound.shape[-1], frames), frames)
            writer.keep()
            session.close()
        if reader.warning:
            faults.append(reader.warning)
        hops = {name: board.get(place) for name, place in b.SHARES.items()}
        return Performance(
            seconds=frames / rate,
            realtime_factor=frames / rate / (time.perf_counter() - begun),
            provider=loaded.provider,
            latency_samples=board.get(b.BEHIND) + LOOKAHEAD,
            inferences=board.get(b.INFERENCES),
            late=board.get(b.LATE_INFERENCES),
            switches=board.get(b.SWITCHES),
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
