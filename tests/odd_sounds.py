"""Sound files as they are met: cut, of another length than their header says, with odd chunks."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile as sf

RATE = 44100
FRAMES = 4 * RATE
CUT, LESS = FRAMES // 3, FRAMES // 2
MOST = 0xFFFFFFFF


def music(frames: int = FRAMES) -> np.ndarray:
    """Chords that change, with some noise, (frames, 2): an encoder has something to do."""
    rng = np.random.default_rng(0)
    t = np.arange(frames) / RATE
    tones = sum(np.sin(2 * np.pi * hz * (1 + (t // 0.5)) * t) for hz in (110, 165, 330))
    sound = 0.1 * tones[:, None] + rng.normal(0, 0.02, (frames, 2))
    return sound.astype(np.float32)


def chunk(name: bytes, content: bytes, pad: bool = True) -> bytes:
    """Of RIFF."""
    odd = b"\0" * (len(content) % 2) if pad else b""
    return name + struct.pack("<I", len(content)) + content + odd


class Odd(NamedTuple):
    """A file and what it holds.

    Attributes:
        there: frames.
        promised: frames by its header, if that is another number.
        exact: whether they are those of :func:`music`, sample for sample.
    """

    data: bytes
    there: int
    promised: int | None = None
    exact: bool = True


def write_all(folder: Path) -> dict[str, Odd]:
    """Write them all, by name."""
    files = {**_wav(), **_aiff(folder), **_flac(folder), **_ogg(folder), **_wide(folder)}
    for name, odd in files.items():
        (folder / name).write_bytes(odd.data)
    return files


def _wav() -> dict[str, Odd]:
    pcm = (np.clip(music(), -1, 1) * 32767).astype("<i2").tobytes()
    n, form = len(pcm), struct.pack("<HHIIHH", 1, 2, RATE, RATE * 4, 4, 16)

    def riff(length, pre=b"", post=b"", payload=pcm, name=b"RIFF", whole=None):
        head = pre + chunk(b"fmt ", form) + b"data" + struct.pack("<I", length)
        size = 4 + len(head) + length + len(post) if whole is None else whole
        return name + struct.pack("<I", min(size, MOST)) + b"WAVE" + head + payload + post

    def long(name, data):
        lengths = struct.pack("<QQQI", data + 72 if data else 0, data, data // 4, 0)
        return riff(MOST, chunk(b"ds64", lengths), name=name)

    tag = chunk(b"id3 ", bytes(5000))[:3000]
    files = {
        "whole.wav": Odd(riff(n), FRAMES),
        "cut.wav": Odd(riff(n, payload=pcm[: CUT * 4 + 1]), CUT, FRAMES),
        "power-lost.wav": Odd(riff(0), FRAMES),
        "power-lost-0.wav": Odd(riff(0, whole=0), FRAMES),
        "streamed.wav": Odd(riff(MOST, whole=MOST), FRAMES),
        "sox-streamed.wav": Odd(riff(0x7FFFFFFF - 36, whole=0x7FFFFFFF), FRAMES),
        "less.wav": Odd(riff(LESS * 4), FRAMES, LESS),
        "tagged.wav": Odd(riff(n, post=chunk(b"LIST", b"INFOISFT\x04\0\0\0abc\0")), FRAMES),
        "cut-tag.wav": Odd(riff(n, post=tag), FRAMES),
        "behind.wav": Odd(riff(n, post=b"TAG" + bytes(125)), FRAMES),
        "odd.wav": Odd(riff(n, pre=chunk(b"junk", b"abc")), FRAMES),
        "odd-unpadded.wav": Odd(riff(n, pre=chunk(b"junk", b"abc", pad=False)), FRAMES),
    }
    for name in (b"RF64", b"BW64"):
        kind = name.decode().lower()
        files[f"{kind}.wav"] = Odd(long(name, n), FRAMES)
        files[f"{kind}-lost.wav"] = Odd(long(name, 0), FRAMES)
        files[f"{kind}-less.wav"] = Odd(long(name, LESS * 4), FRAMES, LESS)
    return files


def _aiff(folder: Path) -> dict[str, Odd]:
    sf.write(folder / "a.aiff", music(), RATE, subtype="PCM_16")
    whole = (folder / "a.aiff").read_bytes()
    common, data = whole.find(b"COMM"), whole.find(b"SSND")

    def aiff(frames, length):
        changed = bytearray(whole)
        struct.pack_into(">I", changed, common + 10, frames)
        struct.pack_into(">I", changed, data + 4, length)
        return bytes(changed)

    return {
        "a.aiff": Odd(whole, FRAMES),
        "lost.aiff": Odd(aiff(0, 0), FRAMES),
        "less.aiff": Odd(aiff(LESS, LESS * 4 + 8), FRAMES, LESS),
        "cut.aiff": Odd(whole[: data + 16 + CUT * 4], CUT, FRAMES),
    }


def _flac(folder: Path) -> dict[str, Odd]:
    sf.write(folder / "a.flac", music(), RATE)
    whole = (folder / "a.flac").read_bytes()

    def flac(total):
        changed = bytearray(whole)
        changed[21] &= 0xF0
        struct.pack_into(">I", changed, 22, total)
        return bytes(changed)

    return {
        "a.flac": Odd(whole, FRAMES),
        "streamed.flac": Odd(flac(0), FRAMES),
        "less.flac": Odd(flac(LESS), FRAMES, LESS),
        "more.flac": Odd(flac(2 * FRAMES), FRAMES, 2 * FRAMES),
    }


def _ogg(folder: Path) -> dict[str, Odd]:
    sf.write(folder / "a.ogg", music(), RATE)
    whole = (folder / "a.ogg").read_bytes()
    return {
        "a.ogg": Odd(whole, FRAMES, exact=False),
        "two.ogg": Odd(whole + whole, FRAMES, 2 * FRAMES, exact=False),
    }


def _wide(folder: Path) -> dict[str, Odd]:
    files = {}
    for kind in ("w64", "caf", "au"):
        sf.write(folder / f"a.{kind}", music(), RATE, format=kind.upper(), subtype="PCM_16")
        whole = (folder / f"a.{kind}").read_bytes()
        files[f"a.{kind}"] = Odd(whole, FRAMES)
        if kind != "caf":  # which libsndfile refuses
            files[f"cut.{kind}"] = Odd(whole[: -4 * (FRAMES - CUT)], CUT, FRAMES)
    return files


def mp3(folder: Path, mode: str, **options: float) -> bytes:
    """An MP3 as LAME makes it."""
    path = folder / f"{mode.lower()}.mp3"
    form = {"format": "MP3", "subtype": "MPEG_LAYER_III"}
    sf.write(path, music(), RATE, bitrate_mode=mode, **form, **options)
    return path.read_bytes()


def without_first_frame(data: bytes) -> bytes:
    """An MP3 without the frame that says how many there are."""
    kbps = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)[data[2] >> 4]
    rate = (44100, 48000, 32000)[data[2] >> 2 & 3]
    return data[144000 * kbps // rate + (data[2] >> 1 & 1) :]
