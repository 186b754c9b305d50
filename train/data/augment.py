"""What a critic is shown, changed at random, so that it cannot learn its few images by heart.

Differentiable augmentation (Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN
training"): real and generated images alike, in the generators' step and in the critics'. Changes
are those that leave a genre what it is: place in time, level, and masks of a few bands and columns
(SpecAugment, Park et al. 2019). A spectral tilt is style, and is not among them.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from engine.dsp.frontend import FrontEnd

_SHIFT = 16  # columns either way: 0.19 s
_LEVEL_DB = 6.0
_BANDS, _COLUMNS = 16, 12  # widest masks
_SILENCE = -1.0


def augmented(images: Tensor, rng: np.random.Generator, front_end: FrontEnd) -> Tensor:
    """Images shifted, louder or softer, and masked, each in its own way.

    Args:
        images: (batch, 1, bands, columns), −1 … 1.
        rng: of the choices.
        front_end: says what a decibel is.

    Returns:
        The same shape; gradients go through.
    """
    return torch.stack([_one(image, rng, front_end) for image in images])


def _one(image: Tensor, rng: np.random.Generator, front_end: FrontEnd) -> Tensor:
    bands, columns = image.shape[-2:]
    shift = int(rng.integers(-_SHIFT, _SHIFT + 1))
    shifted = pad(image, (shift, -shift), value=_SILENCE)
    unit_db = (front_end.ceil_db - front_end.floor_db) / 2.0
    louder = shifted + float(rng.uniform(-_LEVEL_DB, _LEVEL_DB)) / unit_db
    mask = torch.zeros(bands, columns, dtype=torch.bool, device=image.device)
    for rows, most in ((mask, _BANDS), (mask.T, _COLUMNS)):
        wide = int(rng.integers(0, most + 1))
        first = int(rng.integers(0, len(rows) - wide + 1))
        rows[first : first + wide] = True
    return louder.masked_fill(mask, _SILENCE)
