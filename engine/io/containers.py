"""M4A and what else libsndfile does not read, by FFmpeg: its binding PyAV, or its program.

Neither is needed for anything else, so neither comes along by itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile as sf

from engine.errors import InputError
from engine.io.wav import GrowingWav

CURE = "Install what reads it: pip install 'doubledrop[m4a]', or ffmpeg; or convert it to WAV."


def kind_of(head: bytes) -> str:
    """FFmpeg's name of the container that begins so; empty for none of those here. A name is given
    to FFmpeg always: left to itself it also takes lists of other files for sound."""
    if head[4:8] == b"ftyp":
        return "mov"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[:4] == b"\x30\x26\xb2\x75":
        return "asf"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "aac"
    return ""


def decode(path: Path, kind: str) -> tuple[Path, int | None]:
    """A file's sound as a WAV of floats in the folder for such, which the caller removes.

    Args:
        path: the file.
        kind: its container, see :func:`kind_of`.

    Returns:
        The WAV, and the length that the container promises, in frames, if it does.

    Raises:
        InputError: nothing is there that reads it, or it holds no sound.
        OSError: as that error, which is one.
        ValueError: only as that error.
        soundfile.LibsndfileError: only as that error.
    """
    handle, name = tempfile.mkstemp(prefix="doubledrop-", suffix=".wav")
    os.close(handle)
    wav = Path(name)
    try:
        try:
            return wav, _by_binding(path, kind, wav)
        except ModuleNotFoundError:
            _by_program(path, kind, wav)
            return wav, None
    except (OSError, ValueError, sf.LibsndfileError) as fault:
        wav.unlink(missing_ok=True)
        if isinstance(fault, InputError):
            raise
        raise InputError(
            str(path), f"no sound file ({fault})", cure="Check that it plays, or convert it to WAV."
        ) from fault
    except BaseException:
        wav.unlink(missing_ok=True)
        raise


def _by_binding(path: Path, kind: str, wav: Path) -> int | None:
    import av

    try:
        return _by_av(path, kind, wav)
    except av.FFmpegError as fault:  # some of its errors are of the system's kinds, others of none
        raise ValueError(str(fault)) from fault


def _by_av(path: Path, kind: str, wav: Path) -> int | None:
    import av

    with path.open("rb") as file, av.open(file, "r", format=kind) as opened:
        if not opened.streams.audio:
            raise InputError(str(path), "no sound in it", cure="Name a sound file.")
        stream = opened.streams.audio[0]
        written: GrowingWav | None = None
        resampler = av.AudioResampler(format="fltp")
        promised: int | None = None
        try:
            for frame in opened.decode(stream):
                for part in resampler.resample(frame):
                    sound = np.asarray(part.to_ndarray(), np.float32)
                    if written is None:
                        written = GrowingWav(wav, part.sample_rate, len(sound), "FLOAT")
                        if stream.duration is not None and stream.time_base is not None:
                            length = Fraction(stream.duration) * stream.time_base
                            promised = round(length * part.sample_rate)
                    # An encoder fills its last block with silence.
                    left = None if promised is None else promised - written.frames
                    written.write(sound[:, :left])
        except av.FFmpegError:
            if written is None:
                raise
        finally:
            if written is not None:
                written.close()
        if written is None:
            raise InputError(str(path), "no sound in it", cure="Name a sound file.")
        return promised


def _by_program(path: Path, kind: str, wav: Path) -> None:
    program = shutil.which("ffmpeg")
    if program is None:
        raise InputError(str(path), "M4A, AAC or alike, which nothing here reads", cure=CURE)
    words = [program, "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-f", kind]
    words += ["-i", f"file:{path}", "-vn", "-map", "0:a:0", "-c:a", "pcm_f32le", "-f", "wav"]
    done = subprocess.run(
        [*words, "-rf64", "auto", "-y", f"file:{wav}"], capture_output=True, check=False
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(
            str(path),
            f"no sound file ({said[-1] if said else 'ffmpeg failed'})",
            cure="Check that it plays, or convert it to WAV.",
        )
