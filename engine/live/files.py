"""Sound files in and out, block by block."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile as sf

from engine.dsp.arrays import Audio
from engine.errors import InputError, OutputError, UsageError
from engine.paths import native
from engine.stages.host import MAX_RATE, MIN_RATE

BLOCK = 8192  # samples: small enough for the memory, large enough for vectorised transforms
# Extension to format and encoding: WAV keeps floats, the others are what they are used for.
FORMATS = {
    ".wav": ("WAV", "FLOAT"),
    ".flac": ("FLAC", "PCM_24"),
    ".aiff": ("AIFF", "FLOAT"),
    ".aif": ("AIFF", "FLOAT"),
    ".ogg": ("OGG", "VORBIS"),
}
# Commands of libsndfile for which soundfile has no public way.
ADD_PEAK_CHUNK, UPDATE_HEADER_AUTO = 0x1050, 0x1061
_WAV_LIMIT = 4_000_000_000  # bytes; above, RF64 is the same file with longer length fields
_FLAC_CHANNELS = 8


class SoundReader:
    """A sound file as blocks of (channels, n) float32.

    Raises:
        InputError: the file is missing, empty of any header, no sound file, or of a rate that the
            engine does not serve.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise InputError(str(path), "no such file", cure="Check the name.")
        if path.is_dir():
            raise InputError(str(path), "a folder", expected="a sound file", cure="Name a file.")
        try:
            self._file = sf.SoundFile(native(path))
        except (sf.LibsndfileError, RuntimeError, OSError) as fault:
            size = path.stat().st_size
            raise InputError(
                str(path),
                "empty (0 bytes)" if size == 0 else f"no sound file ({reason(fault)})",
                expected="WAV, FLAC, AIFF, OGG, Opus or MP3",
                cure="Check that the file plays, or convert it to WAV.",
            ) from fault
        self.rate, self.channels = self._file.samplerate, self._file.channels
        self.frames = max(0, self._file.frames)
        if not MIN_RATE <= self.rate <= MAX_RATE:
            raise InputError(
                str(path),
                f"sample rate {self.rate} Hz",
                expected=f"{MIN_RATE} to {MAX_RATE} Hz",
                cure="Resample it.",
            )

    def blocks(self, block: int = BLOCK, limit: int | None = None) -> Iterator[Audio]:
        """The samples in order, at most ``limit``.

        Raises:
            InputError: the file is damaged, or ends before the length its header gives.
        """
        wanted = self.frames if limit is None else min(limit, self.frames)
        done = 0
        while done < wanted:
            try:
                data = self._file.read(min(block, wanted - done), dtype="float32", always_2d=True)
            except (sf.LibsndfileError, RuntimeError) as fault:
                raise self._damaged(done, reason(fault)) from fault
            if not len(data):
                raise self._damaged(done, "the file ends there")
            done += len(data)
            yield np.ascontiguousarray(data.T)

    def _damaged(self, done: int, reason: str) -> InputError:
        return InputError(
            str(self.path),
            f"damaged after {done / self.rate:.2f} s of {self.frames / self.rate:.2f} s ({reason})",
            cure="Copy it again from its source, or cut it before the damage.",
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> SoundReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SoundWriter:
    """Writes beside the final name and takes it only when all is well.

    Use as a context manager; :meth:`keep` before the end, or nothing is left.

    Args:
        path: the final name; its extension says the format (see :data:`FORMATS`).
        rate: sample rate, hertz.
        channels: number of channels.
        frames: expected length, for the choice between WAV and RF64; None if not known.

    Attributes:
        clipped: samples beyond full scale that a format without floats could not keep.
        peak: largest magnitude so far.

    Raises:
        UsageError: the extension is none that can be written.
        OutputError: the folder is missing or the file cannot be written.
    """

    def __init__(self, path: Path, rate: int, channels: int, frames: int | None = None) -> None:
        check_writable(path)
        self.path, self._rate, self._channels = path, rate, channels
        container, self._encoding = FORMATS[path.suffix.lower()]
        if container == "WAV" and (frames is None or frames * channels * 4 > _WAV_LIMIT):
            container = "RF64"
        if container == "FLAC" and channels > _FLAC_CHANNELS:
            raise UsageError(
                str(path),
                f"{channels} channels",
                expected=f"at most {_FLAC_CHANNELS} in FLAC",
                cure="Write a .wav instead.",
            )
        self.clipped, self.peak, self.frames = 0, 0.0, 0
        self._part = path.with_name(f".{path.name}.part")
        try:
            self._file = sf.SoundFile(
                native(self._part), "w", rate, channels, self._encoding, format=container
            )
        except (sf.LibsndfileError, RuntimeError, OSError) as fault:
            self._part.unlink(missing_ok=True)
            raise self._failed(reason(fault)) from fault
        command(self._file, ADD_PEAK_CHUNK, False)  # it holds the time of day

    @property
    def peak_dbfs(self) -> float:
        """The peak in dBFS; -180 for silence."""
        return float(20 * np.log10(max(self.peak, 1e-9)))

    def write(self, block: Audio) -> None:
        """Append (channels, n).

        Raises:
            OutputError: the disk is full or gone.
        """
        if block.size:
            peak = float(np.max(np.abs(block)))
            self.peak = max(self.peak, peak)
            if peak > 1.0 and self._encoding != "FLOAT":
                self.clipped += int(np.count_nonzero(np.abs(block) > 1.0))
                block = np.clip(block, -1.0, 1.0)
        try:
            self._file.write(block.T)
        except (sf.LibsndfileError, RuntimeError, OSError) as fault:
            raise self._failed(reason(fault)) from fault
        self.frames += block.shape[-1]

    def keep(self, partial: bool = False) -> None:
        """Complete the file and give it its name.

        Args:
            partial: keep what has arrived, after a write that failed.

        Raises:
            OutputError: the disk is full or gone.
        """
        try:
            self._file.close()
            written = sf.info(native(self._part)).frames
        except (sf.LibsndfileError, RuntimeError, OSError) as fault:
            raise self._failed(reason(fault)) from fault
        if written != self.frames and not partial:  # libsndfile may swallow the last failed write
            raise self._failed(f"{written} of {self.frames} samples arrived")
        os.replace(self._part, self.path)

    def _failed(self, reason: str) -> OutputError:
        return OutputError(
            str(self.path),
            f"cannot be written ({reason})",
            cure="Make room on the disk, or choose another folder.",
        )

    def __enter__(self) -> SoundWriter:
        return self

    def __exit__(self, *_: object) -> None:
        # The disk that refused the samples refuses the header too.
        with suppress(sf.LibsndfileError, RuntimeError, OSError):
            self._file.close()
        self._part.unlink(missing_ok=True)


def command(file: sf.SoundFile, number: int, value: bool) -> None:
    """Tell libsndfile how to write a file."""
    sf._snd.sf_command(file._file, number, sf._ffi.NULL, int(value))


def check_writable(path: Path) -> None:
    """Fail before the work and not after it.

    Raises:
        UsageError: the extension is none that can be written.
        OutputError: the folder does not exist or refuses.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(
            str(path),
            f"extension {path.suffix or 'missing'}",
            expected=", ".join(FORMATS),
            cure="Choose one of these.",
        )
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(str(folder), "no such folder", cure=f"Make it: mkdir -p {folder}")
    if not os.access(folder, os.W_OK) or path.is_dir():
        raise OutputError(str(path), "cannot be written", cure="Choose another folder or name.")


def make_folder(folder: Path) -> None:
    """Make a folder for results.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise OutputError(
            str(folder), f"cannot be made ({fault.strerror})", cure="Choose another folder."
        ) from fault


def reason(fault: Exception) -> str:
    """What libsndfile says of a fault, without its full stop."""
    text = str(getattr(fault, "error_string", "")) or str(fault)
    return text.strip().rstrip(".")
