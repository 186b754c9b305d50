"""Where sound comes from and goes to while playing: devices, files, the demo feed."""

from __future__ import annotations

import threading
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soxr

from engine.dsp.arrays import Audio
from engine.dsp.tempo import Tempo
from engine.errors import DeviceError, DeviceLost, OutputError
from engine.live.devices import Device, portaudio
from engine.live.files import SoundReader, SoundWriter, check_writable

_PATIENCE_S = 2.0
_POLL_S = 0.0005


class Source(Protocol):
    """Sound in, block by block."""

    rate: int
    channels: int
    frames: int | None
    """Length in samples, or None for a device."""

    def read(self, n: int) -> Audio | None:
        """The next (channels, n), or None at the end."""
        ...

    def close(self) -> None:
        """Give the file or device back."""
        ...


class Sink(Protocol):
    """Sound out, block by block."""

    def write(self, block: Audio) -> None:
        """Take (channels, n)."""
        ...

    def close(self) -> None:
        """Give the file or device back."""
        ...


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
        """See :attr:`engine.live.files.SoundReader.warning`."""
        return self._reader.warning

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


class DeviceSource:
    """Line-in. PortAudio's own callback fills a ring, from which this reads."""

    frames: int | None = None

    def __init__(self, device: Device, rate: int, block: int) -> None:
        self.rate, self.channels = rate, min(2, device.inputs)
        self.overflows = 0
        self._stream = _open(
            portaudio().InputStream, device, rate=rate, channels=self.channels, block=block
        )

    def read(self, n: int) -> Audio | None:
        """The next (channels, n); waits for it."""
        _await(lambda: self._stream.read_available >= n)
        data, overflowed = _guard(self._stream.read, n)
        self.overflows += bool(overflowed)
        return np.ascontiguousarray(data.T)

    def close(self) -> None:
        """Stop the stream."""
        _close(self._stream)


class DeviceSink:
    """Line-out, limited to full scale."""

    def __init__(self, device: Device, rate: int, channels: int, block: int) -> None:
        self.underflows = 0
        self._outputs = min(max(2, channels), device.outputs)
        self._stream = _open(
            portaudio().OutputStream, device, rate=rate, channels=self._outputs, block=block
        )

    def write(self, block: Audio) -> None:
        """Take (channels, n); waits until there is room."""
        if block.shape[0] != self._outputs:
            block = (
                np.repeat(block, self._outputs, axis=0)
                if block.shape[0] == 1
                else block[: self._outputs]
            )
        data = np.ascontiguousarray(np.clip(block, -1.0, 1.0).T)
        _await(lambda: self._stream.write_available >= len(data))
        self.underflows += bool(_guard(self._stream.write, data))

    def close(self) -> None:
        """Stop the stream."""
        _close(self._stream)


class FileSink:
    """A recording: kept when closed, when the disk is full up to there, and when the process is
    killed. There is none before there is sound. See :class:`engine.live.files.SoundWriter` for the
    arguments."""

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


class NoSink:
    """Nowhere."""

    def write(self, block: Audio) -> None:
        """Take (channels, n) and forget it."""

    def close(self) -> None:
        """Nothing to give back."""


class Pace:
    """The clock when no device keeps time: sleeps until a block is due.

    Attributes:
        late: blocks that were over a hop late when they were done.
    """

    def __init__(self, rate: float) -> None:
        self._rate, self._begun, self._samples = rate, time.monotonic(), 0
        self.late = 0

    def wait(self, n: int) -> None:
        """Wait until n more samples of time have passed."""
        self._samples += n
        ahead = self._begun + self._samples / self._rate - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        elif -ahead > n / self._rate:
            self.late += 1


def demo_feed() -> tuple[Path, Tempo]:
    """The bundled drum & bass feed with its tempo and downbeat."""
    folder = Path(str(resources.files("engine.live.demo")))
    facts = tomllib.loads((folder / "feed.toml").read_text(encoding="utf-8"))
    tempo = Tempo(facts["bpm"], facts["downbeat_s"], facts["beats_per_bar"])
    return folder / "feed.flac", tempo


def _open(kind: Any, device: Device, *, rate: int, channels: int, block: int) -> Any:
    try:
        stream = kind(
            device=device.index,
            samplerate=rate,
            channels=channels,
            blocksize=block,
            dtype="float32",
            latency="low",
        )
        stream.start()
    except Exception as fault:
        raise DeviceError(
            device.name,
            f"refuses {rate} Hz, {channels} channels, blocks of {block} ({fault})",
            cure="Choose another device (`doubledrop devices`), or close what is using it.",
        ) from fault
    return stream


def _await(ready: Callable[[], bool]) -> None:
    """Wait for a device, but not for ever: PortAudio's own calls do when the server has died."""
    deadline = time.monotonic() + _PATIENCE_S
    while not _guard(ready):
        if time.monotonic() > deadline:
            raise DeviceLost(
                "audio device",
                f"silent for {_PATIENCE_S:g} s",
                cure="Check the cable or the audio server; what was recorded is kept.",
            )
        time.sleep(_POLL_S)


def _close(stream: Any) -> None:
    """Close a stream, but wait no longer than patience: with a dead server PortAudio takes ten
    minutes."""
    closing = threading.Thread(target=stream.close, daemon=True)
    closing.start()
    closing.join(_PATIENCE_S)


def _guard(call: Any, *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except Exception as fault:
        raise DeviceLost(
            "audio device", f"stopped ({fault})", cure="Check the cable or the audio server."
        ) from fault
