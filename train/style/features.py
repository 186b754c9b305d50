"""What content and style of a sound are taken from: audio-VGG, or one random convolution."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv1d

from engine.dsp.arrays import Array
from train.style.audio_vgg import CONTENT, STYLE, AudioVgg

_FILTERS, _TAPS = 4096, 3


@dataclass(frozen=True)
class Found:
    """What layers find in images, by layer, (batch, channels, …).

    Attributes:
        content: what says what a sound is; nothing where style alone counts.
        style: what says how it sounds.
    """

    content: Mapping[str, Tensor]
    style: Mapping[str, Tensor]


class Layers(ABC):
    """Layers that look at images of sound."""

    @abstractmethod
    def found(self, image: Tensor) -> Found:
        """Content and style of images (batch, 1, bins, frames)."""


class Features(Layers):
    """Layers, and the images of magnitudes that they look at.

    Attributes:
        sample_rate: of the sound, hertz; None for any.
        window, hop: of the transform, samples.
    """

    sample_rate: int | None
    window: int
    hop: int

    @abstractmethod
    def image(self, magnitude: Array) -> Tensor:
        """Magnitudes (bins, frames) as they are looked at, (1, 1, bins, frames)."""

    @abstractmethod
    def magnitude(self, image: Tensor) -> Array:
        """And back; as loud as the image is."""


def grey(magnitude: Array) -> Tensor:
    """Linear magnitudes (bins, frames) as audio-VGG sees them: the loudest place is 1."""
    white = max(float(magnitude.max()), 1e-9)
    return torch.from_numpy(magnitude / np.float32(white))[None, None]


class VggFeatures(Features):
    """Layers of audio-VGG on grey images, as in Liu et al. 2019, section 3.3.

    Args:
        network: trained.
    """

    sample_rate, window, hop = 16000, 1024, 256

    def __init__(self, network: AudioVgg) -> None:
        self._network = network.eval().requires_grad_(False)

    def image(self, magnitude: Array) -> Tensor:
        """See :meth:`Features.image`."""
        return grey(magnitude)

    def magnitude(self, image: Tensor) -> Array:
        """See :meth:`Features.magnitude`."""
        return np.asarray(image[0, 0].clamp(min=0.0).numpy(), np.float32)

    def found(self, image: Tensor) -> Found:
        """See :meth:`Layers.found`."""
        layers = self._network.features(image, {*CONTENT, *STYLE})
        return Found({n: layers[n] for n in CONTENT}, {n: layers[n] for n in STYLE})


class RandomFeatures(Features):
    """One convolution along time with bins as channels, of random weights that stay as they are, on
    ln(1 + magnitude): Lin, "Audio style transfer", sections 4.1 and 5.1. No rectifier is mentioned
    there, and none is here. Style alone counts.

    Args:
        seed: of the weights.
        filters: how many; 4096 in the paper.
    """

    sample_rate, window, hop = None, 2048, 512

    def __init__(self, seed: int = 0, filters: int = _FILTERS) -> None:
        bins = self.window // 2 + 1
        drawn = torch.Generator().manual_seed(seed)
        weights = torch.randn(filters, bins, _TAPS, generator=drawn)
        self._weights = weights / (bins * _TAPS) ** 0.5

    def image(self, magnitude: Array) -> Tensor:
        """See :meth:`Features.image`."""
        return torch.from_numpy(np.log1p(magnitude))[None, None]

    def magnitude(self, image: Tensor) -> Array:
        """See :meth:`Features.magnitude`."""
        return np.asarray(torch.expm1(image[0, 0].clamp(min=0.0)).numpy(), np.float32)

    def found(self, image: Tensor) -> Found:
        """See :meth:`Layers.found`."""
        return Found({}, {"random": conv1d(image[:, 0], self._weights, padding=_TAPS // 2)})
