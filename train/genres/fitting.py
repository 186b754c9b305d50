"""Networks learn from a table: standard scaler, Adam, cross-entropy; genres weigh alike.

The text's metric is recall per class, so a genre of few rows must not be given up for one of many:
the loss of a row is divided by how many rows its genre has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from engine.dsp.arrays import Array
from train.genres.networks import ENSEMBLE, KINDS, Kind, build
from train.genres.table import Table

_RATE = 1e-3
_DECAY = 1e-4
_BATCH = 128
_SCALE_LEAST = 1e-6


@dataclass(frozen=True)
class Settings:
    """How networks learn.

    Attributes:
        epochs: over all rows.
        seed: of weights, order and dropout.
        kinds: networks that learn.
    """

    epochs: int = 40
    seed: int = 0
    kinds: tuple[Kind, ...] = KINDS


@dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation of each feature (scikit-learn's StandardScaler).

    Attributes:
        mean, scale: (features,).
    """

    mean: Array
    scale: Array

    @classmethod
    def of(cls, features: Array) -> Scaler:
        """Fitted to (rows, features)."""
        scale = features.std(axis=0, dtype=np.float64)
        mean = features.mean(axis=0, dtype=np.float64)
        return cls(mean, np.where(scale < _SCALE_LEAST, 1.0, scale))

    def __call__(self, features: Array) -> Array:
        """(rows, features), float32, of mean 0 and deviation 1."""
        return np.asarray((features - self.mean) / self.scale, np.float32)


@dataclass(frozen=True)
class Fitted:
    """Networks that have learnt.

    Attributes:
        genres: by label.
        scaler: of what they read.
        networks: by kind.
        losses: mean of the last epoch, by kind.
    """

    genres: tuple[str, ...]
    scaler: Scaler
    networks: dict[Kind, nn.Module]
    losses: dict[Kind, float] = field(default_factory=dict)

    def shares(self, features: Array, kind: Kind) -> Array:
        """Probabilities of the genres, (rows, genres), by one network.

        Args:
            features: (rows, 44), not scaled.
            kind: of the network.
        """
        with torch.no_grad():
            logits = self.networks[kind](torch.from_numpy(self.scaler(features)))
            return np.asarray(torch.softmax(logits, dim=1).numpy())

    def all_shares(self, features: Array) -> dict[str, Array]:
        """The same by each network; and by the ensemble, the mean of all, where there are many."""
        each: dict[str, Array] = {kind: self.shares(features, kind) for kind in self.networks}
        if len(each) > 1:
            each[ENSEMBLE] = np.mean(list(each.values()), axis=0)
        return each


def names_of(settings: Settings) -> list[str]:
    """What answers there are: the networks, and the ensemble where there are many."""
    return [*settings.kinds, *([ENSEMBLE] if len(settings.kinds) > 1 else [])]


def fit(
    table: Table,
    settings: Settings,
    progress: Callable[[str, float], None] | None = None,
) -> Fitted:
    """Let networks learn from all rows of a table.

    Args:
        table: the rows; every genre has some.
        settings: how.
        progress: called with the network that learns, and the share that is done.
    """
    scaler = Scaler.of(table.features)
    rows = torch.from_numpy(scaler(table.features))
    labels = torch.from_numpy(table.labels)
    counts = np.bincount(table.labels, minlength=len(table.genres))
    weights = torch.tensor(len(table) / (len(table.genres) * np.maximum(counts, 1)))
    networks: dict[Kind, nn.Module] = {}
    losses: dict[Kind, float] = {}
    for number, kind in enumerate(settings.kinds):

        def told(share: float, kind: Kind = kind, number: int = number) -> None:
            if progress:
                progress(kind, (number + share) / len(settings.kinds))

        with torch.random.fork_rng():
            torch.manual_seed(settings.seed)
            network = build(kind, rows.shape[1], len(table.genres))
            losses[kind] = _learn(network, rows, labels, weights.float(), settings.epochs, told)
        networks[kind] = network.eval()
    return Fitted(table.genres, scaler, networks, losses)


def _learn(
    network: nn.Module,
    rows: torch.Tensor,
    labels: torch.Tensor,
    weights: torch.Tensor,
    epochs: int,
    told: Callable[[float], None],
) -> float:
    """Train; the mean loss of the last epoch."""
    measure = nn.CrossEntropyLoss(weights, label_smoothing=0.05)
    steps = max(1, epochs * -(-len(rows) // _BATCH))
    optimiser = torch.optim.Adam(network.parameters(), _RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4 * _RATE, total_steps=steps)
    losses: Sequence[float] = ()
    for epoch in range(epochs):
        losses = []
        for some in torch.split(torch.randperm(len(rows)), _BATCH):
            loss = measure(network(rows[some]), labels[some])
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        told((epoch + 1) / epochs)
    return float(np.mean(losses)) if losses else float("nan")
