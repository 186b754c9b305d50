"""Tempo and downbeat of a file, for when the user does not give them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soxr

from engine.dsp.arrays import Audio
from engine.dsp.tempo import BEATS_PER_BAR, Tempo
from engine.live.beats import find
from engine.live.files import SoundReader
from engine.live.hearing import RATE, hear

_LISTEN_S = 240.0  # a steady tempo is exact after that; the memory stays bounded
_BLOCK = 1 << 16
SILENT = 1e-4


def track(path: Path, expected_bpm: float, beats_per_bar: int = BEATS_PER_BAR) -> Tempo | None:
    """Steady tempo and a downbeat of a sound file, or None when there is no beat in it.

    What is heard is described in :mod:`engine.live.hearing`, tempo and beats are found in
    :mod:`engine.live.beats`, the bar in :mod:`engine.live.bars`.

    Args:
        path: the file; its first four minutes are heard.
        expected_bpm: tempo that the preset was made for: decides between a tempo and its double.
        beats_per_bar: of the music; what bars have in common is looked for at their distance.

    Raises:
        InputError: the file is damaged.
    """
    with SoundReader(path) as reader:
        sound = mono(reader.blocks(_BLOCK, round(_LISTEN_S * reader.rate)), reader.rate)
    if sound.size < RATE or float(np.max(np.abs(sound))) < SILENT:
        return None
    return find(hear(sound), expected_bpm, beats_per_bar)


def mono(blocks: Iterable[Audio], rate: int) -> Audio:
    """Blocks of (channels, n) at ``rate`` as the tracker hears them: the mean of the channels
    within ±1, zero where it is not finite, at :data:`hearing.RATE`, (n,)."""
    stream = soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="HQ")
    parts = [np.zeros(0, np.float32)]
    for block in blocks:
        clean = np.clip(np.nan_to_num(block, nan=0.0), -1.0, 1.0)
        parts.append(stream.resample_chunk(clean.mean(axis=0)))
    parts.append(stream.resample_chunk(np.zeros(0, np.float32), last=True))
    return np.concatenate(parts)
