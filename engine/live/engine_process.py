"""The process in which the network runs: it may be slow, fall silent or die, and the music goes on.

``python -m engine.live.engine_process BOARD REQUEST``. It follows what the device hears, hop by
hop, and writes what it makes of it to the place where the device will look. One that was started
again first listens to the last phrase, which is still in the ring.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from engine.dsp.arrays import Audio
from engine.dsp.gain import Quality
from engine.dsp.stft import STFT
from engine.dsp.tempo import Tempo
from engine.errors import GeneratorError, PresetError
from engine.live import board as b
from engine.live.asked import Asked
from engine.live.generator import OnnxGenerator, Through
from engine.live.inference import Background
from engine.live.processes import say, serve
from engine.stages.dose import Dose
from engine.stages.host import Host
from engine.stages.restyle import shown_columns
from engine.stages.slots import Slots

_IDLE_S = 0.0003  # between looks for the next hop: a ninth of one
_SWITCH_S = 0.0005  # the interpreter's turn-taking between hop loop and inference
_MOST_HOPS = 64
_BACKLOG_S = 1.0  # further behind than this, the feed is listened to and not rendered
_PRIORITY = 20
_HUNG_S = 10.0  # an inference that takes longer will never end, and what it has not heard piles up
_PLACES = {
    Quality.FRESH: b.FRESH,
    Quality.PREDICTED: b.PREDICTED,
    Quality.HELD: b.HELD,
    Quality.DRY: b.DRY,
}
_COUNTERS = (b.INFERENCES, b.LATE_INFERENCES, b.FAULTS, b.SWITCHES)


class Session:
    """One device at one rate, followed from where the ring still knows it.

    Args:
        board: the shared memory.
        generators: the networks, one a slot.
        asked: see :class:`Asked`.
    """

    def __init__(
        self, board: b.Board, generators: Sequence[OnnxGenerator | Through], asked: Asked
    ) -> None:
        self._board, self.number = board, board.get(b.SESSION)
        self._rate = board.get(b.RATE)
        self._channels = max(1, board.get(b.INPUTS))
        hop = STFT.low_delay(self._rate, asked.settings.synthesis).hop
        self._tempo_number, tempo = board.wanted_tempo()
        heard = board.get(b.HEARD)
        known = min(heard, round(1.1 * tempo.phrase_s * self._rate), b.FEED // 2)
        self._at = (heard - known) // hop * hop
        self._origin = self._at
        shifted = self._own(tempo)
        self._inferences = [Background() for _ in generators]
        hosts = [
            Host(generator, inference, self._rate, self._channels, shifted, asked.settings)
            for generator, inference in zip(generators, self._inferences, strict=True)
        ]
        levels_db = asked.levels_db or [0.0] * len(hosts)
        for host, level_db in zip(hosts, levels_db, strict=True):
            host.restyle.dose = Dose(host.renderer.stft, self._rate, asked.match, level_db)
        self._sanitise = hosts[0].sanitise
        self._slots, self._hop = (
            Slots([host.restyle for host in hosts], self._rate, asked.law, asked.sides),
            hop,
        )
        self._slots.active = board.get(b.SLOT_WANTED) % len(hosts)
        self._counted = {place: board.get(place) for place in (*_PLACES.values(), *_COUNTERS)}
        self._ages: deque[float] = deque(maxlen=4096)
        self._times: deque[float] = deque(maxlen=4096)
        self._reported, self._said = 0.0, ""
        self._listen()

    def _own(self, tempo: Tempo) -> Tempo:
        """A tempo as the stages count it, from their own beginning."""
        return Tempo(tempo.bpm, tempo.downbeat_s - self._origin / self._rate)

    def follow(self) -> None:
        """Hop after hop, until the session is over or the program ends."""
        board, hop = self._board, self._hop
        while board.get(b.SESSION) == self.number and board.get(b.STOP) != b.ALL_END:
            behind = board.get(b.HEARD) - self._at
            hops = behind // hop
            if hops <= 0:
                time.sleep(_IDLE_S)
                if os.getppid() != board.get(b.OWNER):
                    return
                continue
            if behind > b.FEED // 2:
                return  # what was heard then is no longer in the ring: begin anew
            if behind > _BACKLOG_S * self._rate:
                self._listen()
                continue
            began = time.perf_counter()
            self._play(min(hops, _MOST_HOPS))
            if hops == 1:
                self._times.append(time.perf_counter() - began)
            self._report(began)

    def close(self) -> None:
        """End the inference threads."""
        for inference in self._inferences:
            inference.close()

    def _listen(self) -> None:
        """Catch up without inference, which would look at a window that is half empty."""
        self._pause(True)
        while (hops := (self._board.get(b.HEARD) - self._at) // self._hop) > 2:
            skipped = np.zeros_like(self._take(min(hops, _MOST_HOPS)))
            self._board.write(self._board.wet, self._at - self._slots.latency, skipped)
            self._at += skipped.shape[-1]
        self._pause(False)
        # These hops were not played, and do not count.
        for quality, place in _PLACES.items():
            self._counted[place] = self._board.get(place) - self._hops(quality)

    def _pause(self, paused: bool) -> None:
        for inference in self._inferences:
            inference.paused = paused

    def _hops(self, quality: Quality) -> int:
        return sum(stage.hops[quality] for stage in self._slots.stages)

    def _take(self, hops: int) -> Audio:
        """The next hops of the feed, restyled."""
        block = self._board.read(self._board.feed, self._at, hops * self._hop, self._channels)
        return self._slots.process(self._sanitise.process(block))

    def _keep_time(self) -> None:
        """Follow the tempo that the controls want."""
        if self._board.get(b.TEMPO) != self._tempo_number:
            self._tempo_number, tempo = self._board.wanted_tempo()
            for stage in self._slots.stages:
                stage.follow(self._own(tempo))

    def _choose(self) -> None:
        """Which slot is heard, or where between two, and how much of each."""
        board, slots = self._board, self._slots
        for amount, stage in zip(board.levels[b.AMOUNTS :], slots.stages, strict=False):
            stage.dose.amount = float(amount)
        place, at = float(board.levels[b.CROSS]), board.get(b.SWITCH_AT)
        if place >= 0.0:
            slots.cross(place)
        elif at - self._at < b.CALL_S * self._rate:
            slot = board.get(b.SLOT_WANTED) % len(slots.stages)
            slots.switch(slot, board.levels[b.FADE_S], at - self._origin)

    def _play(self, hops: int) -> None:
        board = self._board
        self._keep_time()
        self._choose()
        out = self._take(hops)
        first = self._at - self._slots.latency
        self._at += out.shape[-1]
        if first >= 0:
            board.write(board.wet, first, out)
        if board.get(b.SESSION) != self.number:
            return
        board.publish(b.MADE, first + out.shape[-1])
        board.numbers[b.HOPS] += hops
        if board.get(b.HEARD) - board.get(b.BEHIND) > first:
            board.numbers[b.LATE_HOPS] += hops
        instant, reading = self._slots.stages[self._slots.active].last_readings[-1]
        if reading.tap:
            newest = reading.tap.image.source.newest
            self._ages.append(max(0.0, (instant - newest) / self._rate))

    def _report(self, now: float) -> None:
        """Counters and, once a second, percentiles."""
        board, slots = self._board, self._slots
        for quality, place in _PLACES.items():
            board.numbers[place] = self._counted[place] + self._hops(quality)
        for place, now_counted in (
            (b.INFERENCES, sum(inference.done for inference in self._inferences)),
            (b.LATE_INFERENCES, sum(stage.late for stage in slots.stages)),
            (b.FAULTS, sum(inference.faults for inference in self._inferences)),
            (b.SWITCHES, slots.switches),
        ):
            board.numbers[place] = self._counted[place] + now_counted
        board.numbers[b.SLOT] = slots.active
        board.levels[b.ENGINE_WET] = slots.stages[slots.active].wet
        for inference in self._inferences:
            if inference.busy_s > _HUNG_S:
                raise GeneratorError(
                    "generator", f"has not answered for {_HUNG_S:g} s", cure="Export it again."
                )
            if inference.fault not in ("", self._said):
                self._said = inference.fault
                say(fault=self._said)
        if now - self._reported > 1.0 and self._ages and self._times:
            self._reported = now
            board.levels[b.AGE_P50], board.levels[b.AGE_P99] = np.percentile(self._ages, (50, 99))
            board.levels[b.HOP_P50 : b.HOP_P999 + 1] = 1e3 * np.percentile(
                self._times, (50, 99, 99.9)
            )


def main(board: b.Board, asked: Asked) -> int:
    """Load the networks, say so, and follow one session after the other."""
    generators, provider, broken = _load(asked)
    for generator in generators:
        generator.warm(shown_columns(generator, Tempo(asked.bpm), asked.settings.use))
    sys.setswitchinterval(_SWITCH_S)
    say(ready=True, provider=provider, broken=broken, realtime=_hurry())
    gc.collect()
    gc.freeze()
    gc.disable()
    while board.get(b.STOP) != b.ALL_END and os.getppid() == board.get(b.OWNER):
        if not board.get(b.SESSION):
            time.sleep(_IDLE_S)
            continue
        session = Session(board, generators, asked)
        session.follow()  # what it raises ends the process, whatever its threads are doing
        session.close()
        gc.collect()
    return 0


def _load(asked: Asked) -> tuple[list[OnnxGenerator | Through], str, list[int]]:
    """The networks, where they run, and the slots that play dry because theirs cannot be loaded.

    Raises:
        PresetError: none of them can.
    """
    generators: list[OnnxGenerator | Through] = []
    provider, faults = "", {}
    for slot, model in enumerate(asked.models):
        try:
            generator = OnnxGenerator(Path(model), asked.provider, threads=1)
            provider = generator.provider
            generators.append(generator)
        except PresetError as fault:
            faults[slot] = fault
            generators.append(Through())
    if len(faults) == len(generators):
        raise faults[0]
    for slot, why in faults.items():
        say(warning=f"slot {slot + 1} plays dry: {why}")
    return generators, provider, list(faults)


def may_hurry() -> bool:
    """Whether a thread of this process may ask for real-time priority."""
    with ThreadPoolExecutor(1) as pool:  # the priority ends with the thread
        return pool.submit(_hurry).result()


def _hurry() -> bool:
    """Ask for real-time priority for the hop loop; whether it was given."""
    try:
        own = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK  # threads begun later are ordinary ones
        os.sched_setscheduler(0, own, os.sched_param(_PRIORITY))
    except (AttributeError, OSError):
        return False
    return True


if __name__ == "__main__":
    serve(main, Asked)
