"""Content kept by contrast instead of by the way back: one-sided translation.

Park et al. 2020, "Contrastive learning for unpaired image-to-image translation" (CUT): what a
generator's first layers find at a place of its output has to be more like what they find at the
same place of the input than at any other place of it. No second generator takes part.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from train.models.networks import ResNetGenerator

_PLACES, _SIZE, _TEMPERATURE = 256, 64, 0.07
_BLOCK = 4  # the last layer asked is this residual block


class Contrast(nn.Module):
    """PatchNCE over some layers of a generator, each seen through a small network.

    Args:
        generator: whose layers.
    """

    def __init__(self, generator: ResNetGenerator) -> None:
        super().__init__()
        self._layers = generator.layers(_BLOCK)
        with torch.no_grad():
            found = generator.found(torch.zeros(1, 1, 16, 16), self._layers)
        self.heads = nn.ModuleList(_head(x.shape[1]) for x in found)

    def forward(self, generator: ResNetGenerator, made: Tensor, given: Tensor, seed: int) -> Tensor:
        """How far places of ``made`` are from telling which place of ``given`` they come from.

        Args:
            generator: whose layers look.
            made: images of the output, (batch, 1, bands, columns).
            given: images of the input, (batch, 1, bands, columns).
            seed: of the places.

        Returns:
            Mean cross entropy over layers, images and places.
        """
        of_made, of_given = (generator.found(x, self._layers) for x in (made, given))
        return _apart(self.heads, of_made, of_given, seed)


class PlaceContrast(nn.Module):
    """The same with an encoder of its own, for generators whose layers have no places in them.

    The encoder learns with the generator: it finds what can be kept.
    """

    def __init__(self) -> None:
        super().__init__()
        sizes = (1, *_ENCODER)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 5, 2, 2), nn.LeakyReLU(0.2))
            for a, b in zip(sizes, _ENCODER, strict=False)
        )
        self.heads = nn.ModuleList(_head(size) for size in _ENCODER)

    def forward(self, made: Tensor, given: Tensor, seed: int) -> Tensor:
        """See :meth:`Contrast.forward`."""
        return _apart(self.heads, self._found(made), self._found(given), seed)

    def _found(self, image: Tensor) -> list[Tensor]:
        found = []
        for layer in self.layers:
            image = layer(image)
            found.append(image)
        return found


_ENCODER = (32, 64, 128)
"""Channels of the encoder's layers, each at half the resolution of the one before."""


def _head(size: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(size, _SIZE), nn.ReLU(), nn.Linear(_SIZE, _SIZE))


def _apart(heads: nn.ModuleList, made: list[Tensor], given: list[Tensor], seed: int) -> Tensor:
    """Mean cross entropy over layers, images and places."""
    draw = torch.Generator().manual_seed(seed)
    losses = []
    for head, of_made, of_given in zip(heads, made, given, strict=True):
        there = of_made.shape[-2] * of_made.shape[-1]
        at = torch.randperm(there, generator=draw)[:_PLACES].to(of_made.device)
        query, key = (
            normalize(head(x.flatten(2)[:, :, at].transpose(1, 2)).float(), dim=-1)
            for x in (of_made, of_given.detach())
        )
        alike = torch.matmul(query, key.transpose(1, 2)) / _TEMPERATURE
        right = torch.arange(len(at), device=of_made.device).expand(len(of_made), -1)
        losses.append(cross_entropy(alike.flatten(0, 1), right.flatten()))
    return torch.stack(losses).mean()
