"""The style of music that goes on: means over all of a recording, and how far others are from them.

As in :mod:`train.style.losses`, but over many images of one width: what layers find together (Gatys
et al. 2015), and how energy goes over frequency (Verma & Smith 2018). How it goes over time, which
Liu et al. 2019, section 3.3, add, is the envelope of a single note; music that goes on has none.

A Gram matrix is the covariance of features and the square of their mean. What a rectifier finds has
a mean far larger than what differs between two recordings, and then that square alone counts, which
an equaliser can bring near. So both are compared, each by itself (Li et al. 2017, "Demystifying
neural style transfer", compare such statistics one by one).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from train.style.features import Layers
from train.style.losses import energy_over_frequency, gram, matrix_distance

_AT_ONCE = 16  # images


@dataclass(frozen=True)
class Texture:
    """Means over images.

    Attributes:
        grams: by layer, (1, n, n).
        means: of what each layer finds, (1, n).
        frequency: energy over frequency, (1, bands).
    """

    grams: Mapping[str, Tensor]
    means: Mapping[str, Tensor]
    frequency: Tensor

    @staticmethod
    def of(images: Tensor, found: Mapping[str, Tensor]) -> Texture:
        """Of images (batch, 1, bands, columns), 0 … 1, all together, and what layers find in them
        that says how they sound."""
        return Texture(
            {name: gram(values).mean(0, keepdim=True) for name, values in found.items()},
            {name: values.flatten(2).mean((0, 2))[None] for name, values in found.items()},
            energy_over_frequency(images).mean(0, keepdim=True),
        )

    def covariances(self) -> dict[str, Tensor]:
        """How what layers find varies together, by layer, (1, n, n)."""
        return {
            name: matrix - self.means[name][:, :, None] * self.means[name][:, None]
            for name, matrix in self.grams.items()
        }

    def instead(self, own: Texture, mean: Texture) -> Texture:
        """Of the whole of some music, where this is of a part of it that was changed.

        Args:
            own: of that part, as it was.
            mean: of the whole, as it was.
        """
        return Texture(
            {n: found - own.grams[n] + mean.grams[n] for n, found in self.grams.items()},
            {n: found - own.means[n] + mean.means[n] for n, found in self.means.items()},
            self.frequency - own.frequency + mean.frequency,
        )


@dataclass(frozen=True)
class Goal:
    """A style that is looked for.

    Attributes:
        wanted: of the recording.
        begun: of the music that is to take it on, as it is.
    """

    wanted: Texture
    begun: Texture

    def distance(self, found: Texture) -> Tensor:
        """How far a texture is, where that which was begun with is 1 away. Covariances, means and
        the energy over frequency count alike, and so do layers."""
        parts = [
            torch.stack([now / then.clamp(min=_LEAST) for now, then in zip(*pair, strict=True)])
            for pair in zip(
                _distances(found, self.wanted), _distances(self.begun, self.wanted), strict=True
            )
        ]
        return torch.stack([part.mean() for part in parts]).mean()


_LEAST = 1e-12


def windows(images: Sequence[Tensor], columns: int) -> Tensor:
    """Images (bands, any number of columns) cut into those of one width, (number, 1, bands,
    columns): what a layer finds at the edges, where it is padded, belongs to what it finds, and is
    to have the same share everywhere. One that is shorter is repeated."""
    cut: list[Tensor] = []
    for image in images:
        whole = image.repeat(1, -(-columns // image.shape[-1]))
        # A piece is repeated only to be long enough.
        length = max(columns, image.shape[-1] // columns * columns)
        cut += torch.split(whole[None, :, :length], columns, dim=-1)
    return torch.stack(cut)


@torch.no_grad()
def texture_of(images: Tensor, layers: Layers) -> Texture:
    """As :meth:`Texture.of`, of any number of images, a few at a time."""
    parts = [
        (len(some), Texture.of(some, layers.found(some).style))
        for some in torch.split(images, _AT_ONCE)
    ]

    def mean(values: list[Tensor]) -> Tensor:
        weighted = [n / len(images) * value for (n, _), value in zip(parts, values, strict=True)]
        return torch.stack(weighted).sum(0)

    names = parts[0][1].grams
    return Texture(
        {name: mean([part.grams[name] for _, part in parts]) for name in names},
        {name: mean([part.means[name] for _, part in parts]) for name in names},
        mean([part.frequency for _, part in parts]),
    )


def _distances(one: Texture, other: Texture) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    own, wanted = one.covariances(), other.covariances()
    return (
        [matrix_distance(own[name], matrix) for name, matrix in wanted.items()],
        [mse_loss(one.means[name], mean) for name, mean in other.means.items()],
        [mse_loss(one.frequency, other.frequency)],
    )
