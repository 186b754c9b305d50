"""Images of clips beside each other, as papers show them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.dsp.arrays import Array
from engine.dsp.frontend import FrontEnd
from engine.pictures import draw_bands, head, pyplot, save

_LEAST_WIDE = 7.0  # inches: room for the words above

Tile = tuple[str, Array]
"""What is written above an image, and the image, 0 … 1, (bands, columns)."""


def draw_tiles(
    path: Path, words: str, rows: Sequence[Sequence[Tile]], front_end: FrontEnd, force: bool = False
) -> Path:
    """Draw rows of images, frequency upwards and time to the right.

    Args:
        path: PNG to write.
        words: above all of them.
        rows: of images; not all need be of one length.
        front_end: of the images.
        force: whether a file that is not ours may be replaced.

    Raises:
        UsageError: it would replace a file that is not ours.
        OutputError: the file cannot be written.
    """
    across = max(1, *map(len, rows))
    figure, axes = pyplot().subplots(
        len(rows),
        across,
        figsize=(max(_LEAST_WIDE, 3.4 * across), 2.7 * len(rows)),
        squeeze=False,
        layout="constrained",
        dpi=80,
    )
    head(figure, words)
    centres_hz = front_end.at(44100).centres_hz
    for row, tiles in zip(axes, rows, strict=True):
        for axis in row[len(tiles) :]:
            axis.set_axis_off()
        for axis, (name, image) in zip(row, tiles, strict=False):
            seconds = image.shape[1] * front_end.hop_s
            draw_bands(axis, "", image, centres_hz, (0.0, 1.0), seconds=seconds)
            axis.set_title(name, fontsize=8)
    return save(figure, path, force)
