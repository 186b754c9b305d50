"""Content kept by contrast instead of by the way back: one-sided translation.

Park et al. 2020, "Contrastive learning for unpaired image-to-image translation" (CUT): what a
generator's first layers find at a place of its output has to be more like what they find at the
same place of the input than at any other place of it. No second generator takes part.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from train.networks import Generator

_PLACES, _SIZE, _TEMPERATURE = 256, 64, 0.07
_BLOCK = 4  # the last layer asked is this residual block


class Contrast(nn.Module):
    """PatchNCE over some layers of a generator, each seen through a small network.

    Args:
        generator: whose layers.
    """

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self._layers = generator.layers(_BLOCK)
        with torch.no_grad():
            found = generator.found(torch.zeros(1, 1, 16, 16), self._layers)
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(x.shape[1], _SIZE), nn.ReLU(), nn.Linear(_SIZE, _SIZE))
            for x in found
        )

    def forward(self, generator: Generator, made: Tensor, given: Tensor, seed: int) -> Tensor:
        """How far places of ``made`` are from telling which place of ``given`` they come from.

        Args:
            generator: whose layers look.
            made, given: images (batch, 1, bands, columns).
            seed: of the places.

        Returns:
            Mean cross entropy over layers, images and places.
        """
        draw = torch.Generator().manual_seed(seed)
        losses = []
        pairs = zip(
            self.heads,
            generator.found(made, self._layers),
            generator.found(given, self._layers),
            strict=True,
        )
        for head, of_made, of_given in pairs:
            there = of_made.shape[-2] * of_made.shape[-1]
            at = torch.randperm(there, generator=draw)[:_PLACES].to(made.device)
            query, key = (
                normalize(head(x.flatten(2)[:, :, at].transpose(1, 2)).to(made.dtype), dim=-1)
                for x in (of_made, of_given.detach())
            )
            alike = torch.matmul(query, key.transpose(1, 2)) / _TEMPERATURE
            right = torch.arange(len(at), device=made.device).expand(len(made), -1)
            losses.append(cross_entropy(alike.flatten(0, 1), right.flatten()))
        return torch.stack(losses).mean()
