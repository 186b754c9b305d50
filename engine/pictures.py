"""What all pictures share: drawing without a screen, and a file that is whole or not there."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from engine.dsp.arrays import Array
from engine.text import printable, printable_lines, shortened
from engine.writing import write_whole

_TITLE = 160  # characters
_HERTZ = np.array([100, 500, 1000, 2000, 5000, 10000])


def pyplot() -> Any:
    """Matplotlib without a window; a second to import, so only when there is a picture to draw."""
    import matplotlib

    matplotlib.use("Agg")
    # A file may be called "Ba$$in": dollars are no mathematics here, whatever a user's settings.
    matplotlib.rcParams.update({"text.parse_math": False, "text.usetex": False})
    from matplotlib import pyplot as plt

    return plt


def head(figure: Any, words: str) -> None:
    """Put a title of words from outside above a figure: one line, as long as there is room."""
    figure.suptitle(shortened(printable(words), _TITLE))


def save(figure: Any, path: Path, force: bool = False) -> Path:
    """Write a figure as PNG and forget it. All words in it are made printable.

    Args:
        figure: of Matplotlib; it is closed.
        path: the file.
        force: whether it may replace a file that is not ours.

    Returns:
        The path.

    Raises:
        UsageError: it would replace a file that is not ours, and ``force`` is not said.
        OutputError: the file cannot be written; no half of it is left.
    """
    drawn = BytesIO()
    _clean(figure)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of characters that the font lacks
            figure.savefig(drawn, format="png")
    finally:
        pyplot().close(figure)
    write_whole(path, drawn.getvalue(), force=force)
    return path


def _clean(figure: Any) -> None:
    from matplotlib.axis import Axis
    from matplotlib.text import Text
    from matplotlib.ticker import FuncFormatter

    for axis in figure.findobj(Axis):  # writes its labels anew whenever it is drawn
        for labels in (axis.get_major_formatter(), axis.get_minor_formatter()):
            if isinstance(labels, FuncFormatter):  # so are labels that are given one by one
                labels.func = _cleaned(labels.func)
    for text in figure.findobj(Text):
        text.set_parse_math(False)
        text.set_text(printable_lines(text.get_text()))


def _cleaned(label: Callable[..., Any]) -> Callable[..., str]:
    return lambda value, place=None: printable_lines(str(label(value, place)))


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
