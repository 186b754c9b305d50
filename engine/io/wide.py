"""Lengths in W64, CAF and AU against what is in the file.

W64 (Sonic Foundry) and CAF (Apple, 2011) have lengths of 64 bits, of which nobody runs out; AU
(Sun) has one for the sound alone. libsndfile reads what is there of a cut one and says nothing.
"""

from __future__ import annotations

import struct
from mmap import mmap

from engine.io.header import Account

_AU_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}
_AU_UNKNOWN = 0xFFFFFFFF


def w64(data: mmap) -> Account | None:
    """Of a file that begins with ``riff`` as a GUID; None where nothing can be said."""
    at, frame = 40, 0
    while at + 24 <= len(data):
        name, (length,) = data[at : at + 4], struct.unpack_from("<Q", data, at + 16)
        if name == b"fmt ":
            (frame,) = struct.unpack_from("<H", data, at + 24 + 12)
        elif name == b"data":
            return _account(data, at + 24, length - 24, frame)
        at += max(24, length + -length % 8)
    return None


def caf(data: mmap) -> Account | None:
    """Of a file that begins with ``caff``; None where nothing can be said."""
    at, frame = 8, 0
    while at + 12 <= len(data):
        name, length = struct.unpack_from(">4sq", data, at)
        if name == b"desc" and at + 44 <= len(data):
            packet, frames = struct.unpack_from(">II", data, at + 12 + 16)
            frame = packet if frames == 1 else 0
        elif name == b"data":
            return _account(data, at + 16, length - 4, frame)
        at += 12 + max(0, length)
    return None


def au(data: mmap) -> Account | None:
    """Of a file that begins with ``.snd``; None where nothing can be said."""
    at, length, coded, _, channels = struct.unpack_from(">IIIII", data, 4)
    frame = _AU_BYTES.get(coded, 0) * channels
    return None if length == _AU_UNKNOWN else _account(data, at, length, frame)


def _account(data: mmap, at: int, named: int, frame: int) -> Account | None:
    if frame <= 0 or named <= 0:
        return None
    return Account(named // frame, min(named, max(0, len(data) - at)) // frame)
