"""The process in which the network runs: it may be slow, fall silent or die, and the music goes on.

``python -m engine.live.engine_process BOARD REQUEST``. It follows what the device hears, hop by
hop, and writes what it makes of it to the place where the device will look. One that was started
again first listens to the last phrase, which is still in the ring.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections import deque
from pathlib import Path

import numpy as np

from engine.dsp.arrays import Audio
from engine.dsp.gain import Quality
from engine.dsp.stft import STFT
from engine.dsp.tempo import Tempo, bucket
from engine.errors import DoubledropError
from engine.live import board as b
from engine.live.asked import Asked, read
from engine.live.generator import OnnxGenerator
from engine.live.inference import Background
from engine.live.processes import fail, follow, say
from engine.stages.host import Host

_IDLE_S = 0.0003  # between looks for the next hop: a ninth of one
_SWITCH_S = 0.0005  # the interpreter's turn-taking between hop loop and inference
_MOST_HOPS = 64
_BACKLOG_S = 1.0  # further behind than this, the feed is listened to and not rendered
_PRIORITY = 20
_PLACES = {
    Quality.FRESH: b.FRESH,
    Quality.PREDICTED: b.PREDICTED,
    Quality.HELD: b.HELD,
    Quality.DRY: b.DRY,
}


class Session:
    """One device at one rate, followed from where the ring still knows it.

    Args:
        board: the shared memory.
        generator: the network.
        asked: see :class:`Asked`.
    """

    def __init__(self, board: b.Board, generator: OnnxGenerator, asked: Asked) -> None:
        self._board, self.number = board, board.get(b.SESSION)
        self._rate = board.get(b.RATE)
        self._channels = max(1, board.get(b.INPUTS))
        self._inference = Background()
        tempo = Tempo(asked.bpm, asked.downbeat_s)
        heard = board.get(b.HEARD)
        hop = STFT.low_delay(self._rate, asked.settings.synthesis).hop
        known = min(heard, round(1.1 * tempo.phrase_s * self._rate), b.FEED // 2)
        self._at = (heard - known) // hop * hop
        # The host counts from its own beginning.
        shifted = Tempo(asked.bpm, asked.downbeat_s - self._at / self._rate)
        self._host = Host(
            generator, self._inference, self._rate, self._channels, shifted, asked.settings
        )
        self._restyle, self._hop = self._host.restyle, hop
        self._before: dict[Quality, int] = {}
        self._counted = {place: board.get(place) for place in (b.INFERENCES, b.LATE_INFERENCES)}
        self._faults = board.get(b.FAULTS)
        self._ages: deque[float] = deque(maxlen=4096)
        self._times: deque[float] = deque(maxlen=4096)
        self._reported, self._said = 0.0, ""
        self._listen()

    def follow(self) -> None:
        """Hop after hop, until the session is over or the program ends."""
        board, hop = self._board, self._hop
        while board.get(b.SESSION) == self.number and not board.get(b.STOP):
            behind = board.get(b.HEARD) - self._at
            hops = behind // hop
            if hops <= 0:
                time.sleep(_IDLE_S)
                if os.getppid() != board.get(b.OWNER):
                    return
                continue
            if behind > _BACKLOG_S * self._rate:
                self._listen()
                continue
            began = time.perf_counter()
            self._play(min(hops, _MOST_HOPS))
            if hops == 1:
                self._times.append(time.perf_counter() - began)
            self._report(began)

    def close(self) -> None:
        """End the inference thread."""
        self._inference.close()

    def _listen(self) -> None:
        """Catch up without inference, which would look at a window that is half empty."""
        self._inference.paused = True
        while (hops := (self._board.get(b.HEARD) - self._at) // self._hop) > 2:
            self._at += self._take(min(hops, _MOST_HOPS)).shape[-1]
        self._inference.paused = False
        # These hops were not played, and do not count.
        self._before = {
            quality: self._board.get(place) - self._restyle.hops[quality]
            for quality, place in _PLACES.items()
        }

    def _take(self, hops: int) -> Audio:
        """The next hops of the feed, restyled."""
        block = self._board.read(self._board.feed, self._at, hops * self._hop, self._channels)
        return self._restyle.process(self._host.sanitise.process(block))

    def _play(self, hops: int) -> None:
        board, out = self._board, self._take(hops)
        first = self._at - self._restyle.latency
        self._at += out.shape[-1]
        if first >= 0:
            board.write(board.wet, first, out)
        if board.get(b.SESSION) != self.number:
            return
        board.publish(b.MADE, first + out.shape[-1])
        board.numbers[b.HOPS] += hops
        if board.get(b.HEARD) - board.get(b.BEHIND) > first:
            board.numbers[b.LATE_HOPS] += hops
        instant, reading = self._restyle.last_readings[-1]
        if reading.tap:
            newest = reading.tap.image.source.newest
            self._ages.append(max(0.0, (instant - newest) / self._rate))

    def _report(self, now: float) -> None:
        """Counters and, once a second, percentiles."""
        board, inference = self._board, self._inference
        for quality, place in _PLACES.items():
            board.numbers[place] = self._before[quality] + self._restyle.hops[quality]
        board.numbers[b.INFERENCES] = self._counted[b.INFERENCES] + inference.done
        board.numbers[b.LATE_INFERENCES] = self._counted[b.LATE_INFERENCES] + self._restyle.late
        board.numbers[b.FAULTS] = self._faults + inference.faults
        board.levels[b.ENGINE_WET] = self._restyle.last_readings[-1][1].wet
        if inference.fault != self._said:
            self._said = inference.fault
            say(fault=self._said)
        if now - self._reported > 1.0 and self._ages and self._times:
            self._reported = now
            board.levels[b.AGE_P50], board.levels[b.AGE_P99] = np.percentile(self._ages, (50, 99))
            board.levels[b.HOP_P50 : b.HOP_P999 + 1] = 1e3 * np.percentile(
                self._times, (50, 99, 99.9)
            )


def main(board: b.Board, asked: Asked) -> int:
    """Load the network, say so, and follow one session after the other."""
    generator = OnnxGenerator(Path(asked.model), asked.provider, threads=1)
    width = bucket(Tempo(asked.bpm).phrase_s / generator.front_end.hop_s)
    generator.warm(width)
    sys.setswitchinterval(_SWITCH_S)
    say(ready=True, provider=generator.provider, realtime=_hurry())
    gc.collect()
    gc.freeze()
    gc.disable()
    while not board.get(b.STOP) and os.getppid() == board.get(b.OWNER):
        if not board.get(b.SESSION):
            time.sleep(_IDLE_S)
            continue
        session = Session(board, generator, asked)
        try:
            session.follow()
        finally:
            session.close()
        gc.collect()
    return 0


def may_hurry() -> bool:
    """Whether this process may ask for real-time priority."""
    hurried = _hurry()
    if hurried:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return hurried


def _hurry() -> bool:
    """Ask for real-time priority for the hop loop; whether it was given."""
    try:
        own = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK  # threads begun later are ordinary ones
        os.sched_setscheduler(0, own, os.sched_param(_PRIORITY))
    except (AttributeError, OSError):
        return False
    return True


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    shared = b.Board(Path(sys.argv[1]))
    follow(shared)
    try:
        code = main(shared, read(Asked, sys.argv[2]))
    except DoubledropError as trouble:
        code = fail(trouble)
    sys.stdout.flush()
    os._exit(code)
