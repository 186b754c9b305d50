"""The memory of a critic: generated images that it is shown again."""

from __future__ import annotations

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor


class History:
    """Generated images that a critic is shown again (Shrivastava et al. 2017).

    Args:
        size: how many; 0 shows the newest only.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self.images: list[Tensor] = []

    def exchange(self, fresh: Tensor, rng: np.random.Generator) -> Tensor:
        """Half of the time an older image in the place of each fresh one, which is kept instead.

        With several processes the history is one: all see all images, each takes its own share.
        """
        everyone = _gathered(fresh)
        shown = [self._one(image, rng) for image in everyone] if self._size else list(everyone)
        first = (dist.get_rank() if dist.is_initialized() else 0) * len(fresh)
        return torch.stack(shown[first : first + len(fresh)])

    def _one(self, image: Tensor, rng: np.random.Generator) -> Tensor:
        if len(self.images) < self._size:
            self.images.append(image)
            return image
        if rng.random() < 0.5:
            return image
        place = int(rng.integers(self._size))
        older, self.images[place] = self.images[place], image
        return older if older.shape == image.shape else image  # rows are narrower than crops


def _gathered(images: Tensor) -> Tensor:
    if not dist.is_initialized():
        return images
    parts = [torch.empty_like(images) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, images.contiguous())
    return torch.cat(parts)
