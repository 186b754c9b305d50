"""Files through the signal path: what the stage will hear, or the paper's whole window."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.dsp.arrays import Audio
from engine.dsp.limiter import CEILING_DB, Limiter
from engine.dsp.tempo import Tempo
from engine.dsp.tempo_map import TempoMap
from engine.dsp.window import Use
from engine.errors import UsageError
from engine.live.constant_q import draw_constant_q
from engine.live.files import BLOCK, SoundReader, SoundWriter, make_folder
from engine.live.generator import AnyGenerator, StreamingOnnx
from engine.live.inference import Eager, Scheduled
from engine.live.report import Report
from engine.live.standalone import effects_of
from engine.stages.chain import Chain
from engine.stages.host import Host, Settings
from engine.writing import check_output

Progress = Callable[[int, int], None]
"""Called with samples done and samples in all."""


@dataclass(frozen=True)
class Rendering:
    """Figures of a render; see ``render --json`` in the README for the keys."""

    seconds: float
    realtime_factor: float
    provider: str
    latency_samples: int
    latency_ms: float
    window: str
    renderer: str
    inferences: int
    late: int
    gain_share: dict[str, float]
    bpm: float
    bpm_range: tuple[float, float]
    downbeat_s: float
    beats_per_bar: int
    inference_ms: float | None
    noise_db: float | None
    peak_dbfs: float
    clipped: int
    ceiling_dbtp: float | None
    reduction_db: float | None
    repaired: int
    pictures: list[str]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return dict(vars(self))


def measure_inference_ms(generator: AnyGenerator, tempo: Tempo, use: Use, runs: int = 5) -> float:
    """Median time of one inference at this tempo's width, warm, in milliseconds."""
    generator.warm(tempo, use)
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        generator.warm(tempo, use, 1)
        times.append(time.perf_counter() - begun)
    return float(np.median(times) * 1000)


def render(
    source: Path,
    sink: Path,
    generator: AnyGenerator,
    tempo: Tempo | TempoMap,
    settings: Settings,
    *,
    inference_ms: float | None = None,
    report: Path | None = None,
    title: str = "",
    progress: Progress | None = None,
    effects: str = "",
    ceiling: bool = False,
    force: bool = False,
    note: Callable[[str], None] = lambda text: None,
) -> Rendering:
    """Render a file. The output lies on the input, sample for sample, whatever the latency.

    Args:
        source: sound file.
        sink: sound file to write; complete or not at all.
        generator: the network.
        tempo: tempo and downbeat of the file; what becomes of them is followed.
        settings: how to render.
        inference_ms: simulated time of an inference; by default it is measured first. In use
            ``late`` every time up to four bars gives the same output.
        report: folder for pictures, made if it does not exist.
        title: of the pictures.
        progress: told how far it is.
        effects: preset whose effects are heard; none for the generator alone.
        ceiling: whether the stage's limiter keeps true peaks down, as behind the stage's output.
        force: whether output and pictures may replace files that are not ours.
        note: told what goes wrong with the effects, and of a file that ends too early.

    Raises:
        InputError, OutputError: a file is damaged or cannot be written.
        GeneratorError: the generator failed.
    """
    begun, tempi = time.perf_counter(), TempoMap.of(tempo)
    with ExitStack() as stack:
        reader = stack.enter_context(SoundReader(source))
        rate, channels, frames = reader.rate, reader.channels, reader.frames
        pictures = [] if report is None else _places_of(report, source, sink, force)
        writer = stack.enter_context(
            SoundWriter(sink, rate, channels, inputs=[source], force=force)
        )
        if settings.use == "late" and inference_ms is None:
            # Any time up to four bars gives the same output; nearly all of it lets the sound
            # and the inference run side by side.
            shortest_s = min(one.phrase_s for one in tempi.tempi)
            duration = round(shortest_s * rate) - generator.front_end.at(rate).n
        else:
            inference_ms = measured(inference_ms, generator, tempi.first, settings.use)
            duration = round(inference_ms / 1000 * rate)
        eager = isinstance(generator, StreamingOnnx) and not duration
        inference = Eager() if eager else Scheduled(duration)
        stack.callback(inference.close)
        chains: tuple[Chain | None, Chain | None] = None, None
        if effects:
            chains = stack.enter_context(effects_of(effects, settings, rate, channels, note))
        watcher = None
        if report is not None:
            analyser = generator.front_end.at(rate)
            watcher = Report(analyser, channels, frames / rate, tempi, title or source.name)
        watch = None if watcher is None else watcher.watch
        host = Host(generator, inference, rate, channels, tempi, settings, *chains, watch=watch)
        limiter = Limiter(rate, channels) if ceiling else None
        late = host.latency + (limiter.latency if limiter else 0)
        told = set(host.faults)
        skip, written = late, 0
        for block in _followed_by_silence(reader, late):
            out = host.process(block)
            if limiter is not None:
                out = limiter.process(out)
            dropped = min(skip, out.shape[-1])
            skip -= dropped
            out = out[:, dropped:]
            writer.write(out)
            written += out.shape[-1]
            if watcher is not None:
                watcher.hear("input", block)
                watcher.hear("output", out)
            if progress is not None:
                progress(written, frames)
        writer.keep()
        for fault in {*host.faults, reader.warning} - told - {""}:
            note(fault)
        if watcher is not None:
            watcher.draw(pictures[0], force)
            heading = title or source.name
            draw_constant_q(source, sink, tempi.first, pictures[1], heading, force)
        seconds = written / rate
        elapsed = time.perf_counter() - begun
        return Rendering(
            seconds=seconds,
            realtime_factor=seconds / elapsed,
            provider=generator.provider,
            latency_samples=host.latency,
            latency_ms=host.latency / rate * 1000,
            window=settings.use,
            renderer=settings.renderer,
            inferences=inference.done,
            late=host.restyle.late,
            gain_share=host.restyle.share,
            bpm=tempi.first.bpm,
            bpm_range=tempi.bpm_range,
            downbeat_s=tempi.first.downbeat_s,
            beats_per_bar=tempi.first.beats_per_bar,
            inference_ms=inference_ms,
            noise_db=host.noise_db,
            peak_dbfs=writer.peak_dbfs,
            clipped=writer.clipped,
            ceiling_dbtp=CEILING_DB if limiter else None,
            reduction_db=limiter.take_reduction_db() if limiter else None,
            repaired=host.sanitise.repaired,
            pictures=[str(picture) for picture in pictures],
        )


def _places_of(report: Path, source: Path, sink: Path, force: bool) -> list[Path]:
    """The pictures, in a folder that is made; each may be written."""
    make_folder(report)
    pictures = pictures_of(report, sink)
    for picture in pictures:
        check_output(picture, inputs=[source], force=force)
    return pictures


def measured(inference_ms: float | None, generator: AnyGenerator, tempo: Tempo, use: Use) -> float:
    """The time given, or one that is measured; of a streaming generator, whose answers come in time
    or make a difference, none."""
    if inference_ms is None and isinstance(generator, StreamingOnnx):
        return 0.0
    if inference_ms is None:
        return measure_inference_ms(generator, tempo, use)
    if not inference_ms >= 0:
        raise UsageError(
            "inference time", f"{inference_ms:g} ms", expected="0 or more", cure="--inference-ms 50"
        )
    return inference_ms


def pictures_of(report: Path, sink: Path) -> list[Path]:
    """Where the pictures of a run go."""
    return [report / f"{sink.stem}.png", report / f"{sink.stem}-cqt.png"]


def _followed_by_silence(reader: SoundReader, samples: int) -> Iterator[Audio]:
    """The file, then as much silence as brings its end out of the host."""
    yield from reader.blocks()
    for first in range(0, samples, BLOCK):
        yield np.zeros((reader.channels, min(BLOCK, samples - first)), np.float32)
