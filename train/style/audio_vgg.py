"""audio-VGG: VGG-19 on grey images of sound, whose layers say what is content and what is style.

Liu, Delany & McKeever, "Sound transformation: applying image neural style transfer networks to
audio spectrograms" (2019), section 3.2: VGG-19 (Simonyan & Zisserman 2015) with one channel at its
input, trained to tell instruments apart. It has 64 channels in its first layers there.
"""

from __future__ import annotations

from collections.abc import Collection

from torch import Tensor, nn
from torch.nn.functional import relu

_DEPTHS = (2, 2, 4, 4, 4)
"""Convolutions before each halving, as in VGG-19."""
_WIDER = (1, 2, 4, 8, 8)
CONTENT = ("relu3_3",)
STYLE = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
"""Layers that content and style are taken from, section 3.3."""
POOLED = "pool5"
_DENSE = 8  # times the channels; 4096 of 64 in the paper are 64 times as many
_DROPPED = 0.5


class AudioVgg(nn.Module):
    """VGG-19 with one channel at its input.

    Args:
        classes: that it tells apart.
        channels: of its first layers; 64 in the paper, 8 on two cores.
    """

    def __init__(self, classes: int, channels: int = 8) -> None:
        super().__init__()
        self.channels = channels
        layers: dict[str, nn.Module] = {}
        inputs = 1
        for group, (depth, wider) in enumerate(zip(_DEPTHS, _WIDER, strict=True), start=1):
            for number in range(1, depth + 1):
                layers[f"{group}_{number}"] = nn.Conv2d(inputs, channels * wider, 3, padding=1)
                inputs = channels * wider
        self.convolutions = nn.ModuleDict(layers)
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        dense = _DENSE * channels * _WIDER[-1]
        # Mean over the image: clips of any length are classified, and the weights stay few.
        self.classify = nn.Sequential(
            *(nn.Linear(inputs, dense), nn.ReLU(), nn.Dropout(_DROPPED)),
            *(nn.Linear(dense, dense), nn.ReLU(), nn.Dropout(_DROPPED)),
            nn.Linear(dense, classes),
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                # As deep as this without norms, weights of another size give no gradient.
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def features(self, image: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """What some layers find in images.

        Args:
            image: (batch, 1, bins, frames).
            layers: ``relu1_1`` … ``relu5_4``, or ``pool5``.

        Returns:
            By layer, (batch, channels, …, …).
        """
        found: dict[str, Tensor] = {}
        x, group = image, "1"
        for name, layer in self.convolutions.items():
            if name[0] != group:
                x, group = self.pool(x), name[0]
            x = relu(layer(x))
            if f"relu{name}" in layers:
                found[f"relu{name}"] = x
            if len(found) == len(layers):
                return found
        if POOLED in layers:
            found[POOLED] = self.pool(x)
        return found

    def forward(self, image: Tensor) -> Tensor:
        """(batch, 1, bins, frames) to one number a class, (batch, classes)."""
        pooled = self.features(image, (POOLED,))[POOLED]
        classes: Tensor = self.classify(pooled.mean((2, 3)))
        return classes
