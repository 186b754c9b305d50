"""A client of a JACK server in machine code: plays a signal and records what comes back, or passes
on what it hears. What the stage is measured with, from outside.

``python -m engine.io.jack REQUEST`` is such a client in a process of its own; see :class:`Job`.
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
from llvmlite import ir
from numba import carray, types  # type: ignore[attr-defined]

from engine.dsp.arrays import Array, Audio
from engine.errors import DeviceError
from engine.machine_clock import now_s
from engine.machine_code import intrinsic
from engine.processes.speech import say

(LENGTH, AT, CALLS, CLIENT, OUT, IN, BUFFER, TIME, SPIN, CLOCK) = (0, 1, 2, 3, 4, 6, 10, 11, 12, 13)
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
            each block. Of one that passes on, memory that :func:`times_s` reads meanwhile.
        sends: ports that hear the signal; regular expressions, for a server numbers clients that
            have the same name.
        hears: up to four ports that are recorded, or two that are passed on.
        tries_s: how long to look for the ports.
        spin_s: how long one that passes on does nothing else, in each call.
    """

    name: str
    play: str | None
    record: str | None
    sends: list[str]
    hears: list[str]
    tries_s: float = 20.0
    spin_s: float = 0.0


def _library() -> Any:
    name = ctypes.util.find_library("jack")
    if name is None:
        raise DeviceError("JACK", "not installed", cure="apt-get install jackd2")
    return ctypes.CDLL(name)


# What the callback calls of JACK has its address in the memory that it is given, and not in the
# machine code, which can so be kept on disk.
_WIDE, _INT, _POINTER = ir.IntType(64), ir.IntType(32), ir.IntType(8).as_pointer()
_BUFFER = ir.FunctionType(_POINTER, [_WIDE, _INT])
_TIME = ir.FunctionType(_INT, [_WIDE])


@intrinsic
def _buffer(typingctx, address, port, frames):  # type: ignore[no-untyped-def]
    """``jack_port_get_buffer``."""

    def code(context, builder, signature, given):  # type: ignore[no-untyped-def]
        return builder.call(builder.inttoptr(given[0], _BUFFER.as_pointer()), given[1:])

    return types.voidptr(types.int64, types.int64, types.uint32), code


@intrinsic
def _frame_time(typingctx, address, client):  # type: ignore[no-untyped-def]
    """``jack_last_frame_time``."""

    def code(context, builder, signature, given):  # type: ignore[no-untyped-def]
        return builder.call(builder.inttoptr(given[0], _TIME.as_pointer()), given[1:])

    return types.uint32(types.int64, types.int64), code


def _callback() -> Any:
    """Of a client, told where its memory is."""

    @numba.cfunc(types.int32(types.uint32, types.voidptr), cache=True)
    def process(frames, memory):  # type: ignore[no-untyped-def]
        head = carray(memory, (_HEAD,), np.int64)
        n, at = head[LENGTH], head[AT]
        log = carray(memory, (_HEAD + _LOG,), np.int64)
        if n == 0:
            begun = now_s(head[CLOCK:])
            for c in range(2):
                heard = carray(_buffer(head[BUFFER], head[IN + c], frames), (frames,), np.float32)
                sent = carray(_buffer(head[BUFFER], head[OUT + c], frames), (frames,), np.float32)
                sent[:] = heard
            took_s = 0.0
            while took_s < 1e-9 * head[SPIN]:
                took_s = now_s(head[CLOCK:]) - begun
            log[_HEAD + head[CALLS] % _LOG] = int(1e9 * took_s)
            head[CALLS] += 1
            return 0
        whole = carray(memory, (2 * (_HEAD + _LOG) + (2 + RECORDED) * n,), np.float32)
        sound = whole[2 * (_HEAD + _LOG) :].reshape(2 + RECORDED, n)
        log[_HEAD + head[CALLS] % _LOG] = _frame_time(head[TIME], head[CLIENT])
        now = min(frames, n - at)
        for c in range(2):
            sent = carray(_buffer(head[BUFFER], head[OUT + c], frames), (frames,), np.float32)
            sent[:] = 0.0
            sent[:now] = sound[c, at : at + now]
        for c in range(RECORDED):
            heard = carray(_buffer(head[BUFFER], head[IN + c], frames), (frames,), np.float32)
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
    size = 2 * (_HEAD + _LOG) + (2 + RECORDED) * n
    memory: Array = np.zeros(size, np.float32)
    if job.record and not n:
        memory = np.memmap(job.record, np.float32, "w+", shape=(size,))
    memory[2 * (_HEAD + _LOG) :][: 2 * n] = signal.ravel()
    head = memory[: 2 * (_HEAD + _LOG)].view(np.int64)
    compiled = _callback()  # the first time that takes seconds
    client = jack.Client(job.name, no_start_server=True)
    inputs = [client.inports.register(f"in_{i}") for i in range(RECORDED if n else 2)]
    outputs = [client.outports.register(f"out_{i}") for i in range(2)]
    pointer = _address
    library = _library()
    head[LENGTH], head[CLIENT] = n, pointer(jack, client._ptr)
    head[SPIN] = round(1e9 * job.spin_s)
    for place, function in ((BUFFER, "jack_port_get_buffer"), (TIME, "jack_last_frame_time")):
        head[place] = ctypes.cast(getattr(library, function), ctypes.c_void_p).value or 0
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


def times_s(path: Path) -> Array:
    """How long the latest calls of a client that passes on took, seconds; see :class:`Job`."""
    memory = np.fromfile(path, np.int64)
    calls = int(memory[CALLS])
    return 1e-9 * memory[_HEAD:][: min(calls, _LOG)]


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
    """Connect a port of ours with the one that matches, once that is there and running.

    Raises:
        DeviceError: it is not within ``tries_s`` seconds.
    """
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
