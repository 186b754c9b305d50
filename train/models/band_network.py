"""A generator of whole windows whose bands are channels: convolutions along time only, both ways.

What :class:`train.models.streaming_network.StreamingGenerator` is for a stage, this is for files:
it hears what comes after a column as well. It doubles no resolution, so it leaves no checkerboard.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.models.networks import ImageGenerator
from train.models.streaming_network import ColumnNorm

_KERNEL = 3
_DILATIONS = 5  # 1, 2, 4, 8, 16, and again


class BandBlock(nn.Module):
    """A residual block: a dilated convolution along time, then one of each column alone.

    Args:
        width: channels.
        dilation: columns between its three taps.
    """

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.norm = ColumnNorm(width)
        self.dilated = nn.Conv1d(
            width, width, _KERNEL, padding=dilation, dilation=dilation, padding_mode="reflect"
        )
        self.mix = nn.Conv1d(width, width, 1)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width, columns) to the same."""
        change: Tensor = self.mix(torch.relu(self.dilated(self.norm(x))))
        return x + change


class BandGenerator(ImageGenerator):
    """All bands of a column at once, and the columns around it.

    Args:
        width: channels between input and output.
        blocks: residual blocks.
        residual: see :class:`train.models.networks.ImageGenerator`.
        bands: of the image.
    """

    def __init__(self, width: int, blocks: int, residual: bool, bands: int = 128) -> None:
        super().__init__(residual)
        self.enter = nn.Conv1d(bands, width, 1)
        self.blocks = nn.Sequential(
            *(BandBlock(width, 2 ** (number % _DILATIONS)) for number in range(blocks))
        )
        self.norm = ColumnNorm(width)
        self.leave = nn.Conv1d(width, bands, 1)
        if residual:
            nn.init.normal_(self.leave.weight, 0.0, 0.002)
            nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def change(self, image: Tensor) -> Tensor:
        """See :meth:`ImageGenerator.change`."""
        found: Tensor = self.leave(self.norm(self.blocks(self.enter(image[:, 0]))))
        return found[:, None]
