"""What a CycleGAN makes of clips, and what it makes of that on the way back.

Young, Broido & Ayumba, "Multi-instrumental genre transfer using CycleGAN", figures 1.2 to 1.8: real
x, G(x), y, F(y), and G(F(y)) with and without the identity loss, beside each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.dsp.arrays import Array
from engine.errors import InputError, UsageError
from train.data.dataset import Dataset
from train.judge.statistics import Figure, by_track
from train.judge.tiles import Tile, draw_tiles
from train.training.cyclegan import CycleGan
from train.training.run import Run


@dataclass(frozen=True)
class WayBack:
    """How near clips of one genre come to themselves again.

    Attributes:
        run: name of the training.
        genre: of the clips.
        there_db: mean absolute distance of what a clip becomes from the clip, dB.
        back_db: the same of what comes back.
    """

    run: str
    genre: str
    there_db: Figure
    back_db: Figure


def there_and_back(model: CycleGan, image: Array, to_target: bool) -> tuple[Array, Array]:
    """An image in the other genre, and back again.

    Args:
        model: trained, on the processor.
        image: (bands, columns), −1 … 1.
        to_target: whether it is of the source's genre.

    Returns:
        Both, of the image's shape less what does not fill a multiple of four columns.
    """
    ways = model.exported() if to_target else model.exported()[::-1]
    whole = image[:, : image.shape[1] // 4 * 4]
    with torch.inference_mode():
        given = torch.from_numpy(np.ascontiguousarray(whole[None, None]))
        there = ways[0].eval()(given).clamp(-1.0, 1.0)
        back = ways[1].eval()(there).clamp(-1.0, 1.0)
    return there[0, 0].numpy(), back[0, 0].numpy()


def compare(
    runs: Sequence[Run], data: Dataset, path: Path, shown: int, most: int, force: bool = False
) -> list[WayBack]:
    """Draw some held-out clips of both genres there and back, and measure as many as are asked for.

    Args:
        runs: trainings of one pair of genres.
        data: what they learnt from.
        path: PNG to write.
        shown: clips of each genre that are drawn.
        most: clips of each genre that are measured, at most.
        force: whether a file that is not ours may be replaced.

    Raises:
        UsageError: a run is no CycleGAN, or of other genres than the first; or the picture would
            replace a file that is not ours.
        FrontEndError: the images are not of a run's front end.
        InputError: there are no held-out clips.
    """
    for run in runs:
        _check(run, runs[0], data)
    source, target = runs[0].recipe.genres
    rows: list[list[Tile]] = []
    measured: list[WayBack] = []
    for genre, other in ((source, target), (target, source)):
        segments = data.segments(genre, "held-out", runs[0].recipe.split_by)
        segments = segments[:: max(1, len(segments) // most)][:most]  # of all tracks
        if not segments:
            raise InputError(
                str(data.folder),
                f"no held-out clips of {genre}",
                cure="Prepare with --held-out 0.3, or with --test 10.",
            )
        images = [2.0 * data.front_end.normalise(one.image()[1].T) - 1.0 for one in segments]
        first = [[_tile(one.name, image)] for one, image in zip(segments, images, strict=True)]
        tracks = [one.track.name for one in segments]
        for run in runs:
            assert isinstance(run.model, CycleGan)
            off: tuple[list[float], list[float]] = [], []
            for row, image in zip(first, images, strict=True):
                there, back = there_and_back(run.model, image, genre == source)
                row += [_tile(f"as {other}, {run.name}", there), _tile(f"back, {run.name}", back)]
                for distances, made in zip(off, (there, back), strict=True):
                    distances.append(_off_db(data, image, made))
            there_db, back_db = (by_track(distances, tracks) for distances in off)
            measured.append(WayBack(run.name, genre, there_db, back_db))
        rows += first[:shown]
    draw_tiles(path, f"{source} and {target}, there and back", rows, data.front_end, force)
    return measured


def _check(run: Run, first: Run, data: Dataset) -> None:
    if not isinstance(run.model, CycleGan) or run.recipe.genres != first.recipe.genres:
        raise UsageError(
            run.name,
            f"a {run.recipe.kind} of {' and '.join(run.recipe.genres)}",
            expected=f"a cyclegan of {' and '.join(first.recipe.genres)}",
            cure="Name trainings of one pair of genres.",
        )
    data.check_front_end(run.recipe.images)


def _tile(name: str, image: Array) -> Tile:
    return name, 0.5 * image + 0.5


def _off_db(data: Dataset, image: Array, made: Array) -> float:
    span_db = data.front_end.ceil_db - data.front_end.floor_db
    return float(0.5 * span_db * np.abs(image[:, : made.shape[1]] - made).mean())
