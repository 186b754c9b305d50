"""Clips of 30 seconds, the length of a song in the dataset of the text (GTZAN), from all over a
piece: its beginning alone may be a minute of something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile as sf

from engine.beat.file_tracker import mono
from engine.dsp.arrays import Audio
from engine.io.files import SoundReader
from engine.paths import native

CLIP_S = 30.0
MOST_CLIPS = 4
LEAST_S = 10.0
"""A shorter piece has too little of anything."""


def read_clips(path: Path, most: int = MOST_CLIPS) -> list[Audio]:
    """Clips of a file, mono at 22,050 Hz; none if it is shorter than ten seconds.

    Args:
        path: a sound file.
        most: how many clips.

    Raises:
        InputError: the file cannot be read.
    """
    with SoundReader(path) as reader:  # names what is wrong with it
        rate, total = reader.rate, reader.frames
        length = round(CLIP_S * rate)
        places = spread(total, length, most) if total >= LEAST_S * rate else []
        if not places:
            return []
        try:
            with sf.SoundFile(native(path)) as file:
                return [_read(file, place, length) for place in places]
        except (sf.LibsndfileError, RuntimeError):  # of a kind that libsndfile does not read
            whole = np.concatenate(list(reader.blocks(1 << 16, places[-1] + length)), axis=-1)
            return [mono([whole[:, place : place + length]], rate) for place in places]


def _read(file: sf.SoundFile, place: int, length: int) -> Audio:
    """A clip; in a lossy file it may lie a little elsewhere, which does not matter here."""
    file.seek(place)
    return mono([file.read(length, dtype="float32", always_2d=True).T], file.samplerate)


def spread(total: int, length: int, most: int) -> list[int]:
    """Where so many stretches begin that lie at even distances and do not overlap.

    Args:
        total: samples that there are.
        length: of a stretch, samples; one is shorter where there are less.
        most: how many.
    """
    count = max(1, min(most, total // length))
    gap = max(0, total - count * length) / (count + 1)
    return [round(gap + number * (length + gap)) for number in range(count)]
