"""The networks of CycleGAN (Zhu et al. 2017, appendix 7.2) for images (batch, 1, bands, columns).

Images are −1 … 1 here; the file that is exported takes and gives the engine's 0 … 1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Generator(nn.Module):
    """ResNet generator: two strided convolutions, residual blocks, two transposed ones.

    Args:
        channels: of the first layer; 64 in the papers.
        blocks: residual blocks; 9 in Vande Veire et al. 2019.
        residual: add the output to the input, before it is limited. The network then starts as
            the identity and learns what to change; the papers' own starts from nothing.
    """

    def __init__(self, channels: int = 64, blocks: int = 9, residual: bool = True) -> None:
        super().__init__()
        self.residual = residual
        c = channels
        layers: list[nn.Module] = [
            *(nn.ReflectionPad2d(3), nn.Conv2d(1, c, 7)),
            *_normed(c),
            nn.Conv2d(c, 2 * c, 3, 2, 1),
            *_normed(2 * c),
            nn.Conv2d(2 * c, 4 * c, 3, 2, 1),
            *_normed(4 * c),
            *(ResidualBlock(4 * c) for _ in range(blocks)),
            nn.ConvTranspose2d(4 * c, 2 * c, 3, 2, 1, output_padding=1),
            *_normed(2 * c),
            nn.ConvTranspose2d(2 * c, c, 3, 2, 1, output_padding=1),
            *_normed(c),
            nn.ReflectionPad2d(3),
        ]
        self.body = nn.Sequential(*layers)
        self.last = nn.Conv2d(c, 1, 7)
        _initialise(self)
        if residual:
            nn.init.normal_(self.last.weight, 0.0, 0.002)

    def forward(self, image: Tensor) -> Tensor:
        """Image to image of the other genre; width and height are multiples of 4."""
        change = self.last(self.body(image))
        if not self.residual:
            return torch.tanh(change)
        # Twice tanh: the change may go from one end of the range to the other.
        return image + 2.0 * torch.tanh(0.5 * change)


class ResidualBlock(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            *_normed(channels),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bands, columns) to the same."""
        change: Tensor = self.body(x)
        return x + change


class Discriminator(nn.Module):
    """70×70 PatchGAN: calls each patch real or generated (Isola et al. 2017).

    Args:
        channels: of the first layer; 64 in the papers.
    """

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        c = channels
        self.body = nn.Sequential(
            *(nn.Conv2d(1, c, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)),
            *_patch(c, 2 * c, 2),
            *_patch(2 * c, 4 * c, 2),
            *_patch(4 * c, 8 * c, 1),
            nn.Conv2d(8 * c, 1, 4, 1, 1),
        )
        _initialise(self)

    def forward(self, image: Tensor) -> Tensor:
        """Image to one number per patch, (batch, 1, …, …): 1 is real, 0 is generated."""
        out: Tensor = self.body(image)
        return out


class Exported(nn.Module):
    """A generator as the engine runs it: images 0 … 1 in and out."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, image: Tensor) -> Tensor:
        """(1, 1, bands, width), 0 … 1, to the same."""
        made: Tensor = self.generator(2.0 * image - 1.0)
        return (0.5 * made + 0.5).clamp(0.0, 1.0)


def _normed(channels: int) -> tuple[nn.Module, nn.Module]:
    return nn.InstanceNorm2d(channels), nn.ReLU(inplace=True)


def _patch(inputs: int, outputs: int, stride: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(inputs, outputs, 4, stride, 1),
        nn.InstanceNorm2d(outputs),
        nn.LeakyReLU(0.2, inplace=True),
    )


def _initialise(net: nn.Module) -> None:
    """Gaussian weights of 0.02, no bias, as in the papers' code."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
