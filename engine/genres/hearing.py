"""Which genres a sound is of, over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.beat.features import RATE
from engine.beat.file_tracker import resampled
from engine.dsp.arrays import Array, Audio
from engine.errors import InputError
from engine.genres.classifier import Classifier
from engine.genres.features import FRAMES_PER_S, HOP, WINDOW, Frames, frames, summary
from engine.io.files import SoundReader

WINDOW_S = 30.0
"""Length of sound that is called at once: a clip's of training."""
STEP_S = 5.0
_BLOCK = 1 << 16
_LEAST_S = 3.0  # of sound: less has no genre


@dataclass(frozen=True)
class Heard:
    """What a sound was called, window by window.

    Attributes:
        genres: by the columns of ``shares``.
        times_s: middle of each window, (windows,).
        shares: (windows, genres); NaN where there was silence.
        seconds: length of the sound.
    """

    genres: tuple[str, ...]
    times_s: Array
    shares: Array
    seconds: float

    @property
    def mean(self) -> Array | None:
        """Shares over the whole sound, (genres,); None if all of it is silent."""
        heard = self.shares[~np.isnan(self.shares).any(axis=1)]
        return heard.mean(axis=0) if len(heard) else None

    @property
    def genre(self) -> str:
        """What the sound is called as a whole; empty for silence."""
        mean = self.mean
        return "" if mean is None else self.genres[int(mean.argmax())]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        mean = self.mean
        shares = {} if mean is None else _named(self.genres, mean)
        over_time = [
            {"at_s": round(float(at), 3), "shares": _named(self.genres, row)}
            for at, row in zip(self.times_s, self.shares, strict=True)
            if not np.isnan(row).any()
        ]
        return {
            "genre": self.genre or None,
            "shares": shares,
            "seconds": self.seconds,
            "over_time": over_time,
        }


def hear_file(
    path: Path, classifier: Classifier, progress: Callable[[float], None] | None = None
) -> Heard:
    """Call a sound file, window by window.

    Args:
        path: the file.
        classifier: that calls it.
        progress: called with the share that is read.

    Raises:
        InputError: the file cannot be read, is damaged, or is shorter than three seconds.
    """
    with SoundReader(path) as reader:
        total, read = max(1, reader.frames), 0

        def blocks() -> Iterator[Audio]:
            nonlocal read
            for block in reader.blocks(_BLOCK):
                read += block.shape[-1]
                if progress:
                    progress(min(1.0, read / total))
                yield block

        heard = stream_frames(resampled(blocks(), reader.rate))
        seconds = read / reader.rate
    if len(heard) < _LEAST_S * FRAMES_PER_S - WINDOW / HOP:
        raise InputError(
            str(path),
            f"{seconds:.1f} s of sound",
            expected=f"{_LEAST_S:g} s or more",
            cure="Name a longer file.",
        )
    return call(heard, classifier, seconds)


def stream_frames(parts: Iterator[Audio]) -> Frames:
    """Frames of a sound that comes in parts, the same as of the whole.

    Args:
        parts: mono at 22,050 Hz, (n,) each.
    """
    found, rest = [frames(np.zeros(0, np.float32))], np.zeros(0, np.float32)
    for part in parts:
        rest = np.concatenate([rest, part])
        made = frames(rest)
        found.append(made)
        rest = rest[len(made) * HOP :]
    return Frames.join(*found)


def call(heard: Frames, classifier: Classifier, seconds: float) -> Heard:
    """Call frames window by window; a sound shorter than a window is one.

    Args:
        heard: frames of a sound.
        classifier: that calls it.
        seconds: length of the sound.
    """
    length, step = (round(s * FRAMES_PER_S) for s in (WINDOW_S, STEP_S))
    begins = np.arange(0, max(1, len(heard) - length + 1), step)
    rows = [summary(heard[begin : begin + length]) for begin in begins.tolist()]
    shares = np.full((len(rows), len(classifier.genres)), np.nan)
    sounding = [number for number, row in enumerate(rows) if row is not None]
    if sounding:
        shares[sounding] = classifier(np.stack([row for row in rows if row is not None]))
    middles = (begins + 0.5 * min(length, len(heard))) * HOP / RATE
    return Heard(classifier.genres, middles, shares, seconds)


def _named(genres: tuple[str, ...], shares: Array) -> dict[str, float]:
    """Shares by genre, the largest first."""
    order = np.argsort(-shares)
    return {genres[i]: round(float(shares[i]), 4) for i in order}
