"""A file heard once, block by block: what the tracker needs and what the file is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.fft

from engine.beat.file_tracker import mono
from engine.dsp.arrays import Array, Audio
from engine.errors import InputError
from engine.io.files import SoundReader

LONGEST_S = 600.0  # of a longer file the first ten minutes are heard
BLOCK = 1 << 16
_MISSING_S = 0.5
_WINDOW = 4096
_BAND_HZ = 100.0
_FAINT_DB = -80.0


@dataclass(frozen=True)
class Listened:
    """What was heard of a file.

    Attributes:
        sound: mono at the tracker's rate, (n,), what was not finite is zero.
        rate, channels, codec: of the file.
        bandwidth_hz: see :func:`bandwidth`.
        warning: how much of it could be read, if not all.
    """

    sound: Audio
    rate: int
    channels: int
    codec: str
    bandwidth_hz: float
    warning: str = ""


def listen(path: Path, seconds: float = LONGEST_S) -> Listened:
    """Hear a file.

    Raises:
        InputError: the file cannot be read, or is damaged.
    """
    with SoundReader(path) as reader:
        spectrum = Spectrum(reader.rate)
        sound = mono(map(spectrum.hear, blocks_of(reader, seconds)), reader.rate)
        return Listened(
            sound,
            reader.rate,
            reader.channels,
            reader.codec,
            bandwidth(spectrum.power, spectrum.hz),
            reader.warning,
        )


class Spectrum:
    """Power per bin of a sound of ``rate`` hertz, of every second window."""

    def __init__(self, rate: int) -> None:
        self.hz = np.fft.rfftfreq(_WINDOW, 1 / rate)
        self.power = np.zeros(len(self.hz))
        self._window = np.hanning(_WINDOW).astype(np.float32)

    def hear(self, block: Audio) -> Audio:
        """Take a block, (channels, n), into account; it is returned as it is."""
        whole = block.shape[-1] // _WINDOW * _WINDOW
        frames = block[:, :whole].mean(axis=0).reshape(-1, _WINDOW)[::2]
        self.power += (np.abs(scipy.fft.rfft(frames * self._window)) ** 2).sum(axis=0)
        return block


def blocks_of(reader: SoundReader, seconds: float = LONGEST_S) -> Iterator[Audio]:
    """The file's samples in order, (channels, n), within ±1, zero where they are not finite.

    A file may be damaged in its last half second, or end early: its :attr:`SoundReader.warning`
    says so.

    Raises:
        InputError: the file is damaged before that.
    """
    limit = round(seconds * reader.rate)
    heard = 0
    try:
        for block in reader.blocks(BLOCK, limit=limit):
            heard += block.shape[-1]
            clean = np.nan_to_num(block, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
            yield np.clip(clean, -1.0, 1.0)
    except InputError:
        if min(limit, reader.frames) - heard > _MISSING_S * reader.rate:
            raise
        reader.ended = heard


def bandwidth(power: Array, hz: Array) -> float:
    """Highest frequency at which there is sound, hertz: the top of the highest 100 Hz band whose
    power is within 80 dB of the whole.

    A codec's low-pass lies far below that, and so does the dither of 16 bits; 99.9 % of the power
    would be the bass of any music.
    """
    total = float(power.sum())
    if total <= 0:
        return 0.0
    bands = np.bincount((hz / _BAND_HZ).astype(np.intp), weights=power)
    heard = np.flatnonzero(bands > total * 10 ** (_FAINT_DB / 10))
    return float(min((heard[-1] + 1) * _BAND_HZ, hz[-1]))
