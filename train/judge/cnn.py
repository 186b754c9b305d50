"""The classifier that finds its own features: a small convolutional network on log-mel images."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from engine.dsp.arrays import Array
from train.judge.view import SPEC, augmented

_BATCH = 16
_EPOCHS, _MIN_STEPS = 24, 150
_COLUMNS = 464  # of 473 at 175 BPM: a whole number of strides


class Cnn:
    """Five convolutions, mean and maximum over time and frequency, one linear layer."""

    name = "cnn"
    hears_eq = True

    def __init__(self) -> None:
        self._net: nn.Module = _network()

    def fit(
        self, views: Sequence[Array], labels: Array, tracks: Sequence[str], rng: np.random.Generator
    ) -> None:
        """See :meth:`Classifier.fit`."""
        del tracks
        torch.manual_seed(int(rng.integers(2**31)))
        net = _network()
        balance = torch.tensor(float((labels == 0).sum() / max(1, (labels == 1).sum())))
        optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
        batches = math.ceil(len(views) / _BATCH)
        epochs = max(_EPOCHS, math.ceil(_MIN_STEPS / batches))
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, 4e-3, total_steps=batches * epochs
        )
        net.train()
        for _ in range(epochs):
            order = rng.permutation(len(views))
            for first in range(0, len(order), _BATCH):
                part = order[first : first + _BATCH]
                batch = _batch([augmented(views[i], rng) for i in part])
                wanted = torch.from_numpy(labels[part].astype(np.float32))
                loss = binary_cross_entropy_with_logits(
                    net(batch)[:, 0], wanted * 0.96 + 0.02, pos_weight=balance
                )
                optimiser.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                schedule.step()
        self._net = net.eval()

    def target_share(self, views: Sequence[Array]) -> Array:
        """See :meth:`Classifier.target_share`."""
        shares = []
        with torch.inference_mode():
            for first in range(0, len(views), _BATCH):
                logits = self._net(_batch(views[first : first + _BATCH]))[:, 0]
                shares.append(torch.sigmoid(logits).numpy())
        return np.concatenate(shares)

    def embed(self, views: Sequence[Array]) -> Array:
        """What the network has found in each view before its last layer, (views, 128)."""
        assert isinstance(self._net, nn.Sequential)
        found = self._net[:-2]
        with torch.inference_mode():
            parts = [
                found(_batch(views[first : first + _BATCH])).numpy()
                for first in range(0, len(views), _BATCH)
            ]
        return np.concatenate(parts)


class Pooled(nn.Module):
    """Mean and maximum over time and frequency, side by side."""

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bands, columns) to (batch, 2 · channels)."""
        return torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)


def _batch(views: Sequence[Array]) -> Tensor:
    """Views as (batch, 1, n_mels, columns), 0…1, each continued circularly where it is short."""
    images = [np.resize(SPEC.normalise(view), (_COLUMNS, view.shape[1])) for view in views]
    stacked = np.stack([image.T for image in images])[:, None]
    return torch.from_numpy(np.ascontiguousarray(stacked)) - 0.4


def _block(inputs: int, outputs: int, stride: tuple[int, int]) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    ]


def _network() -> nn.Module:
    return nn.Sequential(
        *_block(1, 16, (2, 2)),
        *_block(16, 24, (2, 2)),
        *_block(24, 32, (2, 1)),
        *_block(32, 48, (2, 2)),
        *_block(48, 64, (2, 2)),
        Pooled(),
        nn.Dropout(0.3),
        nn.Linear(128, 1),
    )
