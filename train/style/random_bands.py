"""One random convolution along time whose channels are the bands of a log-mel image."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv1d, relu

from train.style.features import Found, Layers


class RandomBands(Layers):
    """Random weights that stay as they are, and a rectifier: Ulyanov & Lebedev 2016, "Audio texture
    synthesis and style transfer", with 11 taps; 116 ms here.

    Args:
        bands: of the images.
        device: where it looks at them.
        seed: of the weights.
        filters: how many.
        taps: columns that each sees.
    """

    def __init__(
        self, bands: int, device: torch.device, seed: int = 0, filters: int = 512, taps: int = 11
    ) -> None:
        drawn = torch.Generator().manual_seed(seed)
        weights = torch.randn(filters, bands, taps, generator=drawn)
        self._weights = (weights / (bands * taps) ** 0.5).to(device)

    def found(self, image: Tensor) -> Found:
        """See :meth:`Layers.found`."""
        # Around the middle of an image's range, so that a filter's sign is not that of its sum.
        around = image[:, 0] - 0.5
        channels = relu(conv1d(around, self._weights, padding=self._weights.shape[-1] // 2))
        return Found({"random": channels}, {"random": channels})
