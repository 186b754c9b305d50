"""Shares of genres over time, drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.genres.hearing import Heard
from engine.pictures import head, pyplot, save

_SHOWN = 8


def draw(heard: Heard, title: str, path: Path, force: bool = False) -> Path:
    """Write a picture of what a sound was called: the genres above each other, one band of time.

    Args:
        heard: what it was called.
        title: of the picture, such as the file's name.
        path: PNG to write.
        force: whether a file that is not ours may be replaced.

    Raises:
        UsageError: it would replace a file that is not ours, and ``force`` is not said.
        OutputError: the file cannot be written.
    """
    shares = np.nan_to_num(heard.shares)
    order = np.argsort(-shares.mean(axis=0))[:_SHOWN]
    rest = 1.0 - shares[:, order].sum(axis=1)
    silent = np.isnan(heard.shares).any(axis=1)
    rest[silent] = 0.0
    figure, axis = pyplot().subplots(figsize=(11, 3.6), constrained_layout=True, dpi=100)
    times = np.concatenate([[0.0], heard.times_s, [max(heard.seconds, heard.times_s[-1])]])
    layers = [np.pad(shares[:, i], 1, mode="edge") for i in order]
    names = [heard.genres[i] for i in order]
    if len(heard.genres) > _SHOWN:
        layers, names = [*layers, np.pad(rest, 1, mode="edge")], [*names, "others"]
    axis.stackplot(times, [100 * layer for layer in layers], labels=names)
    axis.set_xlim(times[0], times[-1])
    axis.set_ylim(0, 100)
    axis.set_xlabel("s")
    axis.set_ylabel("%")
    handles, labels = axis.get_legend_handles_labels()
    axis.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5))
    head(figure, title)
    return save(figure, path, force)
