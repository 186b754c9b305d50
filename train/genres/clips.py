"""Clips of 30 seconds, the length of a song in the dataset of the text (GTZAN)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.beat.features import RATE
from engine.beat.file_tracker import mono
from engine.dsp.arrays import Audio
from engine.io.files import SoundReader

CLIP_S = 30.0
MOST_CLIPS = 4
_LEAST_S = 10.0  # a shorter piece has too little of anything


def read_clips(path: Path, most: int = MOST_CLIPS) -> list[Audio]:
    """Clips of a file, mono at 22,050 Hz; none if it is shorter than ten seconds.

    Args:
        path: a sound file.
        most: how many clips.

    Raises:
        InputError: the file cannot be read.
    """
    with SoundReader(path) as reader:
        # A clip's length more than they need: pieces begin softly, and seldom end as they are.
        limit = round((most + 1) * CLIP_S * reader.rate)
        sound = mono(reader.blocks(1 << 16, limit), reader.rate)
    return spread(sound, most)


def spread(sound: Audio, most: int) -> list[Audio]:
    """So many clips at even distances, none of which overlap; arguments as of :func:`read_clips`.

    Args:
        sound: mono at 22,050 Hz, (n,).
        most: how many clips.
    """
    length = round(CLIP_S * RATE)
    if len(sound) < _LEAST_S * RATE:
        return []
    count = max(1, min(most, len(sound) // length))
    places = np.linspace(0, max(0, len(sound) - length), count + 2)[1:-1]
    if count * length > places[-1] - places[0] + length:  # they would overlap: side by side
        places = np.arange(count) * length + (len(sound) - count * length) // 2
    return [sound[max(0, round(at)) :][:length] for at in places]
