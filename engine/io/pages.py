"""How long FLAC and Ogg files are: FLAC's last frame, and Ogg's pages (RFC 9639, RFC 3533)."""

from __future__ import annotations

import struct
from mmap import mmap

from engine.io.header import Account

_TAIL = 1 << 18  # bytes at the end of a FLAC file in which two of its frames begin
_FLAC_BLOCKS = {1: 192, 2: 576, 3: 1152, 4: 2304, 5: 4608}
_CONTINUED, _FIRST, _LAST = 1, 2, 4


def flac(data: mmap) -> Account | None:
    """Of a file that begins with fLaC: its header's length is 0 where it was written to a pipe."""
    if data[4] & 0x7F or len(data) < 42:  # the first block of metadata is the stream's
        return None
    (packed,) = struct.unpack_from(">Q", data, 18)
    named = packed & ((1 << 36) - 1)
    fixed = struct.unpack_from(">H", data, 10)[0]
    there = _end(data, fixed)
    if there is None or there == named or named > there:
        return Account(named or None)
    head = bytearray(data[:26])
    struct.pack_into(">Q", head, 18, packed - named + there)
    return Account(named or None, there, bytes(head), 26)


def _end(data: mmap, fixed: int) -> int | None:
    """The sample at which the last frame ends; None if it is not found."""
    at, lowest = len(data), max(42, len(data) - _TAIL)
    known: dict[int, int] = {}  # first sample to length
    while (at := data.rfind(b"\xff", lowest, at)) >= 0:
        found = _flac_frame(data, at, fixed)
        if found is None:
            continue
        begin, length = found
        known[begin] = length
        if begin + length in known:  # what looks like a frame is one when another follows it
            while begin in known:
                begin += known[begin]
            return begin
    return None


def _flac_frame(data: mmap, at: int, fixed: int) -> tuple[int, int] | None:
    """First sample and length of the frame whose header is there."""
    head = data[at : at + 16]
    if len(head) < 16 or head[1] & 0xFE != 0xF8 or head[3] & 1:
        return None
    size, rate = head[2] >> 4, head[2] & 15
    extra = 8 - (~head[4] & 0xFF).bit_length()  # leading ones: bytes of the number, as UTF-8 has
    if size == 0 or rate == 15 or extra == 1 or extra > 7:
        return None
    number = head[4] & (0x7F >> extra)
    for byte in head[5 : 4 + max(1, extra)]:
        if byte & 0xC0 != 0x80:
            return None
        number = number << 6 | byte & 0x3F
    place = 4 + max(1, extra)
    if size in (6, 7):
        length = int.from_bytes(head[place : place + size - 5], "big") + 1
        place += size - 5
    else:
        length = _FLAC_BLOCKS.get(size) or 256 << (size - 8)
    place += {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if place >= 16 or _crc8(head[:place]) != head[place]:
        return None
    return number if head[1] & 1 else number * fixed, length


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
    return crc


def ogg(data: mmap) -> Account | None:
    """Of a file that begins with OggS: it has no length, but a last page that says it is that; and
    a second stream may follow the first, which no decoder here goes on to."""
    at, streams, kind, granule, total, first = 0, 0, 0, 0, 0, 0
    while data[at : at + 4] == b"OggS" and at + 27 <= len(data):
        kind, position = data[at + 5], struct.unpack_from("<q", data, at + 6)[0]
        if kind & _FIRST and granule:  # another stream begins after the first
            streams, total, granule = streams + 1, total + granule, 0
            first = first or total
        granule = max(granule, position)
        segments = data[at + 26]
        at += 27 + segments + sum(data[at + 27 : at + 27 + segments])
    ends = bool(kind & _LAST) and at <= len(data)
    return Account(total + granule if streams else None, first or None, ends=ends)
