"""A sound file opened so that all of it is read, and what its header promised."""

from __future__ import annotations

import mmap
import stat
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from engine.dsp.arrays import Audio
from engine.errors import InputError
from engine.io import containers, mpeg, pages, riff, wide
from engine.io.header import Account, Spliced
from engine.paths import native

_ENDLESS = 1 << 62  # frames: libsndfile's word for a length that it does not know
_COUNTED = 1 << 16  # frames at a time
_HEAD = 24  # bytes that say what a file is
_LOOKS = {
    **dict.fromkeys((b"RIFF", b"RF64", b"BW64"), riff.wav),
    b"FORM": riff.aiff,
    b"fLaC": pages.flac,
    b"OggS": pages.ogg,
    b"riff": wide.w64,
    b"caff": wide.caf,
    b".snd": wide.au,
}


class SoundDecoder:
    """A sound file from its beginning to its end.

    Args:
        path: the file.

    Attributes:
        rate, channels: of it.
        codec: FLAC, WAV, MP3, VORBIS, OPUS and so on.
        frames: its length.
        promised: by its header, in frames; None where that promises nothing.
        ends: whether it has the end it should have.

    Raises:
        InputError: it is missing, or no file that can be decoded.
    """

    def __init__(self, path: Path) -> None:
        check_file(path)
        self._spliced: Spliced | None = None
        self._converted: Path | None = None
        try:
            with path.open("rb") as file:
                head = file.read(_HEAD)
            kind = containers.kind_of(head)
            if kind:
                self._converted, promised = containers.decode(path, kind)
                self._file, self.promised, self.ends = self._opened(self._converted), promised, True
                with suppress(OSError):  # Windows keeps it while it is open
                    self._converted.unlink()
                    self._converted = None
            else:
                account = _account(path, head) or Account()
                self.promised, self.ends = account.promised, account.ends
                if account.head:
                    self._spliced = Spliced(path, account)
                self._file = self._opened(self._spliced or path)
        except (sf.LibsndfileError, RuntimeError, OSError) as fault:
            self._drop()
            if isinstance(fault, InputError):
                raise
            size = path.stat().st_size
            raise InputError(
                str(path),
                "empty (0 bytes)" if size == 0 else f"no sound file ({reason(fault)})",
                expected="WAV, FLAC, AIFF, OGG, Opus, MP3 or M4A",
                cure="Check that the file plays, or convert it to WAV.",
            ) from fault
        self.rate, self.channels = self._file.samplerate, self._file.channels
        names = {"OGG": self._file.subtype, "MPEG": "MP3", "WAVEX": "WAV", "RF64": "WAV"}
        self.codec = "AAC" if kind else str(names.get(self._file.format, self._file.format))
        self.frames = max(0, self._file.frames)
        if self.frames >= _ENDLESS:
            self.frames = self._count()

    def read(self, frames: int) -> Audio:
        """The next (frames, channels), float32; fewer at the end.

        Raises:
            soundfile.LibsndfileError: it is damaged there.
        """
        # soundfile's own way seeks after each block, which fails at the end of a FLAC of unknown
        # length, and may land elsewhere in a lossy file.
        out = np.empty((frames, self.channels), np.float32)
        done = sf._snd.sf_readf_float(
            self._file._file, sf._ffi.cast("float *", out.ctypes.data), frames
        )
        fault = sf._snd.sf_error(self._file._file)
        if fault:
            raise sf.LibsndfileError(fault)
        return out[:done]

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._drop()

    def _opened(self, file: Any) -> sf.SoundFile:
        return sf.SoundFile(native(file) if isinstance(file, Path) else file, "r")

    def _count(self) -> int:
        """The length of what has to be decoded for it."""
        frames = 0
        with suppress(sf.LibsndfileError):
            while n := len(self.read(_COUNTED)):
                frames += n
        with suppress(sf.LibsndfileError, RuntimeError):
            self._file.seek(0)
        return frames

    def _drop(self) -> None:
        if self._spliced is not None:
            self._spliced.close()
        if self._converted is not None:
            self._converted.unlink(missing_ok=True)


def check_file(path: Path) -> None:
    """Whether there is a file that can be read more than once.

    Raises:
        InputError: it is missing, a folder, or a pipe or device.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as fault:
        missing = isinstance(fault, FileNotFoundError | NotADirectoryError | ValueError)
        found = "no such file" if missing else f"cannot be read ({fault.strerror})"  # type: ignore[union-attr]
        raise InputError(str(path), found, cure="Check the name.") from fault
    if stat.S_ISDIR(mode):
        raise InputError(str(path), "a folder", expected="a sound file", cure="Name a file.")
    if not stat.S_ISREG(mode):
        raise InputError(
            str(path),
            "a pipe or a device",
            expected="a file",
            cure="Save it as a file first; `doubledrop render` reads pipes.",
        )


def _account(path: Path, head: bytes) -> Account | None:
    """What is known of a file of this beginning without decoding it."""
    look = _LOOKS.get(head[:4])
    if head[:3] == b"ID3" or head[:1] == b"\xff":
        look = mpeg.mp3
    if look is None or len(head) < _HEAD:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            return look(data)
        except (struct.error, IndexError):  # it ends within what it begins with
            return None


def reason(fault: Exception) -> str:
    """What libsndfile says of a fault, without its full stop."""
    text = str(getattr(fault, "error_string", "")) or str(fault)
    return text.strip().rstrip(".")
