"""The networks of CycleGAN (Zhu et al. 2017, appendix 7.2) for images (batch, 1, bands, columns).

Images are −1 … 1 here; the file that is exported takes and gives the engine's 0 … 1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

Norm = Literal["instance", "channel"]
"""How a generator keeps numbers in range: over the window, as the papers do, or at each place."""
Upsampling = Literal["transposed", "resize"]
"""How a generator doubles a resolution: by transposed convolutions of stride 2, as in the papers,
whose kernels of 3 overlap at every second place; or by repeating places and a convolution after it
(Odena et al. 2016, "Deconvolution and checkerboard artifacts")."""


class ImageGenerator(nn.Module, ABC):
    """What makes of an image one of another genre.

    Args:
        residual: add the output to the input, before it is limited. The network then starts as
            the identity and learns what to change; the papers' own starts from nothing.
    """

    def __init__(self, residual: bool) -> None:
        super().__init__()
        self.residual = residual

    @abstractmethod
    def change(self, image: Tensor) -> Tensor:
        """What the last layer says, (batch, 1, bands, columns)."""

    def forward(self, image: Tensor) -> Tensor:
        """(batch, 1, bands, columns), −1 … 1, to the same; columns are a multiple of 4."""
        change = self.change(image)
        if not self.residual:
            return torch.tanh(change)
        # Twice tanh: the change may go from one end of the range to the other.
        return image + 2.0 * torch.tanh(0.5 * change)


class ResNetGenerator(ImageGenerator):
    """ResNet generator: two strided convolutions, residual blocks, two that double the resolution.

    Args:
        channels: of the first layer; 64 in the papers.
        blocks: residual blocks; 9 in Vande Veire et al. 2019.
        residual: see :class:`ImageGenerator`.
        norm: ``instance``, or ``channel``, whose statistics do not depend on where the window is
            cut.
        upsampling: see :data:`Upsampling`.
    """

    def __init__(
        self,
        channels: int = 64,
        blocks: int = 9,
        residual: bool = True,
        norm: Norm = "instance",
        upsampling: Upsampling = "transposed",
    ) -> None:
        super().__init__(residual)
        c = channels

        def normed(size: int) -> tuple[nn.Module, nn.Module]:
            return _NORMS[norm](size), nn.ReLU(inplace=True)

        layers: list[nn.Module] = [
            *(nn.ReflectionPad2d(3), nn.Conv2d(1, c, 7)),
            *normed(c),
            nn.Conv2d(c, 2 * c, 3, 2, 1),
            *normed(2 * c),
            nn.Conv2d(2 * c, 4 * c, 3, 2, 1),
            *normed(4 * c),
            *(ResidualBlock(4 * c, norm) for _ in range(blocks)),
            _DOUBLED[upsampling](4 * c, 2 * c),
            *normed(2 * c),
            _DOUBLED[upsampling](2 * c, c),
            *normed(c),
            nn.ReflectionPad2d(3),
        ]
        self.body = nn.Sequential(*layers)
        self.last = nn.Conv2d(c, 1, 7)
        initialise(self)
        if residual:
            nn.init.normal_(self.last.weight, 0.0, 0.002)

    def change(self, image: Tensor) -> Tensor:
        """See :meth:`ImageGenerator.change`; there are a multiple of 4 bands."""
        change: Tensor = self.last(self.body(image))
        return change

    def layers(self, block: int) -> list[int]:
        """Places in ``body`` of both strided convolutions, the first block, and another."""
        convolutions = [i for i, layer in enumerate(self.body) if isinstance(layer, nn.Conv2d)]
        blocks = [i for i, layer in enumerate(self.body) if isinstance(layer, ResidualBlock)]
        return sorted({*convolutions[1:], blocks[0], blocks[min(block, len(blocks) - 1)]})

    def found(self, image: Tensor, layers: Sequence[int]) -> list[Tensor]:
        """What some layers of ``body`` find in an image, each (batch, channels, …, …)."""
        found = []
        for number in range(max(layers) + 1):
            image = self.body[number](image)
            if number in layers:
                found.append(image)
        return found


class Enlarged(ImageGenerator):
    """A generator that sees an image as a figure that is drawn of it, larger, and whose own is made
    as small again.

    Args:
        generator: of the large images.
        factor: how many times as large, in both directions.
    """

    def __init__(self, generator: ImageGenerator, factor: int) -> None:
        super().__init__(generator.residual)
        self.generator, self.factor = generator, factor

    def change(self, image: Tensor) -> Tensor:
        """See :meth:`ImageGenerator.change`: of the large image, its mean over each place."""
        large = interpolate(image, scale_factor=float(self.factor), mode="bilinear")
        return avg_pool2d(self.generator.change(large), self.factor)


class ResidualBlock(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, channels: int, norm: Norm = "instance") -> None:
        super().__init__()
        normed = _NORMS[norm]
        self.body = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            normed(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            normed(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bands, columns) to the same."""
        change: Tensor = self.body(x)
        return x + change


class ChannelNorm(nn.Module):
    """Mean 0 and variance 1 over the channels of each place, then scaled: no place sees another.

    Args:
        channels: how many.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1, 1))
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bands, columns) to the same."""
        centred = x - x.mean(dim=1, keepdim=True)
        power = centred.square().mean(dim=1, keepdim=True)
        return centred * torch.rsqrt(power + 1e-5) * self.scale + self.shift


_NORMS: dict[Norm, Callable[[int], nn.Module]] = {
    "instance": nn.InstanceNorm2d,
    "channel": ChannelNorm,
}


def _transposed(inputs: int, outputs: int) -> nn.Module:
    return nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, output_padding=1)


def _resized(inputs: int, outputs: int) -> nn.Module:
    repeated = nn.Upsample(scale_factor=2, mode="nearest")
    return nn.Sequential(repeated, nn.ReflectionPad2d(1), nn.Conv2d(inputs, outputs, 3))


_DOUBLED: dict[Upsampling, Callable[[int, int], nn.Module]] = {
    "transposed": _transposed,
    "resize": _resized,
}


class Exported(nn.Module):
    """A generator as the engine runs it: images 0 … 1 in and out.

    Args:
        generator: trained.
        drive: factor of the change that it makes, in dB.
    """

    def __init__(self, generator: ImageGenerator, drive: float = 1.0) -> None:
        super().__init__()
        self.generator, self.drive = generator, drive

    def forward(self, image: Tensor) -> Tensor:
        """(1, 1, bands, width), 0 … 1, to the same."""
        made: Tensor = 0.5 * self.generator(2.0 * image - 1.0) + 0.5
        if self.drive != 1.0:
            made = image + self.drive * (made - image)
        return made.clamp(0.0, 1.0)


def initialise(net: nn.Module) -> None:
    """Gaussian weights of 0.02, no bias, as in the papers' code."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
