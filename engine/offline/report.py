"""The picture of a run: input, generated, output and gain as images over one time line."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.columns import ColumnStream
from engine.dsp.frontend import Analyser, FrontEnd
from engine.dsp.tempo import Tempo
from engine.dsp.tempo_map import TempoMap
from engine.io.files import SoundReader
from engine.pictures import draw_bands, head, pyplot, save

_LAYOUT = {"constrained_layout": True, "dpi": 100}
_PIXELS = 1600  # columns of the picture: the memory does not grow with the file
_MOST_MARKS = 80


class Strip:
    """An image over time of bounded width: rows that fall on the same pixel are averaged."""

    def __init__(self, seconds: float, n_mels: int) -> None:
        self._scale = _PIXELS / max(seconds, 1e-3)
        self._sum = np.zeros((_PIXELS, n_mels), np.float64)
        self._count = np.zeros(_PIXELS, np.int64)

    def add(self, time_s: float, row: Array) -> None:
        """Put a row of (n_mels,) at a time."""
        pixel = int(time_s * self._scale)
        if 0 <= pixel < _PIXELS:
            self._sum[pixel] += row
            self._count[pixel] += 1

    @property
    def is_empty(self) -> bool:
        """Whether no row has come yet."""
        return not self._count.any()

    def image(self) -> Array:
        """(n_mels, pixels); a pixel without a row repeats its neighbour."""
        filled = np.flatnonzero(self._count)
        if not len(filled):
            return np.full((self._sum.shape[1], _PIXELS), np.nan)
        nearest = filled[
            np.abs(np.searchsorted(filled, np.arange(_PIXELS)).clip(0, len(filled) - 1))
        ]
        return np.asarray((self._sum[nearest] / self._count[nearest, None]).T)


class Report:
    """Watches a run and draws it.

    Args:
        analyser: front end at the run's rate.
        channels: number of channels.
        seconds: length of the run.
        tempo: for the downbeats on the time line.
        title: above the picture.
    """

    def __init__(
        self,
        analyser: Analyser,
        channels: int,
        seconds: float,
        tempo: Tempo | TempoMap,
        title: str,
    ) -> None:
        n_mels = analyser.spec.n_mels
        self._analyser, self._seconds, self._title = analyser, seconds, title
        self._tempi = TempoMap.of(tempo)
        self._feeds = {name: ColumnStream(analyser, channels) for name in ("input", "output")}
        self._received = dict.fromkeys(self._feeds, 0)
        self._column = dict.fromkeys(self._feeds, 0)
        names = ("input", "generated", "output", "gain")
        self._strips = {name: Strip(seconds, n_mels) for name in names}

    def hear(self, name: str, block: Audio) -> None:
        """Sound of ``input`` or ``output``, both counted from their own beginning."""
        a, first = self._analyser, self._column[name]
        self._feeds[name].push([block])
        self._received[name] += block.shape[-1]
        last = int((self._received[name] - a.after) // a.hop)
        centres = [round(i * a.hop) for i in range(first, max(first, last))]
        self._column[name] += len(centres)
        rows, _ = self._feeds[name].take(centres)
        for centre, row in zip(centres, rows, strict=True):
            self._strips[name].add(centre / a.rate, row)

    def watch(self, instant: int, wet: float, gain: Array, generated: Array | None) -> None:
        """A hop, as :data:`engine.offline.restyle.Watch`.

        Args:
            instant: of the hop, samples from the input's beginning.
            wet: how much of the effect there is, 0 … 1; not drawn.
            gain: dB, (bands,).
            generated: the generated image, (bands,), where there is one.
        """
        del wet
        time_s = instant / self._analyser.rate
        self._strips["gain"].add(time_s, gain)
        if generated is not None:
            self._strips["generated"].add(time_s, generated)

    def draw(self, path: Path, force: bool = False) -> Path:
        """Write the picture as PNG: those of the four images that there is something of.

        Raises:
            UsageError: it would replace a file that is not ours, and ``force`` is not said.
            OutputError: the file cannot be written.
        """
        plt = pyplot()
        spec = self._analyser.spec
        names = [name for name, strip in self._strips.items() if not strip.is_empty] or ["input"]
        size = 16, 11 / 4 * len(names)
        figure, axes = plt.subplots(
            len(names), 1, figsize=size, sharex=True, squeeze=False, **_LAYOUT
        )
        axes = axes[:, 0]
        for axis, name in zip(axes, names, strict=True):
            diverging = name == "gain"
            shown = draw_bands(
                axis,
                name,
                self._strips[name].image(),
                self._analyser.centres_hz,
                (-30.0, 30.0) if diverging else (spec.floor_db, spec.ceil_db),
                "RdBu_r" if diverging else "magma",
                self._seconds,
            )
            figure.colorbar(shown, ax=axis, pad=0.01, label="dB")
            self._mark_downbeats(axis)
        axes[-1].set_xlabel("seconds; lines: bars, thick: phrases of four downbeats")
        head(figure, self._title)
        return save(figure, path, force)

    def _mark_downbeats(self, axis: object) -> None:
        marks = list(self._tempi.downbeats(self._seconds))
        if len(marks) > _MOST_MARKS:  # phrases only, and of very many only some
            phrases = [mark for mark in marks if mark[1]]
            marks = phrases[:: -(-len(phrases) // _MOST_MARKS)]
        for time_s, thick in marks:
            axis.axvline(  # type: ignore[attr-defined]
                time_s, color="white", lw=1.4 if thick else 0.5, alpha=0.7
            )
            axis.axvline(  # type: ignore[attr-defined]
                time_s, color="black", lw=0.5 if thick else 0.2, alpha=0.7
            )


def draw_two(feed: Path, kept: Path, tempo: Tempo, title: str, force: bool) -> Path:
    """The picture of a recording beside what it was made of, on which it lies.

    Args:
        feed: sound file that it was made of.
        kept: the recording, of the same rate.
        tempo: for the downbeats on the time line.
        title: above the picture.
        force: whether it may take the place of a file that is not ours.

    Returns:
        Its path, beside the recording.

    Raises:
        InputError: a file cannot be read.
        OutputError: the picture cannot be written.
    """
    with SoundReader(feed) as before, SoundReader(kept) as after:
        analyser = FrontEnd().at(after.rate)
        report = Report(analyser, after.channels, after.frames / after.rate, TempoMap(tempo), title)
        for name, reader in (("input", before), ("output", after)):
            for block in reader.blocks(limit=after.frames):
                report.hear(name, block)
    return report.draw(kept.with_suffix(".png"), force)
