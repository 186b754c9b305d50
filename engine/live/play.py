"""Playing live: the hop loop under a real-time clock."""

from __future__ import annotations

import gc
import threading
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from engine.dsp.arrays import Audio
from engine.dsp.limiter import Limiter
from engine.dsp.tempo import Tempo
from engine.dsp.tempo_map import TempoMap
from engine.errors import DoubledropError
from engine.live.generator import OnnxGenerator
from engine.live.inference import Background
from engine.live.report import Report
from engine.live.sources import Pace, Sink, Source
from engine.stages.chain import Chain
from engine.stages.dose import Dose
from engine.stages.host import Host, Settings
from engine.stages.readings import Reading
from engine.stages.restyle import shown_columns


@dataclass
class Meters:
    """What the screen shows; written by the hop loop, read by anyone.

    Levels are peaks since they were last taken, full scale 1; ``gain`` says where the gain of the
    latest hop came from and ``wet`` how much of it is heard.
    """

    samples: int = 0
    peak_in: float = 0.0
    peak_out: float = 0.0
    late_hops: int = 0
    faults: int = 0
    fault: str = ""
    inferences: int = 0
    late_inferences: int = 0
    share: dict[str, float] = field(default_factory=dict)
    gain: str = "dry"
    wet: float = 0.0
    latency: int = 0

    def take_peaks(self) -> tuple[float, float]:
        """Input and output peak since the last call."""
        peaks = self.peak_in, self.peak_out
        self.peak_in = self.peak_out = 0.0
        return peaks


class Player:
    """Source → host → sink on a thread of its own, until the end or :meth:`stop`.

    Args:
        source, sink: where the sound comes from and goes to.
        paced: whether a device keeps the time; without one the player sleeps to keep it.
        generator: the network, which is warmed here.
        tempo: tempo and downbeat of the feed; what becomes of them is followed.
        settings: how to render.
        seconds: stop after so long.
        report: is told of the run by :meth:`digest`, if there is to be a picture.
        before, after: effects before and behind the generator.
    """

    def __init__(
        self,
        source: Source,
        sink: Sink,
        paced: bool,
        generator: OnnxGenerator,
        tempo: Tempo | TempoMap,
        settings: Settings,
        seconds: float | None = None,
        report: Report | None = None,
        before: Chain | None = None,
        after: Chain | None = None,
    ) -> None:
        self._source, self._sink, self._report = source, sink, report
        tempi = TempoMap.of(tempo).tempi
        for columns in {shown_columns(generator, one, settings.use) for one in tempi}:
            generator.warm(columns)
        self._inference = Background()
        form = source.rate, source.channels
        self._host = Host(generator, self._inference, *form, tempo, settings, before, after)
        # As loud as the feed, and below the ceiling: as on the stage.
        self._host.restyle.dose = Dose(self._host.renderer.stft, source.rate, match=True)
        self._ceiling = Limiter(source.rate, source.channels)
        self._hop = self._host.restyle.hop
        self._paced = paced
        limit = None if seconds is None else round(seconds * source.rate)
        known = [n for n in (limit, source.frames) if n is not None]
        self.frames = min(known) if known else None
        self.meters = Meters(latency=self._host.latency + self._ceiling.latency)
        self._seen: deque[tuple[Audio, Audio, list[tuple[int, Reading]]]] = deque()
        self._stop, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="hop loop")
        self.error: DoubledropError | None = None

    def start(self) -> None:
        """Begin to play."""
        gc.collect()
        gc.freeze()  # what lives now lives on: the collector need not look at it again
        self._thread.start()

    def stop(self) -> None:
        """End after the hop under way; what was recorded is kept."""
        self._stop.set()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; whether it has come."""
        # Not Thread.join: interrupted by Ctrl-C, it takes a running thread for ended (Python 3.11).
        return self._ended.wait(timeout)

    def _run(self) -> None:
        try:
            with ExitStack() as stack:
                stack.callback(self._inference.close)
                stack.callback(self._source.close)
                stack.callback(self._sink.close)
                self._loop()
        except DoubledropError as fault:
            self.error = fault
        finally:
            self._ended.set()

    def _loop(self) -> None:
        pace = None if self._paced else Pace(self._source.rate)
        meters, hop = self.meters, self._hop
        while not self._stop.is_set():
            if self.frames is not None and meters.samples >= self.frames + meters.latency:
                return
            block = self._source.read(hop)
            if block is None:  # what is still in the path comes out after the end
                block = np.zeros((self._source.channels, hop), np.float32)
                if self.frames is None:
                    return
            out = self._ceiling.process(self._host.process(block))
            self._sink.write(out)
            self._measure(block, out)
            if pace is not None:
                pace.wait(hop)
                meters.late_hops = pace.late

    def _measure(self, block: Audio, out: Audio) -> None:
        meters, inference = self.meters, self._inference
        meters.samples += block.shape[-1]
        meters.peak_in = max(meters.peak_in, float(np.abs(block).max()))
        meters.peak_out = max(meters.peak_out, float(np.abs(out).max()))
        meters.inferences, meters.late_inferences = inference.done, self._host.restyle.late
        meters.faults, meters.fault = inference.faults, inference.fault
        meters.share = self._host.restyle.share
        _, latest = self._host.restyle.last_readings[-1]
        meters.gain, meters.wet = latest.quality.value, latest.wet * self._host.wet
        if self._report is not None:
            self._seen.append((block, out, self._host.restyle.last_readings))

    def digest(self) -> None:
        """Put what was played since the last call into the report; not the hop loop's work."""
        seen = [self._seen.popleft() for _ in range(len(self._seen))]
        if self._report is None or not seen:
            return
        self._report.hear("input", np.concatenate([block for block, _, _ in seen], axis=-1))
        self._report.hear("output", np.concatenate([out for _, out, _ in seen], axis=-1))
        self._report.watch([pair for _, _, readings in seen for pair in readings])
