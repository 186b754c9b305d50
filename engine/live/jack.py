"""A client of a JACK server in machine code: plays a signal and records what comes back, or passes
on what it hears. What the stage is measured with, from outside.

``python -m engine.live.jack REQUEST`` is such a client in a process of its own; see :class:`Job`.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import carray, types  # type: ignore[attr-defined]

from engine.dsp.arrays import Array, Audio
from engine.errors import DeviceError
from engine.live.speech import say

(LENGTH, AT, CALLS, CLIENT, OUT, IN, ENDED) = (0, 1, 2, 3, 4, 6, 10)
_HEAD, _LOG = 16, 1 << 18
RECORDED = 4
"""Channels: of the host, and of a bare client beside it."""


@dataclass(frozen=True)
class Job:
    """What a client does.

    Attributes:
        name: of the client.
        play: a .npy of (2, n), float32, that is sent; None to pass on what is heard.
        record: a .npz that is written with ``sound`` (4, n), and ``frames``, the server's time of
            each block.
        sends: ports that hear the signal; regular expressions, for a server numbers clients that
            have the same name.
        hears: up to four ports that are recorded, or two that are passed on.
        tries_s: how long to look for the ports.
    """

    name: str
    play: str | None
    record: str | None
    sends: list[str]
    hears: list[str]
    tries_s: float = 20.0


def _library() -> Any:
    name = ctypes.util.find_library("jack")
    if name is None:
        raise DeviceError("JACK", "not installed", cure="apt-get install jackd2")
    library = ctypes.CDLL(name)
    library.jack_port_get_buffer.restype = ctypes.POINTER(ctypes.c_float)
    library.jack_port_get_buffer.argtypes = [ctypes.c_size_t, ctypes.c_uint32]
    library.jack_last_frame_time.restype = ctypes.c_uint32
    library.jack_last_frame_time.argtypes = [ctypes.c_size_t]
    return library


def _callback() -> Any:
    library = _library()
    buffer, frame_time = library.jack_port_get_buffer, library.jack_last_frame_time

    @numba.cfunc(types.int32(types.uint32, types.voidptr))
    def process(frames, memory):  # type: ignore[no-untyped-def]
        head = carray(memory, (_HEAD,), np.int64)
        n, at = head[LENGTH], head[AT]
        if n == 0:
            for c in range(2):
                heard = carray(buffer(head[IN + c], frames), (frames,))
                sent = carray(buffer(head[OUT + c], frames), (frames,))
                sent[:] = heard
            head[CALLS] += 1
            return 0
        log = carray(memory, (_HEAD + _LOG,), np.int64)
        whole = carray(memory, (2 * (_HEAD + _LOG) + (2 + RECORDED) * n,), np.float32)
        sound = whole[2 * (_HEAD + _LOG) :].reshape(2 + RECORDED, n)
        log[_HEAD + head[CALLS] % _LOG] = frame_time(head[CLIENT])
        now = min(frames, n - at)
        for c in range(2):
            sent = carray(buffer(head[OUT + c], frames), (frames,))
            sent[:] = 0.0
            sent[:now] = sound[c, at : at + now]
        for c in range(RECORDED):
            heard = carray(buffer(head[IN + c], frames), (frames,))
            sound[2 + c, at : at + now] = heard[:now]
        head[AT] = at + now
        head[CALLS] += 1
        return 0

    return process


def client_library() -> Any:
    """The package that makes clients; only measurements need it.

    Raises:
        DeviceError: it, or JACK, is not installed.
    """
    _library()
    try:
        import jack
    except ImportError as fault:
        raise DeviceError(
            "JACK-Client", "not installed", cure="Beside doubledrop: pip install JACK-Client"
        ) from fault
    return jack


def run(job: Job) -> None:
    """Do a job: until the signal is over, or for ever where there is none."""
    jack = client_library()
    signal = np.load(job.play) if job.play else np.zeros((2, 0), np.float32)
    n = signal.shape[-1]
    memory = np.zeros(2 * (_HEAD + _LOG) + (2 + RECORDED) * n, np.float32)
    memory[2 * (_HEAD + _LOG) :][: 2 * n] = signal.ravel()
    head = memory[: 2 * (_HEAD + _LOG)].view(np.int64)
    compiled = _callback()  # which takes seconds: once it has ports, it is about to run
    client = jack.Client(job.name, no_start_server=True)
    inputs = [client.inports.register(f"in_{i}") for i in range(RECORDED if n else 2)]
    outputs = [client.outports.register(f"out_{i}") for i in range(2)]
    pointer = _address
    head[LENGTH], head[CLIENT] = n, pointer(jack, client._ptr)
    head[OUT : OUT + 2] = [pointer(jack, port._ptr) for port in outputs]
    head[IN : IN + len(inputs)] = [pointer(jack, port._ptr) for port in inputs]
    jack._lib.jack_set_process_callback(
        client._ptr,
        jack._ffi.cast("JackProcessCallback", compiled.address),
        jack._ffi.cast("void*", memory.ctypes.data),
    )
    head[AT] = n  # recorded from the moment at which all is connected
    client.activate()
    for i, name in enumerate(job.hears):
        _connect(jack, client, inputs[i], name, job.tries_s)
    for i, name in enumerate(job.sends):
        _connect(jack, client, outputs[i % 2], name, job.tries_s)
    say(ready=True)
    head[CALLS] = 0
    head[AT] = 0
    if not n:
        while True:
            time.sleep(1.0)
    while head[AT] < n:
        calls = int(head[CALLS])
        time.sleep(0.25)
        if int(head[CALLS]) == calls:
            break  # the server has gone: what there is, is kept
    at, calls = int(head[AT]), int(head[CALLS])
    assert job.record is not None
    sound = memory[2 * (_HEAD + _LOG) :].reshape(2 + RECORDED, n)[2:, :at]
    frames = head[_HEAD : _HEAD + min(calls, _LOG)].copy()
    np.savez(job.record, sound=sound, frames=frames)
    say(recorded=at)


def gaps(frames: Array, block: int) -> int:
    """Blocks that the server left out, or that the client itself missed."""
    steps = np.diff(frames.astype(np.uint32))  # the server's clock wraps there
    return int(np.sum(steps != block))


def place_of(piece: Array, sound: Array) -> int:
    """Where in a sound, both of one channel, a piece of it is: the peak of the correlation."""
    n = 1 << (len(piece) + len(sound) - 1).bit_length()
    spectrum = np.fft.rfft(sound, n) * np.conj(np.fft.rfft(piece, n))
    return int(np.argmax(np.fft.irfft(spectrum)[: max(1, len(sound) - len(piece))]))


def delay_of(sound: Audio, sent: Audio) -> int:
    """Samples by which a recording lies behind what was sent, by a piece from its middle."""
    n = min(sound.shape[-1], sent.shape[-1])
    middle, length, most = n // 2, 8192, 8192
    return place_of(sent[0, middle : middle + length], sound[0, middle : middle + length + most])


def _address(jack: Any, pointer: Any) -> int:
    return int(jack._ffi.cast("size_t", pointer))


def _connect(jack: Any, client: Any, port: Any, pattern: str, tries_s: float) -> None:
    """Connect a port of ours with the one that matches, once that is there and running."""
    deadline = time.monotonic() + tries_s
    while time.monotonic() < deadline:
        found = client.get_ports(f"^{pattern}$")
        if found:
            ends = (port, found[-1]) if port.is_output else (found[-1], port)
            with suppress(jack.JackError):  # a client has ports before it runs
                client.connect(*ends)
                return
        time.sleep(0.05)
    raise DeviceError("JACK", f"no port {pattern!r}", cure="Start what has it first.")


def asked(job: Job) -> str:
    """The argument that asks for a job."""
    return json.dumps(asdict(job))


def recording(path: Path) -> tuple[Audio, Array]:
    """Sound (4, n) and times of the blocks."""
    with np.load(path) as found:
        return found["sound"], found["frames"]


if __name__ == "__main__":
    run(Job(**json.loads(sys.argv[1])))
    sys.stdout.flush()
    os._exit(0)
