"""The networks of MelGAN-VC (Pasini 2019, "MelGAN-VC: voice conversion and audio style transfer on
arbitrarily long samples using spectrograms"; Lin, "Audio style transfer", section 4.2), made for
the stage.

A kernel that spans all bands is a convolution along time whose channels are the bands, and that is
what these are, as in the reference: kernels of 3, 9 and 7 columns, and in the generator 7, 9 and 1
more with shortcuts. Unlike there no stride halves the resolution, so that every column is answered
alike wherever a window was cut; the generator looks into the past only, so that the newest column
is answered as well as any; and its norms are over the channels of one column, not over a batch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad
from torch.nn.utils.parametrizations import spectral_norm

from train.models.networks import ImageGenerator
from train.models.streaming_network import ColumnNorm

_ENTER, _WIDE, _NARROW = 3, 9, 7  # columns of the kernels
_SLOPE = 0.2  # of rectifiers below 0
RECEPTIVE = (_ENTER - 1) + 2 * (_WIDE - 1) + 2 * (_NARROW - 1)
"""Columns before one that the generator's answer to it depends on."""


class MelGanGenerator(ImageGenerator):
    """From columns up to each one to what is to be changed ``ahead`` columns after it.

    Without a clock the newest column's answer is put on what is heard next: that is so many columns
    later, and a generator that did not know would come late with every answer.

    Args:
        width: channels of each layer; 256 in the reference.
        ahead: columns from the newest that was heard to the one that is changed; 0 changes columns
            themselves, as the papers do.
        bands: of the image.
        normed: whether weights are held to spectral norm 1, as long as it learns.
    """

    def __init__(self, width: int, ahead: int, bands: int = 128, normed: bool = True) -> None:
        super().__init__(residual=True)
        self.width, self.ahead, self.bands = width, ahead, bands
        made = _normed if normed else nn.Conv1d
        self.enter = made(bands, width, _ENTER)
        self.wide = made(width, width, _WIDE)
        self.narrow = made(width, width, _NARROW)
        self.narrow_back = made(width, width, _NARROW)
        self.wide_back = made(2 * width, width, _WIDE)
        self.norms = nn.ModuleList(ColumnNorm(width) for _ in range(3))
        # Without spectral norm, so that it can begin with next to nothing: a change of the input.
        self.leave = nn.Conv1d(2 * width, bands, 1)
        nn.init.normal_(self.leave.weight, 0.0, 0.002)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def change(self, image: Tensor) -> Tensor:
        """See :meth:`ImageGenerator.change`; of the columns ``ahead`` after each."""
        first = leaky_relu(_past(self.enter, image[:, 0]), _SLOPE)
        second = leaky_relu(self.norms[0](_past(self.wide, first)), _SLOPE)
        third = leaky_relu(self.norms[1](_past(self.narrow, second)), _SLOPE)
        back = leaky_relu(self.norms[2](_past(self.narrow_back, third)), _SLOPE)
        last = leaky_relu(_past(self.wide_back, torch.cat([back, second], 1)), _SLOPE)
        change: Tensor = self.leave(torch.cat([last, first], 1))
        return change[:, None]

    def answers(self, image: Tensor) -> Tensor:
        """What is put on the column ``ahead`` after each, (batch, 1, bands, columns), in units of
        the image; no more than takes the column itself to an end of the range, as the engine does.
        """
        made = image + 2.0 * torch.tanh(0.5 * self.change(image))
        return made.clamp(-1.0, 1.0) - image

    def forward(self, image: Tensor) -> Tensor:
        """(batch, 1, bands, columns), −1 … 1, to the same: each column with the answer that is for
        it. The last one has its own, for in use ``edge`` that is held for what follows."""
        said = self.answers(image)
        if self.ahead:
            first = [said[..., :1]] * self.ahead
            said = torch.cat([*first, said[..., : -self.ahead - 1], said[..., -1:]], dim=-1)
        return image + said


class MelGanCritic(nn.Module):
    """Says of places in time how much like the target they are.

    Args:
        width: channels of each layer; 512 in the reference.
        bands: of the image.
    """

    def __init__(self, width: int, bands: int = 128) -> None:
        super().__init__()
        layers = (
            _normed(bands, width, _ENTER, padding=_ENTER // 2),
            _normed(width, width, _WIDE, stride=2, padding=_WIDE // 2),
            _normed(width, width, _NARROW, stride=2, padding=_NARROW // 2),
        )
        self.body = nn.Sequential(*(part for one in layers for part in (one, nn.LeakyReLU(_SLOPE))))
        self.judge = _normed(width, 1, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """(batch, 1, bands, columns) to (batch, 1, columns / 4): above 0 is like music."""
        judged: Tensor = self.judge(self.body(image[:, 0]))
        return judged


class Siamese(nn.Module):
    """A piece of music as a vector, so that what two pieces differ in is one too.

    Args:
        width: channels of each layer; 256 in the reference.
        columns: of a piece, a multiple of 4.
        size: of a vector; 128 in the reference.
        bands: of the image.
    """

    def __init__(self, width: int, columns: int, size: int, bands: int = 128) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(bands, width, _ENTER, padding=_ENTER // 2),
            nn.LeakyReLU(_SLOPE),
            nn.Conv1d(width, width, _WIDE, stride=2, padding=_WIDE // 2),
            ColumnNorm(width),
            nn.LeakyReLU(_SLOPE),
            nn.Conv1d(width, width, _NARROW, stride=2, padding=_NARROW // 2),
            ColumnNorm(width),
            nn.LeakyReLU(_SLOPE),
            nn.Flatten(),
            nn.Linear(width * columns // 4, size),
        )

    def forward(self, image: Tensor) -> Tensor:
        """(batch, 1, bands, columns) to (batch, size)."""
        vectors: Tensor = self.body(image[:, 0])
        return vectors


@torch.no_grad()
def folded(generator: MelGanGenerator) -> MelGanGenerator:
    """The same generator with what spectral norm makes of its weights as plain numbers."""
    plain = MelGanGenerator(generator.width, generator.ahead, generator.bands, normed=False)
    learnt = dict(generator.eval().named_modules())
    for name, layer in plain.named_modules():
        for part, values in layer.named_parameters(recurse=False):
            values.copy_(getattr(learnt[name], part))
    return plain.to(generator.leave.weight.device).eval()


def _normed(inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int = 0) -> nn.Conv1d:
    """A convolution along time, of spectral norm 1 (Miyato et al. 2018)."""
    made = spectral_norm(nn.Conv1d(inputs, outputs, kernel, stride, padding))
    assert isinstance(made, nn.Conv1d)
    return made


def _past(layer: nn.Module, x: Tensor) -> Tensor:
    """A convolution that ends at each column; before the first there is nothing."""
    assert isinstance(layer, nn.Conv1d)
    found: Tensor = layer(pad(x, (layer.kernel_size[0] - 1, 0)))
    return found
