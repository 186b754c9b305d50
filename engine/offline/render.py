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
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.dsp.tempo_map import TempoMap
from engine.dsp.window import Use
from engine.effects.chain import Chain
from engine.errors import UsageError
from engine.io.files import BLOCK, SoundReader, SoundWriter, make_folder
from engine.models.executors import Eager, Scheduled
from engine.models.generator import AnyGenerator, StreamingOnnx
from engine.offline.constant_q import draw_constant_q
from engine.offline.report import Report
from engine.offline.signal_chain import SignalChain
from engine.plugins.standalone import effects_of
from engine.writing import check_output

Progress = Callable[[int, int], None]
"""Called with samples done and samples in all."""


@dataclass(frozen=True)
class RenderFigures:
    """Figures of a render; see docs/reference/json.md for the keys."""

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
    """Median time of one inference, warm, in milliseconds.

    Args:
        generator: the network.
        tempo: four bars of it are as wide as the image.
        use: of the window.
        runs: inferences that are timed.
    """
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
) -> RenderFigures:
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
        InputError: a file is damaged.
        OutputError: a file cannot be written.
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
        inference, inference_ms = _executor(generator, settings, tempi, rate, inference_ms)
        stack.callback(inference.close)
        chains: tuple[Chain | None, Chain | None] = None, None
        if effects:
            chains = stack.enter_context(effects_of(effects, settings, rate, channels, note))
        watcher = None
        if report is not None:
            analyser = generator.front_end.at(rate)
            watcher = Report(analyser, channels, frames / rate, tempi, title or source.name)
        watch = None if watcher is None else watcher.watch
        host = SignalChain(
            generator, inference, rate, channels, tempi, settings, *chains, watch=watch
        )
        limiter = Limiter(rate, channels) if ceiling else None
        told, written = set(host.faults), 0
        for block, out in _aligned(reader, host, limiter):
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
        elapsed = time.perf_counter() - begun
        return RenderFigures(
            seconds=written / rate,
            realtime_factor=written / rate / elapsed,
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


def _executor(
    generator: AnyGenerator,
    settings: Settings,
    tempi: TempoMap,
    rate: int,
    inference_ms: float | None,
) -> tuple[Eager | Scheduled, float | None]:
    """Who runs inference, and its simulated time, milliseconds; None where any time gives the same
    output."""
    if settings.use == "late" and inference_ms is None:
        # Nearly all of four bars lets the sound and the inference run side by side.
        shortest_s = min(one.phrase_s for one in tempi.tempi)
        return Scheduled(round(shortest_s * rate) - generator.front_end.at(rate).n), None
    inference_ms = measured(inference_ms, generator, tempi.first, settings.use)
    duration = round(inference_ms / 1000 * rate)
    eager = isinstance(generator, StreamingOnnx) and not duration
    return (Eager() if eager else Scheduled(duration)), inference_ms


def _aligned(
    reader: SoundReader, host: SignalChain, limiter: Limiter | None
) -> Iterator[tuple[Audio, Audio]]:
    """Blocks of the input, and of the output without its latency: both are as long in the end."""
    late = host.latency + (limiter.latency if limiter else 0)
    skip = late
    for block in _followed_by_silence(reader, late):
        out = host.process(block)
        if limiter is not None:
            out = limiter.process(out)
        dropped = min(skip, out.shape[-1])
        skip -= dropped
        yield block, out[:, dropped:]


def _places_of(report: Path, source: Path, sink: Path, force: bool) -> list[Path]:
    """The pictures, in a folder that is made; each may be written."""
    make_folder(report)
    pictures = pictures_of(report, sink)
    for picture in pictures:
        check_output(picture, inputs=[source], force=force)
    return pictures


def measured(inference_ms: float | None, generator: AnyGenerator, tempo: Tempo, use: Use) -> float:
    """Simulated time of an inference, milliseconds.

    Args:
        inference_ms: what was asked for; None to measure it, and to take 0 of a streaming
            generator, all of whose answers are in time then.
        generator: the network.
        tempo: of the music.
        use: of the window.

    Raises:
        UsageError: what was asked for is below 0.
    """
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
