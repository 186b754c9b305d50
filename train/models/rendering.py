"""What the engine will make of a generated image, as a layer that gradients go through.

A gain cannot be drawn as finely as an image: it is put on frames that overlap in time, through a
synthesis window that is shorter than the analysis window, and its bands are wider than the lines
between them. So valleys fill up and edges soften. A critic that sees the image as it is drawn
lets the generator promise what the engine cannot render; here it sees

    rendered = input + 10·log10( S(P·10^(Δ/10)) / S(P) ),   Δ = generated − input in dB,

P the input's power and S a smear in time and frequency. An unchanged image, or one that is louder
as a whole, is rendered as it is. S was fitted to renders of 16 segments (``gain``, 512 samples of
synthesis, use ``late``), re-analysed: it takes the mean error of the promise from 1.31 to 0.79 dB.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from engine.dsp.frontend import FrontEnd
from train.data.images import ROW, heard_columns

_BEFORE_AND_AFTER = 0.22  # share of a column's energy that falls on either neighbour
_SPREAD_HZ = 28.0  # standard deviation of the smear in frequency
_DB = 10.0 / np.log(10.0)


class ImageRendering(nn.Module):
    """Images (batch, 1, bands, columns), −1 … 1, as they come out of the engine.

    Args:
        front_end: what the images were made with.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        super().__init__()
        hertz = front_end.at(44100).centres_hz
        smear = np.exp(-0.5 * ((hertz[:, None] - hertz[None, :]) / _SPREAD_HZ) ** 2)
        smear /= smear.sum(axis=1, keepdims=True)
        self.smear: Tensor
        self.register_buffer("smear", torch.from_numpy(smear), persistent=False)
        # Natural logarithm of power per unit of image.
        self._scale = (front_end.ceil_db - front_end.floor_db) / 2.0 / _DB

    def forward(self, source: Tensor, generated: Tensor) -> Tensor:
        """What is heard when ``generated`` is put on the sound of ``source``."""
        # The loudest of both is 0, so that powers of quiet bands neither overflow nor vanish.
        had, has = self._scale * source, self._scale * generated.clamp(-1.0, 1.0)
        top = torch.maximum(had, has).amax(dim=(-2, -1), keepdim=True).detach()
        change = torch.log(self._smeared(has - top)) - torch.log(self._smeared(had - top))
        rendered: Tensor = source + change / self._scale
        return rendered

    def _smeared(self, log_power: Tensor) -> Tensor:
        power = torch.matmul(self.smear.to(log_power.dtype), torch.exp(log_power))
        around = pad(power, (1, 1, 0, 0), mode="replicate")
        sides = around[..., :-2] + around[..., 2:]
        smeared: Tensor = (1.0 - 2.0 * _BEFORE_AND_AFTER) * power + _BEFORE_AND_AFTER * sides
        return smeared + 1e-12


def stretch(images: Tensor) -> Tensor:
    """What is heard of windows in a row: (batch · ROW, 1, bands, width) to one image a row."""
    heard = images[..., heard_columns(images.shape[-1])]
    return torch.cat([heard[i::ROW] for i in range(ROW)], dim=-1)
