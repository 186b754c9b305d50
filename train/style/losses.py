"""Distances between sounds in content and in style, of what layers find in their images.

Style is what features do together wherever they are: their Gram matrix (Gatys, Ecker & Bethge 2015,
"A neural algorithm of artistic style"). Liu et al. 2019, section 3.3, balance it with two more
after Verma & Smith 2018, "Neural style transfer for audio spectrograms": how energy goes over time,
and how over frequency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate, mse_loss


def gram(features: Tensor) -> Tensor:
    """What features do together, as a mean over places: (batch, n, …) to (batch, n, n).

    Dividing by the number of places makes images of different lengths comparable.
    """
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[-1]


def gram_distance(features: Tensor, wanted: Tensor) -> Tensor:
    """Squared distance of two Gram matrices over 4 n², with n features (Gatys et al., eq. 4).

    Args:
        features: (batch, n, …).
        wanted: Gram matrix, (1, n, n).
    """
    return matrix_distance(gram(features), wanted)


def matrix_distance(matrices: Tensor, wanted: Tensor) -> Tensor:
    """The same of Gram matrices, (batch, n, n) and (1, n, n)."""
    return (matrices - wanted).square().sum((1, 2)).mean() / (4 * wanted.shape[-1] ** 2)


def energy_over_time(image: Tensor) -> Tensor:
    """Mean square over the bins of each frame, (batch, 1, bins, frames) to (batch, frames)."""
    return image.square().mean(2)[:, 0]


def energy_over_frequency(image: Tensor) -> Tensor:
    """Mean square over the frames of each bin, (batch, 1, bins, frames) to (batch, bins)."""
    return image.square().mean(3)[:, 0]


@dataclass(frozen=True)
class Style:
    """What there is to be matched of a recording.

    Attributes:
        grams: by layer, (1, n, n).
        time: energy over time, (1, frames).
        frequency: energy over frequency, (1, bins).
    """

    grams: Mapping[str, Tensor]
    time: Tensor
    frequency: Tensor

    @staticmethod
    def of(image: Tensor, found: Mapping[str, Tensor]) -> Style:
        """Of one image (1, 1, bins, frames) and what layers find in it."""
        grams = {name: gram(values) for name, values in found.items()}
        return Style(grams, energy_over_time(image), energy_over_frequency(image))


@dataclass(frozen=True)
class StyleLosses:
    """Three distances in style.

    Attributes:
        gram: of Gram matrices, over all layers.
        energy: of the energy over time.
        frequency: of the energy over frequency.
    """

    gram: Tensor
    energy: Tensor
    frequency: Tensor

    def detached(self) -> StyleLosses:
        """The same numbers, of which nothing learns."""
        return StyleLosses(self.gram.detach(), self.energy.detach(), self.frequency.detach())

    def against(self, first: StyleLosses, balanced: bool) -> Tensor:
        """In relation to what they were at first: 1 is no nearer than that.

        Args:
            first: what they were.
            balanced: whether all three count alike, or that of Gram matrices alone.
        """
        pairs = [(self.gram, first.gram)]
        if balanced:
            pairs += [(self.energy, first.energy), (self.frequency, first.frequency)]
        return torch.stack([now / then.clamp(min=_LEAST) for now, then in pairs]).mean()


_LEAST = 1e-12


def style_losses(image: Tensor, found: Mapping[str, Tensor], style: Style) -> StyleLosses:
    """How far images are from a style.

    Args:
        image: (batch, 1, bins, frames).
        found: what the style's layers find in them.
        style: to be compared with.
    """
    grams = [gram_distance(values, style.grams[name]) for name, values in found.items()]
    time = energy_over_time(image)
    # Another length is stretched: it is the shape of a sound, attack and decay, that is compared.
    wanted = interpolate(style.time[:, None], time.shape[-1], mode="linear")[:, 0]
    frequency = energy_over_frequency(image)
    return StyleLosses(
        torch.stack(grams).sum(),
        mse_loss(time, wanted.expand_as(time)),
        mse_loss(frequency, style.frequency.expand_as(frequency)),
    )


def content_distance(found: Mapping[str, Tensor], content: Mapping[str, Tensor]) -> Tensor:
    """Squared distance in what layers find in each place, relative to what they find."""
    distances = [
        mse_loss(found[name], values) / values.square().mean().clamp(min=_LEAST)
        for name, values in content.items()
    ]
    return torch.stack(distances).mean()
