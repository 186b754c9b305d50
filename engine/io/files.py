"""Sound files in and out, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile as sf

from engine.dsp.arrays import Audio
from engine.dsp.settings import MAX_RATE, MIN_RATE
from engine.errors import InputError, OutputError, UsageError
from engine.io.decoding import SoundDecoder, reason
from engine.io.wav import ADD_PEAK_CHUNK, GrowingWav, command
from engine.paths import native
from engine.writing import Draft, check_output

BLOCK = 8192  # samples: small enough for the memory, large enough for vectorised transforms
# Extension to format and encoding: WAV keeps floats, the others are what they are used for.
FORMATS = {
    ".wav": ("WAV", "FLOAT"),
    ".flac": ("FLAC", "PCM_24"),
    ".aiff": ("AIFF", "FLOAT"),
    ".aif": ("AIFF", "FLOAT"),
    ".ogg": ("OGG", "VORBIS"),
}
_FLAC_CHANNELS = 8
_UNHEARD_S = 0.05  # an encoder's last frame may be there in part


class SoundReader:
    """A sound file as blocks of (channels, n) float32.

    Attributes:
        rate, channels, frames, codec: of the file, see :class:`engine.io.decoding.SoundDecoder`.
        ended: after how many samples it turned out to end, if that was too early.

    Raises:
        InputError: the file is missing, no sound file, or of a rate that is not served.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = SoundDecoder(path)
        self.rate, self.channels = self._file.rate, self._file.channels
        self.frames, self.codec = self._file.frames, self._file.codec
        self.ended: int | None = None
        if not MIN_RATE <= self.rate <= MAX_RATE:
            self.close()
            raise InputError(
                str(path),
                f"sample rate {self.rate} Hz",
                expected=f"{MIN_RATE} to {MAX_RATE} Hz",
                cure="Resample it.",
            )

    @property
    def warning(self) -> str:
        """How much could be read of a file unlike its header; else empty. Certain at its end."""
        there = self.frames if self.ended is None else self.ended
        promised = self._file.promised
        if self.ended is not None and (promised is None or promised < self.frames):
            promised = self.frames
        lengths = f"{there / self.rate:.2f} s"
        if promised is None or abs(promised - there) <= self._slack:
            return "" if self._file.ends else f"{self.path}: cut; {lengths} of it could be read"
        said = f"{self.path}: its header promises {promised / self.rate:.2f} s"
        if promised > there:
            return f"{said}, {lengths} could be read"
        return f"{said}, {lengths} are there and are read"

    @property
    def _slack(self) -> float:
        return 0 if self.codec in ("WAV", "AIFF", "FLAC") else _UNHEARD_S * self.rate

    def blocks(self, block: int = BLOCK, limit: int | None = None) -> Iterator[Audio]:
        """The samples in order, at most ``limit``; if the file is cut, fewer and a :attr:`warning`.

        Raises:
            InputError: the file is damaged.
        """
        wanted = self.frames if limit is None else min(limit, self.frames)
        done = 0
        while done < wanted:
            data = self.read(min(block, wanted - done), done)
            if not data.shape[-1]:
                self.ended = done
                return
            done += data.shape[-1]
            yield data

    def read(self, frames: int, done: int = 0) -> Audio:
        """The next (channels, n) of at most so many; fewer at the end.

        Raises:
            InputError: the file is damaged, ``done`` samples after its beginning.
        """
        try:
            return np.ascontiguousarray(self._file.read(frames).T)
        except (sf.LibsndfileError, RuntimeError) as fault:
            lengths = f"{done / self.rate:.2f} s of {self.frames / self.rate:.2f} s"
            raise InputError(
                str(self.path),
                f"damaged after {lengths} ({reason(fault)})",
                cure="Copy it again from its source, or cut it before the damage.",
            ) from fault

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> SoundReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_part(path: Path, first: int, frames: int) -> tuple[Audio, int]:
    """Part of a file, (channels, n), and its rate in hertz. The file is read from its beginning: a
    seek in a lossy one may land elsewhere.

    Args:
        path: a sound file.
        first: sample at which the part begins.
        frames: its length in samples; it is shorter where the file ends.

    Raises:
        InputError: the file cannot be read, or is damaged.
    """
    with SoundReader(path) as reader:
        parts, at = [np.zeros((reader.channels, 0), np.float32)], 0
        for block in reader.blocks(limit=first + frames):
            parts.append(block[:, max(0, first - at) :])
            at += block.shape[-1]
        return np.concatenate(parts, axis=-1), reader.rate


class SoundWriter:
    """Writes beside the final name and takes it only when all is well. Use as a context manager;
    :meth:`keep` before the end, or nothing is left.

    Args:
        path: the final name; its extension says the format (see :data:`FORMATS`).
        rate: sample rate, hertz.
        channels: number of channels.
        inputs: files that the sound is made of; the output is none of them.
        force: whether it may replace a file that is not ours.
        recording: take the name at once, so that a crash leaves what was written, and keep 24 bits
            in WAV, which every program reads and which hold all below full scale.
        inside: see :class:`engine.writing.Draft`.

    Attributes:
        clipped: samples beyond full scale that a format without floats could not keep.
        peak: largest magnitude so far.

    Raises:
        UsageError: the extension is none that can be written, or the name is taken.
        OutputError: the folder is missing, or the disk is full or gone; so all methods.
    """

    def __init__(
        self,
        path: Path,
        rate: int,
        channels: int,
        *,
        inputs: Iterable[Path] = (),
        force: bool = False,
        recording: bool = False,
        inside: bool = False,
    ) -> None:
        check_format(path)
        self.path = path
        container, encoding = FORMATS[path.suffix.lower()]
        if container == "FLAC" and channels > _FLAC_CHANNELS:
            raise UsageError(
                str(path),
                f"{channels} channels",
                expected=f"at most {_FLAC_CHANNELS} in FLAC",
                cure="Write a .wav instead.",
            )
        if recording and container == "WAV":
            encoding = "PCM_24"
        self._floats = encoding == "FLOAT"
        self.clipped, self.peak, self.frames = 0, 0.0, 0
        how = {"force": force, "at_once": recording, "inside": inside}
        self._draft = Draft(path, inputs=inputs, **how)
        part = self._draft.part
        self._file: sf.SoundFile | GrowingWav
        try:
            if container == "WAV":
                self._file = GrowingWav(part, rate, channels, encoding)
            else:
                form = rate, channels, encoding
                self._file = sf.SoundFile(native(part), "w", *form, format=container)
                command(self._file, ADD_PEAK_CHUNK, False)  # it holds the time of day
        except (sf.LibsndfileError, RuntimeError, OSError) as fault:
            self._draft.drop()
            raise self._failed(reason(fault)) from fault

    @property
    def peak_dbfs(self) -> float:
        """The peak in dBFS; -180 for silence."""
        return float(20 * np.log10(max(self.peak, 1e-9)))

    def write(self, block: Audio) -> None:
        """Append (channels, n)."""
        if block.size:
            peak = float(np.max(np.abs(block)))
            self.peak = max(self.peak, peak)
            if peak > 1.0 and not self._floats:
                self.clipped += int(np.count_nonzero(np.abs(block) > 1.0))
                block = np.clip(block, -1.0, 1.0)
        try:
            self._file.write(block if isinstance(self._file, GrowingWav) else block.T)
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
            written = sf.info(native(self._draft.part)).frames
        except (sf.LibsndfileError, RuntimeError, OSError) as fault:
            raise self._failed(reason(fault)) from fault
        if written != self.frames and not partial:  # libsndfile may swallow the last failed write
            raise self._failed(f"{written} of {self.frames} samples arrived")
        self._draft.keep()

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
        self._draft.drop()


def check_format(path: Path) -> None:
    """Whether the extension is one of those that can be written.

    Raises:
        UsageError: it is not.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(
            str(path),
            f"extension {path.suffix or 'missing'}",
            expected=", ".join(FORMATS),
            cure="Choose one of these.",
        )


def check_writable(path: Path, inputs: Iterable[Path] = (), force: bool = False) -> None:
    """Fail before the work and not after it.

    Args:
        path: the name the user gave.
        inputs: files that the sound is made of; the output is none of them.
        force: whether it may replace a file that is not ours.

    Raises:
        UsageError: no such format; it is an input, or a file of the user's without ``force``.
        OutputError: the folder does not exist or refuses.
    """
    check_format(path)
    check_output(path, inputs=inputs, force=force)


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
