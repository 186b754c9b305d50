"""A performance as generators are shown it: its image at the level that the stage brings it to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from engine.dsp.arrays import Array, Audio
from engine.dsp.frontend import FrontEnd
from engine.dsp.streaming import stream_gains_db
from train.models.sound_rendering import front_end_image, image_of

FULL = 4.0
"""Largest sample that is kept: segments stand this far above full scale at the dataset's level."""
_PIECE = 4096  # columns analysed at once


@dataclass(frozen=True)
class Version:
    """One performance of a piece.

    Attributes:
        sound: mono, (samples,), int16 at the dataset's level less its headroom.
        image: at the generator's level, −1 … 1, (columns, bands), float16.
    """

    sound: Tensor
    image: Tensor


class Versions:
    """Makes them of sound.

    Args:
        front_end: of the images.
        rate: of the sound, hertz.
        level_db: mean power that the stage brings a feed to, dB re full scale.
        device: where they are kept.

    Attributes:
        hop: samples between columns.
    """

    def __init__(
        self, front_end: FrontEnd, rate: int, level_db: float, device: torch.device
    ) -> None:
        self._front_end, self._rate, self._level_db = front_end, rate, level_db
        self._device = device
        self._image = front_end_image(rate).to(device)
        self._weight = self._image.window.square()
        self.hop = self._image.hop

    def of(self, sound: Audio) -> Version:
        """(channels, samples) to its version."""
        there = torch.from_numpy(sound).to(self._device)
        powers, levels = self._powers(there), self._levels(there)
        gains = stream_gains_db(levels, self._level_db, self.hop / self._rate)
        db = powers[: len(gains)] + torch.from_numpy(gains).to(powers)[: len(powers), None]
        image = image_of(self._front_end, db).clamp(-1.0, 1.0)
        stored = (there.mean(dim=0) / FULL).clamp(-1.0, 1.0) * 32767.0
        return Version(stored.round().to(torch.int16), image.half())

    def _powers(self, sound: Tensor) -> Tensor:
        """(channels, samples) to (columns, bands), dB: the channels' powers are averaged."""
        size = self._image.size
        padded = pad(sound, (size // 2, size - size // 2))
        parts = []
        count = -(-sound.shape[-1] // self.hop)
        for first in range(0, count, _PIECE):
            last = (min(first + _PIECE, count) - 1) * self.hop + size
            powers = torch.pow(10.0, self._image(padded[:, first * self.hop : last]) / 10.0)
            parts.append(10.0 * torch.log10(powers.mean(dim=0)).T)
        return torch.cat(parts)

    def _levels(self, sound: Tensor) -> Array:
        """Mean square of each column's windowed signal, as the front end says it, (columns,)."""
        size = self._image.size
        padded = pad(sound.square().mean(dim=0), (size // 2, size - size // 2))
        frames = padded.unfold(0, size, self.hop)[: -(-sound.shape[-1] // self.hop)]
        pieces = [frames[at : at + _PIECE] for at in range(0, len(frames), _PIECE)]
        levels = torch.cat([piece @ self._weight for piece in pieces]) / self._weight.sum()
        return np.asarray(levels.cpu().numpy(), np.float64)
