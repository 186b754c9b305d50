"""Critics of sound: each sees it through windows of one length, so that nothing hides from all."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from engine.dsp.frontend import FrontEnd
from train.models.critics import patches
from train.models.sound_rendering import LogMel


@dataclass(frozen=True)
class Resolution:
    """Windows through which sound is looked at.

    Attributes:
        window, hop: samples at 44.1 kHz.
        bands: of the image.
    """

    window: int
    hop: int
    bands: int


RESOLUTIONS = (
    Resolution(256, 64, 48),  # 6 ms: attacks, and lines of the envelope
    Resolution(1024, 256, 96),  # 23 ms
    Resolution(2048, 512, 128),  # 46 ms: the front end's
    Resolution(8192, 1024, 256),  # 186 ms: tone against noise
)


class Critic(nn.Module):
    """Patches of an image at one resolution, real or generated; weights of spectral norm 1.

    Args:
        channels: of the first layer.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = patches(channels, "spectral")

    def forward(self, image: Tensor) -> list[Tensor]:
        """(batch, bands, frames), −1 … 1, to what each layer finds; the last is the judgement."""
        found, x = [], image[:, None]
        for layer in self.body:
            x = layer(x)
            if isinstance(layer, nn.LeakyReLU):
                found.append(x)
        return [*found, x]


class Looks(nn.Module):
    """Sound as images of all resolutions.

    Args:
        rate: of the sound, hertz.
    """

    def __init__(self, rate: int) -> None:
        super().__init__()
        self.all = nn.ModuleList(LogMel(r.window, r.hop, r.bands, rate) for r in RESOLUTIONS)
        spec = FrontEnd()
        self._middle = 0.5 * (spec.ceil_db + spec.floor_db)
        self._half = 0.5 * (spec.ceil_db - spec.floor_db)

    def forward(self, sound: Tensor) -> list[Tensor]:
        """(batch, samples) to images (batch, bands, frames), −1 … 1."""
        return [((look(sound) - self._middle) / self._half).clamp(-1.0, 1.0) for look in self.all]
