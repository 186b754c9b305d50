"""Critics: what calls an image real or generated.

The papers' is one PatchGAN with instance norms. Two other habits can be asked for: the image at
several resolutions (Wang et al. 2018, "High-resolution image synthesis and semantic manipulation
with conditional GANs"), and weights of spectral norm 1 in the place of instance norms (Miyato et
al. 2018, "Spectral normalization for generative adversarial networks").
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate
from torch.nn.utils.parametrizations import spectral_norm

from train.models.networks import initialise

CriticNorm = Literal["instance", "spectral"]


class Discriminator(nn.Module):
    """70×70 PatchGAN: calls each patch real or generated (Isola et al. 2017).

    Args:
        channels: of the first layer; 64 in the papers.
        scales: resolutions that are looked at, each half of the one before; 1 in the papers.
        norm: of what is found in an image, as in the papers, or of the weights.
        enlarged: how many times as large it sees an image.
    """

    def __init__(
        self,
        channels: int = 64,
        scales: int = 1,
        norm: CriticNorm = "instance",
        enlarged: int = 1,
    ) -> None:
        super().__init__()
        self._enlarged = enlarged
        self.body = patches(channels, norm)
        self.coarser = nn.ModuleList(patches(channels, norm) for _ in range(scales - 1))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Image to one number per patch at each scale, (batch, 1, …, …): 1 is real, 0 generated."""
        if self._enlarged > 1:
            image = interpolate(image, scale_factor=float(self._enlarged), mode="bilinear")
        judged = [self.body(image)]
        for body in self.coarser:
            image = avg_pool2d(image, 2)
            judged.append(body(image))
        return judged


def patches(channels: int, norm: CriticNorm) -> nn.Sequential:
    """The layers of a 70×70 PatchGAN, see :class:`Discriminator`."""
    c = channels
    body = nn.Sequential(
        nn.Conv2d(1, c, 4, 2, 1),
        nn.LeakyReLU(0.2, inplace=True),
        *_layer(c, 2 * c, 2, norm),
        *_layer(2 * c, 4 * c, 2, norm),
        *_layer(4 * c, 8 * c, 1, norm),
        nn.Conv2d(8 * c, 1, 4, 1, 1),
    )
    initialise(body)
    if norm == "spectral":
        for layer in body:
            if isinstance(layer, nn.Conv2d):
                spectral_norm(layer)
    return body


def _layer(inputs: int, outputs: int, stride: int, norm: CriticNorm) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(inputs, outputs, 4, stride, 1),
        nn.InstanceNorm2d(outputs) if norm == "instance" else nn.Identity(),
        nn.LeakyReLU(0.2, inplace=True),
    )
