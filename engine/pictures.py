"""What all pictures share: drawing without a screen, and a file that is whole or not there."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from engine.dsp.arrays import Array
from engine.writing import write_whole

_HERTZ = np.array([100, 500, 1000, 2000, 5000, 10000])


def pyplot() -> Any:
    """Matplotlib without a window; a second to import, so only when there is a picture to draw."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    return plt


def save(figure: Any, path: Path, force: bool = False) -> Path:
    """Write a figure as PNG and forget it.

    Raises:
        UsageError: it would replace a file that is not ours, and ``force`` is not said.
        OutputError: the file cannot be written; no half of it is left.
    """
    drawn = BytesIO()
    try:
        figure.savefig(drawn, format="png")
    finally:
        pyplot().close(figure)
    write_whole(path, drawn.getvalue(), force=force)
    return path


def hertz_labels(hertz: Any) -> list[str]:
    """Frequencies as an axis names them."""
    return [f"{h:g}" if h < 1000 else f"{h / 1000:g}k" for h in hertz]


def draw_bands(
    axis: Any,
    name: str,
    image: Array,
    centres_hz: Array,
    limits: tuple[float, float],
    cmap: str = "magma",
    seconds: float | None = None,
) -> Any:
    """Draw an image of mel bands.

    Args:
        axis: what on.
        name: of the image, for the label.
        image: (bands, columns).
        centres_hz: of the bands.
        limits: values of the darkest and the brightest colour.
        cmap: Matplotlib's name of the colours.
        seconds: length of the image, for an axis in seconds; columns without.
    """
    shown = axis.imshow(
        image,
        origin="lower",
        aspect="auto",
        cmap=cmap,
        vmin=limits[0],
        vmax=limits[1],
        extent=(0, seconds or image.shape[1], 0, len(centres_hz)),
        interpolation="nearest",
    )
    axis.set_yticks(np.interp(_HERTZ, centres_hz, np.arange(len(centres_hz))), hertz_labels(_HERTZ))
    axis.set_ylabel(f"{name}\nHz")
    return shown
