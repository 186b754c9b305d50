"""Files that sound comes from and goes to while playing, and the demo feed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from functools import partial
from importlib import resources
from pathlib import Path

import numpy as np
import soxr

from engine.dsp.arrays import Audio
from engine.dsp.tempo import Tempo
from engine.errors import OutputError
from engine.io.files import SoundReader, SoundWriter, check_writable


class FileSource:
    """A file as a feed, followed by silence; resampled where the output device has its own rate.

    Args:
        path: sound file.
        rate: wanted sample rate; the file's own if not given.
    """

    def __init__(self, path: Path, rate: int | None = None) -> None:
        self._reader = SoundReader(path)
        self.channels = self._reader.channels
        self.rate = rate or self._reader.rate
        self.frames: int | None = round(self._reader.frames * self.rate / self._reader.rate)
        self._blocks = self._resampled()
        self._ready = np.zeros((self.channels, 0), np.float32)

    def read(self, n: int) -> Audio | None:
        """The next (channels, n), or None at the end."""
        while self._ready.shape[-1] < n and (block := next(self._blocks, None)) is not None:
            self._ready = np.concatenate([self._ready, block], axis=-1)
        out, self._ready = self._ready[:, :n], self._ready[:, n:]
        if not out.shape[-1]:
            return None
        return np.pad(out, ((0, 0), (0, n - out.shape[-1])))

    def _resampled(self) -> Iterator[Audio]:
        blocks = self._reader.blocks()
        if self.rate == self._reader.rate:
            yield from blocks
            return
        stream = soxr.ResampleStream(self._reader.rate, self.rate, self.channels, "float32")
        for block in blocks:
            yield stream.resample_chunk(np.ascontiguousarray(block.T)).T
        nothing = np.zeros((0, self.channels), np.float32)
        yield stream.resample_chunk(nothing, last=True).T

    @property
    def warning(self) -> str:
        """See :attr:`engine.io.files.SoundReader.warning`."""
        return self._reader.warning

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


class FileSink:
    """A recording: kept when closed, when the disk is full up to there, and when the process is
    killed. There is none before there is sound. The arguments are those of
    :class:`engine.io.files.SoundWriter`."""

    def __init__(
        self,
        path: Path,
        rate: int,
        channels: int,
        inputs: Iterable[Path] = (),
        force: bool = False,
    ) -> None:
        check_writable(path, inputs, force)
        self._open = partial(
            SoundWriter, path, rate, channels, inputs=inputs, force=force, recording=True
        )
        self._writer: SoundWriter | None = None
        self._broken = False

    def write(self, block: Audio) -> None:
        """Append (channels, n).

        Raises:
            OutputError: the disk is full or gone.
        """
        if self._writer is None:
            self._writer = self._open()
        try:
            self._writer.write(block)
        except OutputError:
            self._broken = True
            raise

    def close(self) -> None:
        """Complete the file."""
        if self._writer is not None:
            with self._writer:
                self._writer.keep(partial=self._broken)


def demo_feed() -> tuple[Path, Tempo]:
    """The bundled drum & bass feed with its tempo and downbeat."""
    folder = Path(str(resources.files("engine.io.demo")))
    facts = tomllib.loads((folder / "feed.toml").read_text(encoding="utf-8"))
    return folder / "feed.flac", Tempo(facts["bpm"], facts["downbeat_s"])
