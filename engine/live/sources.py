"""Where sound comes from and goes to while playing: devices, files, the demo feed."""

from __future__ import annotations

import time
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from engine.dsp.arrays import Audio
from engine.dsp.tempo import Tempo
from engine.errors import DeviceError
from engine.live.devices import Device, portaudio
from engine.live.files import SoundReader, SoundWriter


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
    """A file as a feed; its last block is filled up with silence."""

    def __init__(self, path: Path) -> None:
        self._reader = SoundReader(path)
        self.rate, self.channels = self._reader.rate, self._reader.channels
        self.frames: int | None = self._reader.frames
        self._blocks: Any = None

    def read(self, n: int) -> Audio | None:
        """The next (channels, n), or None at the end."""
        if self._blocks is None:
            self._blocks = self._reader.blocks(n)
        block = next(self._blocks, None)
        if block is None:
            return None
        return np.pad(block, ((0, 0), (0, n - block.shape[-1])))

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
        data, overflowed = _guard(self._stream.read, n)
        self.overflows += bool(overflowed)
        return np.ascontiguousarray(data.T)

    def close(self) -> None:
        """Stop the stream."""
        self._stream.close()


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
        self.underflows += bool(_guard(self._stream.write, data))

    def close(self) -> None:
        """Let what was written play out, and stop the stream."""
        self._stream.stop()
        self._stream.close()


class FileSink:
    """A recording: kept when closed."""

    def __init__(self, path: Path, rate: int, channels: int) -> None:
        self._writer = SoundWriter(path, rate, channels)

    def write(self, block: Audio) -> None:
        """Append (channels, n)."""
        self._writer.write(block)

    def close(self) -> None:
        """Complete the file and give it its name."""
        with self._writer:
            self._writer.keep()


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
    return folder / "feed.flac", Tempo(facts["bpm"], facts["downbeat_s"])


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


def _guard(call: Any, *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except Exception as fault:
        raise DeviceError(
            "audio device", f"stopped ({fault})", cure="Check the cable or the audio server."
        ) from fault
