"""The process that owns the audio device: small, without a network, and replaced when it is lost.

``engine.host.device_process MEMORY REQUEST``, see :mod:`engine.processes.child`.
It says what it has opened in one line of
JSON, and ends with ``LOST`` when the device falls silent: PortAudio cannot be used again in a
process whose audio server has died.
"""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from engine.config.request import DeviceConfig
from engine.errors import DeviceError
from engine.host.callback import Live, exchange
from engine.host.file_device import serve_files
from engine.host.packed import packed
from engine.host.session import begin_session
from engine.io.devices import find, portaudio
from engine.plugins.chains import trips_of
from engine.processes import parent
from engine.processes.children import LOST
from engine.processes.speech import say
from engine.state import shared_state as b
from engine.state.serving import serve

_SILENT_S = 0.5
_PERIOD_S = 0.02
_FADE_OUT_S = 0.1
_LONGEST_S = 5.0  # of a latency that a device may state; some state billions of samples


def main(shared: b.SharedState, wanted: DeviceConfig) -> int:
    """Serve the device until told to stop or it is lost.

    Raises:
        DeviceError: it is missing or refuses.
    """  # noqa: DOC501
    if wanted.has_files:
        return serve_files(shared, wanted, _begin, _stated)
    inputs, output = find(wanted.input, "input"), find(wanted.output, "output")
    rate = wanted.rate or int(output.rate)
    channels = min(b.CHANNELS, inputs.inputs), min(b.CHANNELS, output.outputs)
    live = _begin(shared, rate, wanted, channels)
    how, stream, kept = _open(live, wanted, (inputs.index, output.index), rate, channels)
    try:
        stream.start()
    except Exception as fault:
        raise _refused(output.name, rate, wanted.block, fault) from fault
    arrives, leaves = (_stated(latency) for latency in stream.latency)
    say(
        input=inputs.name,
        output=output.name,
        rate=rate,
        block=wanted.block,
        callback=how,
        device_samples=round((arrives + leaves) * rate),
    )
    status = _serve(shared)
    if status != LOST:
        stream.close()
    del kept
    return status


def _stated(latency_s: float) -> float:
    """What a device states of its latency, if that can be."""
    if 0.0 <= latency_s < _LONGEST_S:
        return latency_s
    say(warning="the device does not state its latency: measure it with `doctor --loopback`")
    return 0.0


def _begin(
    shared: b.SharedState,
    rate: int,
    wanted: DeviceConfig,
    channels: tuple[int, int],
    level: float = 0.0,
) -> Live:
    """A session: the time line goes on where it is now, what was not heard is silence. The machine
    code is there when it has begun."""
    now = time.monotonic()
    if not shared.device.session:
        shared.device.epoch = now
    heard = round((now - shared.device.epoch) * rate) if shared.device.session else 0
    trips = trips_of(wanted.config, rate)
    form = shared, rate, wanted.block, channels, wanted.config
    live = begin_session(*form, heard, trips, level=level)
    given, taken = (np.zeros((0, n), np.float32) for n in channels)
    exchange(given, taken, live)
    return live


def _open(
    live: Live,
    wanted: DeviceConfig,
    devices: tuple[int, int],
    rate: int,
    channels: tuple[int, int],
) -> tuple[str, Any, Any]:
    """How the device calls, its stream, and what has to be kept as long as that.

    Raises:
        DeviceError: it refuses.
    """  # noqa: DOC501
    sd = portaudio()
    callback, data, how, kept = None, None, "python", None
    if wanted.compiled:
        try:
            from engine.host.device_callback import callback as compiled

            kept = live, packed(live)
            callback = sd._ffi.cast("PaStreamCallback*", compiled.address)
            data = sd._ffi.cast("void*", kept[1].ctypes.data)
            how = "compiled"
        except Exception as fault:  # whatever keeps it from compiling here: there is another way
            say(warning=f"no compiled callback ({fault}): the interpreter's is used")
    common = {
        "samplerate": rate,
        "blocksize": wanted.block,
        "device": devices,
        "channels": channels,
        "dtype": "float32",
        "latency": "low",
    }
    try:
        if callback is not None:
            stream = sd._StreamBase("duplex", callback=callback, userdata=data, **common)
            return how, stream, kept
        return how, sd.Stream(callback=_interpreted(live), **common), live
    except Exception as fault:
        raise _refused(str(wanted.output or "audio device"), rate, wanted.block, fault) from fault


def _interpreted(live: Live) -> Any:
    def callback(given: Any, taken: Any, frames: int, when: Any, flags: Any) -> None:
        live.ends.device["flags"] += bool(flags)
        for first in range(0, frames, b.MOST):
            last = first + b.MOST
            heard = np.ascontiguousarray(given[first:last])
            exchange(heard, taken[first:last], live)

    return callback


def _refused(name: str, rate: int, block: int, fault: Exception) -> DeviceError:
    return DeviceError(
        name,
        f"refuses {rate} Hz in blocks of {block} ({fault})",
        cure="Choose another --rate, --block or device (`doubledrop devices`).",
    )


def _serve(shared: b.SharedState) -> int:
    """Wait until told to stop, the owner has gone, or the device falls silent."""
    parent.fades()
    counted, since = shared.device.callbacks, time.monotonic()
    while True:
        now = time.monotonic()
        if shared.controls.stop or parent.is_gone():
            shared.controls.level = 0.0
            time.sleep(_FADE_OUT_S)
            return 0
        if shared.device.callbacks != counted:
            counted, since = shared.device.callbacks, now
        elif now - since > _SILENT_S:
            return LOST
        time.sleep(_PERIOD_S)


if __name__ == "__main__":
    os.environ["JACK_NO_START_SERVER"] = "1"  # a server that is gone is waited for, not replaced
    serve(main, DeviceConfig)
