"""A distance in style that an equaliser cannot change, by features that no training sees.

Gram matrices (Gatys et al. 2015) of one random convolution along time (Ulyanov & Lebedev 2016; Lin,
"Audio style transfer", section 4.1) on images whose bands have lost their mean over time: what is
left is how bands move and which of them move together within a few columns. A gain per band, which
is all that an equaliser is, changes nothing of that. It is a distance of the papers' own kind, but
neither its features nor its images are those that a generator was trained by. The classifiers'
statistics (:func:`train.judge.features.eq_deaf_statistics`) are of seconds of music and have no
scale in common; they tell genres apart, and do not say how far a sound is from one recording.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import conv1d

from engine.dsp.arrays import Array
from train.judge.view import without_eq
from train.style.losses import gram, matrix_distance

_SEED, _FILTERS, _TAPS = 20190610, 512, 5
_SCALE_DB = 10.0


class EqDeaf:
    """How far sounds are from a recording's style, whatever an equaliser did to them.

    Args:
        wanted: log-mel image of the recording, (columns, bands), dB.
        begun: of sounds that are 1 away from it.
    """

    def __init__(self, wanted: Array, begun: Sequence[Array]) -> None:
        drawn = torch.Generator().manual_seed(_SEED)
        weights = torch.randn(_FILTERS, wanted.shape[1], _TAPS, generator=drawn)
        self._weights = weights / (wanted.shape[1] * _TAPS) ** 0.5
        self._wanted = self._gram([wanted])
        self._begun = float(matrix_distance(self._gram(begun), self._wanted))

    def distance(self, images: Sequence[Array]) -> float:
        """Of all images together, relative to that of what was begun with.

        Args:
            images: log-mel, (columns, bands) each, dB, not clipped.
        """
        return float(matrix_distance(self._gram(images), self._wanted)) / max(self._begun, 1e-12)

    def _gram(self, images: Sequence[Array]) -> Tensor:
        found = [
            conv1d(torch.from_numpy(without_eq(image).T / _SCALE_DB)[None].float(), self._weights)
            for image in images
        ]
        return gram(torch.cat(found, dim=-1))
