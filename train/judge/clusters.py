"""A picture of sounds as places in a plane, by kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.dsp.arrays import Array
from engine.pictures import head, pyplot

_MARKERS = "osv^Dp*XP<>"


def draw_clusters(places: Mapping[str, Array]) -> Any:
    """A figure, to be saved.

    Args:
        places: by kind of sound, (clips, 2).
    """
    figure, axis = pyplot().subplots(figsize=(7, 6), constrained_layout=True, dpi=100)
    for number, (kind, some) in enumerate(places.items()):
        marker = _MARKERS[number % len(_MARKERS)]
        axis.scatter(some[:, 0], some[:, 1], s=14, marker=marker, label=kind, alpha=0.7)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.legend()
    head(figure, "t-SNE of pool5; each place is a clip held out")
    return figure
