"""How long an MP3 is: its frames counted, for the header of one may say nothing, or another number.

A frame's length follows from its header (ISO/IEC 11172-3, 13818-3). An encoder puts a first frame
without sound in front that holds the number of the others (Xing's, LAME's "Info"; Fraunhofer's
"VBRI"). Where it is missing, libmpg123 guesses from the size and ends there; where it is of another
file, it ends there too. So a right one is given to it.
"""

from __future__ import annotations

import struct
from mmap import mmap
from typing import NamedTuple

from engine.io.header import Account

_KBPS = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG-1, layer III
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG-2 and 2.5
}
_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_FARTHEST = 1 << 16  # bytes of something else between two frames
_ROOM = 16  # bytes of a Xing header: name, flags, frames, bytes


class _Frame(NamedTuple):
    at: int
    length: int  # bytes
    version: int  # 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5
    mono: bool

    @property
    def samples(self) -> int:
        return 1152 if self.version == 3 else 576

    @property
    def side(self) -> int:
        """Bytes of header and side information, behind which Xing's header begins."""
        return 4 + ((17 if self.mono else 32) if self.version == 3 else (9 if self.mono else 17))


def mp3(data: mmap) -> Account | None:
    """Of a file of MPEG layer III; None if it is none."""
    first = _next(data, _tag(data, 0), None)
    if first is None:
        return None
    place = _count_at(data, first)
    count, at = 0, first.at if place is None else first.at + first.length
    while at < len(data):
        frame = _frame(data, at)
        if frame is None or frame.version != first.version:
            frame = _next(data, at, first)
            if frame is None:
                break
        at = frame.at + frame.length
        count += at <= len(data)
    there = count * first.samples
    if place is None:
        return Account(None, None, _xing(data, first, count), first.at)
    (named,) = struct.unpack_from(">I", data, place)
    if named == count:
        return Account()
    head = bytearray(data[: place + 8])
    struct.pack_into(">I", head, place, count)
    if data[place - 8 : place - 4] != b"VBRI" and data[place - 1] & 2:
        struct.pack_into(">I", head, place + 4, len(data) - first.at)
    # Some encoders count the first frame too.
    promised = named * first.samples if abs(named - count) > 1 else None
    return Account(promised, there, bytes(head), len(head))


def _frame(data: mmap | bytearray, at: int) -> _Frame | None:
    """The frame that begins there, if one does."""
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE6 != 0xE2:  # layer III
        return None
    version, rate, kbps = data[at + 1] >> 3 & 3, data[at + 2] >> 2 & 3, data[at + 2] >> 4
    if version == 1 or rate == 3 or kbps in (0, 15):  # reserved, or of free format
        return None
    hertz = _HZ[version][rate]
    bits = 144000 if version == 3 else 72000
    length = bits * _KBPS[3 if version == 3 else 2][kbps] // hertz + (data[at + 2] >> 1 & 1)
    return _Frame(at, length, version, data[at + 3] >> 6 == 3)


def _next(data: mmap, at: int, like: _Frame | None) -> _Frame | None:
    """The next frame that another of its kind, or the end, follows."""
    at, end = _tag(data, at), min(len(data), at + _FARTHEST)
    while (at := data.find(b"\xff", at, end)) >= 0:
        frame = _frame(data, at)
        if frame is not None and (like is None or frame.version == like.version):
            after = _frame(data, at + frame.length)
            if at + frame.length >= len(data) or (after and after.version == frame.version):
                return frame
        at += 1
    return None


def _tag(data: mmap, at: int) -> int:
    """Where an ID3v2 tag that begins there ends."""
    while data[at : at + 3] == b"ID3" and at + 10 <= len(data):
        size = 0
        for byte in data[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + (10 if data[at + 5] & 0x10 else 0)
    return at


def _count_at(data: mmap, first: _Frame) -> int | None:
    """Where the first frame says how many follow; None if it does not."""
    at = first.at + first.side
    if data[at : at + 4] in (b"Xing", b"Info") and at + 12 <= len(data) and data[at + 7] & 1:
        return at + 8
    at = first.at + 36
    return at + 14 if data[at : at + 4] == b"VBRI" and at + 18 <= len(data) else None


def _xing(data: mmap, first: _Frame, count: int) -> bytes:
    """A frame of the same kind that says how many follow it."""
    header, room = bytearray(data[first.at : first.at + 4]), 0
    header[1] |= 1  # no checksum
    for kbps in range(1, 15):
        header[2] = kbps << 4 | header[2] & 0x0C
        frame = _frame(header, 0)
        room = 0 if frame is None else frame.length
        if room >= first.side + _ROOM:
            break
    size = min(room + len(data) - first.at, 0xFFFFFFFF)
    side = bytes(header).ljust(first.side, b"\0")
    return (side + struct.pack(">4sIII", b"Xing", 3, count, size)).ljust(room, b"\0")
