"""Files in the place of audio devices: the stage is rehearsed as it plays, in real time.

A sound file is line-in, another (or nothing) is line-out; where both are, time is kept here, and a
block waits a moment for an engine that is late, for nobody else waits for it. The recording lies
on the line-in sample for sample, whatever the latency.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from engine.config.request import DeviceConfig
from engine.dsp.arrays import Audio
from engine.dsp.latency import FADE
from engine.errors import DeviceError, InputError
from engine.host.callback import Live, exchange
from engine.host.compiling import load
from engine.io.devices import Device, find, portaudio
from engine.io.sources import FileSink, FileSource
from engine.processes import parent
from engine.processes.children import LOST
from engine.processes.speech import say
from engine.state import shared_state as b

_AHEAD_S = 1.0  # of a file that a device plays: read before it is asked for
_PATIENCE_S = 1.0
_BEHIND_S = 0.03  # the network may be: its gains are for what comes later
_LATE_S = 0.1  # behind this, time is not made up for but begins anew
_FADE_OUT_S = 0.1
_SILENT_S = 0.5
_LOOK_S = 0.0003
_WRITE = 4096  # samples: a write to the disk each tenth of a second

Begin = Callable[[b.SharedState, int, DeviceConfig, tuple[int, int], float], Live]


def serve_files(
    shared: b.SharedState, wanted: DeviceConfig, begin: Begin, stated: Callable[[float], float]
) -> int:
    """Play until the file is over, the time is, or somebody says so.

    Args:
        shared: of the stage.
        wanted: with a file at one end at least.
        begin: of a session: shared state, rate, what is wanted, channels of line-in and line-out,
            and level of the output.
        stated: the latency of a device, s, if what it says can be.

    Returns:
        The exit status of the process.

    Raises:
        DeviceError: the device at the other end is missing or refuses.
        InputError: the file cannot be read, or has more than two channels.
        OutputError: the recording cannot be written.
    """
    inputs = None if wanted.feed else find(wanted.input, "input")
    output = find(wanted.output, "output") if wanted.kept is None else None
    with ExitStack() as stack:
        feed = None
        if wanted.feed:
            feed = FileSource(Path(wanted.feed), int(output.rate) if output else None)
            stack.callback(feed.close)
            if feed.channels > b.CHANNELS:
                raise InputError(
                    wanted.feed,
                    f"{feed.channels} channels",
                    expected="mono or stereo",
                    cure="Mix it down.",
                )
        rate = feed.rate if feed else _rate(inputs)
        channels = feed.channels if feed else _channels(inputs, "inputs")
        outputs = _channels(output, "outputs") if output else channels
        load()
        while not shared.network.ready:  # a file does not begin before somebody can restyle it
            if shared.controls.stop or parent.is_gone():
                return 0
            time.sleep(_LOOK_S)
        device = inputs or output
        level = 0.0 if device else shared.controls.level
        live = begin(shared, rate, wanted, (channels, outputs), level)
        ends = _Ends(shared, live, wanted, feed, rate)
        if wanted.kept:
            inputs_ = [Path(wanted.feed)] if wanted.feed else []
            ends.sink = FileSink(Path(wanted.kept), rate, channels, inputs_, wanted.force)
            stack.callback(ends.close)
        stream = None if device is None else _open(ends, device, inputs is not None, rate, wanted)
        say(
            input=inputs.name if inputs else wanted.input,
            output=output.name if output else wanted.output,
            rate=rate,
            block=wanted.block,
            callback="paced" if stream is None else "python",
            device_samples=0 if stream is None else round(stated(stream.latency) * rate),
        )
        if stream is not None:
            stream.start()
        status = ends.serve(paced=stream is None)
        if feed is not None and feed.warning:  # it is not as long as it says, or longer
            say(warning=feed.warning)
        if stream is not None and status != LOST:
            stream.close()
        return status


def _rate(device: Device | None) -> int:
    assert device is not None
    return int(device.rate)


def _channels(device: Device | None, direction: str) -> int:
    return min(b.CHANNELS, int(getattr(device, direction)))


class _Ends:
    """What comes from the file, and what goes to one.

    Args:
        shared: with a session begun.
        live: of the session.
        wanted: of the stage.
        feed: the file in the place of line-in, if there is one.
        rate: hertz.
    """

    def __init__(
        self,
        shared: b.SharedState,
        live: Live,
        wanted: DeviceConfig,
        feed: FileSource | None,
        rate: int,
    ) -> None:
        self._shared, self._live, self._feed, self._rate = shared, live, feed, rate
        self._loop, self._block, self._waits = wanted.loop, wanted.block, wanted.waits
        self._path = Path(wanted.feed)
        limits = [] if wanted.seconds is None else [round(wanted.seconds * rate)]
        if feed is not None and feed.frames is not None and not wanted.loop:
            limits.append(feed.frames)
        self._frames = min(limits) if limits else None
        self._ready: deque[Audio] = deque()
        self._nothing = np.zeros((wanted.block, shared.device.inputs), np.float32)
        self._taken = np.zeros((wanted.block, shared.device.outputs), np.float32)
        self._written, self._trusted = 0, True
        self.sink: FileSink | None = None

    def callback(self, given: Audio | None, taken: Audio | None, frames: int) -> None:
        """A block of a device at one end, (frames, channels), against the file's at the other."""
        if given is None:
            given = self._ready.popleft() if self._ready else self._nothing
        taken = self._taken[:frames] if taken is None else taken
        exchange(given[:frames], taken, self._live)

    def serve(self, paced: bool) -> int:
        """Until the end; whether a device keeps the time or it has to be kept here."""
        parent.fades()
        shared, due, until = self._shared, time.monotonic(), float("inf")
        counted, since = shared.device.callbacks, due
        while not self._is_over() and time.monotonic() < until:
            if until == float("inf") and self._is_stopped():
                shared.controls.level = 0.0
                until = time.monotonic() + _FADE_OUT_S
            if paced:
                due = self._pace(due)
                self.callback(self._next(), None, self._block)
            else:
                self._read_ahead()
                time.sleep(_LOOK_S * 10)
                if shared.device.callbacks != counted:
                    counted, since = shared.device.callbacks, time.monotonic()
                elif time.monotonic() - since > _SILENT_S:
                    return LOST
            self._write(_WRITE)
        return 0

    def close(self) -> None:
        """Complete the recording."""
        assert self.sink is not None
        try:
            self._write(1)
        finally:
            self.sink.close()

    def _is_over(self) -> bool:
        return self._frames is not None and self._shared.device.played >= self._frames

    def _is_stopped(self) -> bool:
        return bool(self._shared.controls.stop) or parent.is_gone()

    def _pace(self, due: float) -> float:
        """Wait until a block is due, and for network and effects; when the next one is."""
        time.sleep(max(0.0, due - time.monotonic()))
        now = time.monotonic()
        while self._waits and not self._is_ready() and not self._shared.controls.stop:
            if not self._trusted or time.monotonic() - now > _PATIENCE_S:
                self._trusted = False  # it is away: until it is back, nobody waits for it
                break
            time.sleep(_LOOK_S)
        else:
            self._trusted = True
        late = time.monotonic() - due > _LATE_S
        return (time.monotonic() if late else due) + self._block / self._rate

    def _is_ready(self) -> bool:
        """Whether the network has heard nearly all, and the effects give what is due."""
        shared, device = self._shared, self._shared.device
        if device.heard - shared.network.at > _BEHIND_S * self._rate:
            return False
        wanted = device.heard - device.behind + self._block + FADE
        return not device.effects or shared.effects.made >= wanted

    def _next(self) -> Audio:
        """The next block of the file, (block, channels); silence behind its end."""
        assert self._feed is not None
        block = self._feed.read(self._block)
        if block is None and self._loop:
            self._feed.close()
            self._feed = FileSource(self._path, self._rate)
            block = self._feed.read(self._block)
        return self._nothing if block is None else np.ascontiguousarray(block.T)

    def _read_ahead(self) -> None:
        while self._feed and len(self._ready) * self._block < _AHEAD_S * self._rate:
            self._ready.append(self._next())

    def _write(self, least: int) -> None:
        """What has been played since the last time, if it is so much."""
        shared = self._shared
        until = shared.device.played
        if self._frames is not None:
            until = min(until, self._frames)
            least = least if until < self._frames else 1
        if self.sink is None or until - self._written < least:
            return
        channels = shared.device.inputs
        self.sink.write(shared.read(shared.out, self._written, until - self._written, channels))
        self._written = until


def _open(ends: _Ends, device: Device, listens: bool, rate: int, wanted: DeviceConfig) -> Any:
    """The stream of the one device that there is.

    Raises:
        DeviceError: it refuses.
    """
    sd = portaudio()

    def hear(given: Any, frames: int, when: Any, flags: Any) -> None:
        ends.callback(np.ascontiguousarray(given), None, frames)

    def play(taken: Any, frames: int, when: Any, flags: Any) -> None:
        ends.callback(None, taken, frames)

    how = {
        "samplerate": rate,
        "blocksize": wanted.block,
        "device": device.index,
        "channels": _channels(device, "inputs" if listens else "outputs"),
        "dtype": "float32",
        "latency": "low",
    }
    try:
        return (
            sd.InputStream(callback=hear, **how)
            if listens
            else sd.OutputStream(callback=play, **how)
        )
    except Exception as fault:
        raise DeviceError(
            device.name,
            f"refuses {rate} Hz in blocks of {wanted.block} ({fault})",
            cure="Choose another --block or device (`doubledrop devices`).",
        ) from fault
