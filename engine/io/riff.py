"""Lengths in WAV (RIFF, RF64, BW64) and AIFF, against what is in the file.

A recorder that lost power leaves a length of 0, or of when it last wrote one; one that writes to a
pipe leaves the largest number there is; a copy that was interrupted ends before its length. Chunks
are those of IBM & Microsoft 1991, EBU Tech 3306, ITU-R BS.2088 and Apple's AIFF-C draft of 1991.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap

from engine.io.header import Account

_UNKNOWN = 0xFFFFFFFF
_STREAMED = 0x7FFF0000  # SoX, arecord and others: "as long as it may be"
_PCM = frozenset({1, 3, 6, 7, 0xFFFE})  # integers, floats, A-law, µ-law, extensible
_AIFF_PCM = frozenset({b"NONE", b"sowt", b"twos", b"fl32", b"FL32", b"fl64", b"FL64", b"in24"})
_MOST_CHUNKS = 10_000  # more are no sound file
_LITTLE = 1024  # bytes behind the data that are no chunk and no sound either
# What may follow the sound; of other names the length must fit too.
_KNOWN = frozenset(
    {
        *(b"LIST", b"id3 ", b"ID3 ", b"bext", b"iXML", b"cue ", b"smpl", b"inst", b"acid", b"fact"),
        *(b"PEAK", b"JUNK", b"PAD ", b"FLLR", b"axml", b"_PMX", b"plst", b"cart", b"DISP", b"fmt "),
        *(b"COMM", b"MARK", b"INST", b"NAME", b"AUTH", b"ANNO", b"(c) ", b"APPL", b"MIDI", b"SAXL"),
    }
)


@dataclass(frozen=True)
class _Chunk:
    name: bytes
    at: int  # of its content
    length: int


def wav(data: mmap) -> Account | None:
    """Of a file that begins with RIFF, RF64 or BW64; None where nothing can be said."""
    if data[8:12] != b"WAVE":
        return None
    frame, sound, long_length, form = 0, None, None, b""
    for chunk in _chunks(data, 12, "<"):
        if chunk.name == b"ds64" and chunk.length >= 16:
            (long_length,) = struct.unpack_from("<Q", data, chunk.at + 8)
        elif chunk.name == b"fmt " and chunk.length >= 16:
            form = data[chunk.at : chunk.at + chunk.length]
            kind, frame = *struct.unpack_from("<H", form), *struct.unpack_from("<H", form, 12)
            if kind not in _PCM:
                return None
        elif chunk.name == b"data":
            sound = chunk
            break
    if sound is None or not frame:
        return None
    named = sound.length
    if named == _UNKNOWN and long_length is not None:
        named = long_length
    rest = len(data) - sound.at
    there = _length(data, sound.at, named, "<")
    plain = data[:4] == b"RIFF"
    streamed = named in (0, _UNKNOWN) or (plain and named > max(rest, _STREAMED))
    promised = None if streamed else named // frame
    as_it_is = data[:4] != b"BW64" and there == min(named, rest) and _is_padded(data)
    if as_it_is:
        return Account(promised, there // frame)
    kept = struct.pack("<4sI", b"fmt ", len(form)) + form + bytes(len(form) % 2)
    whole = there // frame * frame
    lengths = struct.pack("<QQQI", 4 + 36 + len(kept) + 8 + whole, whole, there // frame, 0)
    head = struct.pack("<4sI4s4sI", b"RF64", _UNKNOWN, b"WAVE", b"ds64", 28) + lengths
    head += kept + struct.pack("<4sI", b"data", _UNKNOWN)
    return Account(promised, there // frame, head, sound.at)


def aiff(data: mmap) -> Account | None:
    """Of a file that begins with FORM and is AIFF or AIFF-C; None where nothing can be said."""
    if data[8:12] not in (b"AIFF", b"AIFC"):
        return None
    common = sound = None
    for chunk in _chunks(data, 12, ">"):
        if chunk.name == b"COMM" and chunk.length >= 18:
            common = chunk
        elif chunk.name == b"SSND":
            sound = chunk
        if common is not None and sound is not None:
            break
    if common is None or sound is None:
        return None
    channels, frames, bits = struct.unpack_from(">hIh", data, common.at)
    frame = channels * -(-bits // 8)
    coded = data[8:12] == b"AIFC" and data[common.at + 18 : common.at + 22] not in _AIFF_PCM
    if frame <= 0 or coded:
        return None
    there = _length(data, sound.at, sound.length, ">")
    count = max(0, there - 8) // frame
    promised = frames or None
    if there <= max(sound.length, 8) or common.at > sound.at:  # libsndfile finds what there is
        return Account(promised, min(count, frames) if frames and sound.length else count)
    head = bytearray(data[: sound.at])
    struct.pack_into(">I", head, 4, min(len(data) - 8, _UNKNOWN))
    struct.pack_into(">I", head, common.at + 2, min(count, _UNKNOWN))
    struct.pack_into(">I", head, sound.at - 4, min(8 + count * frame, _UNKNOWN))
    return Account(promised, count, bytes(head), sound.at)


def _length(data: mmap, at: int, named: int, order: str) -> int:
    """Bytes of sound from a place on: those named, or up to the end if no chunk follows them."""
    rest = len(data) - at
    if named >= rest:
        return rest
    behind = at + named + named % 2
    if named and len(data) - behind < _LITTLE:
        return named
    return named if _chunks_to_the_end(data, behind, order) else rest


def _chunks_to_the_end(data: mmap, at: int, order: str) -> bool:
    last = None
    for chunk in _chunks(data, at, order):
        last = chunk
        if chunk.name in _KNOWN:
            return True
        if not _is_name(chunk.name) or chunk.at + chunk.length > len(data):
            return False
    return last is not None or at >= len(data)


def _chunks(data: mmap, at: int, order: str) -> Iterator[_Chunk]:
    """Chunks from a place on. Some programs leave out the byte that makes an odd one even."""
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(data):
            return
        name, length = struct.unpack_from(f"{order}4sI", data, at)
        yield _Chunk(name, at + 8, length)
        at += 8 + length
        if length % 2 and not (_is_name(data[at : at + 4]) and not _is_name(data[at + 1 : at + 5])):
            at += 1


def _is_padded(data: mmap) -> bool:
    """Whether every odd chunk before the sound is followed by a byte, as decoders expect."""
    before = None
    for chunk in _chunks(data, 12, "<"):
        if before is not None and chunk.at - 8 != before.at + before.length + before.length % 2:
            return False
        if chunk.name == b"data":
            break
        before = chunk
    return True


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(0x20 <= byte < 0x7F for byte in name)
