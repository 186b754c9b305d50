"""WAV that grows: a whole file ten times a second, plain while it fits and RF64 beyond."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import soundfile as sf

from engine.dsp.arrays import Audio
from engine.dsp.pcm import rounded
from engine.paths import native

# Commands of libsndfile for which soundfile has no public way.
ADD_PEAK_CHUNK = 0x1050
_UPDATE_HEADER_NOW, _RF64_AUTO_DOWNGRADE = 0x1060, 0x1210
_WHOLE_S = 0.1  # between two headers
# What libsndfile writes: RIFF, WAVE, a JUNK chunk in the place of RF64's lengths, then the format.
_FORMAT_AT, _EXTENSIBLE = 44, 0xFFFE
_LONG, _SHORT = 40, 16  # bytes of an extensible and of a plain format chunk


class GrowingWav:
    """A WAV file that is written from its beginning to its end.

    libsndfile writes it as RF64, which it turns into plain WAV below 4 GiB (EBU Tech 3306), but
    with an extensible format chunk, which Python's ``wave`` and old programs refuse for the two
    channels of plain PCM: a plain one is put in its place.

    Args:
        path: a file that exists and is empty.
        rate: sample rate, hertz.
        channels: number of channels.
        encoding: ``FLOAT``, or ``PCM_24`` for what every program reads.

    Attributes:
        frames: written so far.
        clipped: samples beyond full scale that PCM could not keep.

    Raises:
        soundfile.LibsndfileError: it cannot be written, or the disk is full; so all methods.
        OSError: the same.
    """

    def __init__(self, path: Path, rate: int, channels: int, encoding: str) -> None:
        self._path, self._pcm = path, encoding != "FLOAT"
        self._file = sf.SoundFile(native(path), "w", rate, channels, encoding, format="RF64")
        self.frames = self.clipped = self._whole = 0
        self._step = round(_WHOLE_S * rate)
        command(self._file, _RF64_AUTO_DOWNGRADE, True)  # before the first header is written

    def write(self, block: Audio) -> None:
        """Append (channels, n)."""
        if self._pcm and block.size and np.max(np.abs(block)) > 1.0:
            self.clipped += int(np.count_nonzero(np.abs(block) > 1.0))
        self._file.write((rounded(block) if self._pcm else block).T)  # libsndfile would truncate
        self.frames += block.shape[-1]
        if self.frames - self._whole >= self._step:
            self.update()

    def update(self) -> None:
        """Make it a whole file of all that was written."""
        self._whole = self.frames
        command(self._file, _UPDATE_HEADER_NOW, False)
        self._make_plain()

    def close(self) -> None:
        """Complete the file."""
        if not self._file.closed:
            self._file.close()
            self._make_plain()

    def _make_plain(self) -> None:
        with self._path.open("r+b", buffering=0) as file:
            head = file.read(_FORMAT_AT + 8 + _LONG)
            chunk = head[_FORMAT_AT:]
            long = struct.pack("<4sIH", b"fmt ", _LONG, _EXTENSIBLE)
            if head[:4] != b"RIFF" or not chunk.startswith(long):
                return
            (kind,) = struct.unpack_from("<H", chunk, 8 + 24)  # the subformat's first two bytes
            plain = struct.pack("<4sIH", b"fmt ", _SHORT, kind) + chunk[10 : 8 + _SHORT]
            rest = _LONG - _SHORT - 8
            file.seek(_FORMAT_AT)
            file.write(plain + struct.pack("<4sI", b"JUNK", rest) + bytes(rest))


def command(file: sf.SoundFile, number: int, value: bool) -> None:
    """Tell libsndfile how to write a file.

    Args:
        file: that is open for writing.
        number: of the command, as in ``sndfile.h``.
        value: whether to do so.
    """
    sf._snd.sf_command(file._file, number, sf._ffi.NULL, int(value))
