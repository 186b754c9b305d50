"""The card of a classifier: what it learnt from, how well it knows artists that it never heard, and
the confusion matrix, drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.dsp.arrays import Array
from engine.pictures import head, pyplot, save
from engine.text import printable
from engine.writing import write_whole
from train.genres.networks import WORDS
from train.genres.protocols import Called, mean_recall

CARD, PICTURE = "card.md", "confusion.png"


def write_card(
    folder: Path, called: dict[str, Called], facts: dict[str, Any], force: bool = False
) -> None:
    """Write ``card.md`` and ``confusion.png``.

    Args:
        folder: of the classifier; exists.
        called: by protocol, ``by artist`` and, where it was tried, ``augment then split``.
        facts: of its making, see :func:`train.cli.classifying.train_classifier`.
        force: whether files that are not ours may be replaced.

    Raises:
        UsageError: a file would be replaced that is not ours, and ``force`` is not said.
        OutputError: the folder cannot be written.
    """
    draw_confusions(folder / PICTURE, called, facts["network"], force)
    write_whole(folder / CARD, _text(folder.name, called, facts), force=force)


def table(called: dict[str, Called], network: str) -> list[str]:
    """Recall of each genre by protocol, as a table of Markdown.

    Args:
        called: by protocol.
        network: whose.
    """
    genres = next(iter(called.values())).genres
    lines = [f"| recall | {' | '.join(called)} |", "| --- |" + " --- |" * len(called)]
    recalls = {name: one.recall(network) for name, one in called.items()}
    for label, genre in enumerate(genres):
        cells = " | ".join(_percent(of[label]) for of in recalls.values())
        lines.append(f"| {_cell(genre)} | {cells} |")
    means = [
        f"{mean_recall(of):.1%} [{low:.1%}, {high:.1%}]"
        for (low, high), of in (
            (called[name].interval(network), of) for name, of in recalls.items()
        )
    ]
    lines.append(f"| mean | {' | '.join(means)} |")
    return lines


def networks_table(called: dict[str, Called]) -> list[str]:
    """Mean recall of every network by protocol, and how far it is from the first's, as Markdown.

    Args:
        called: by protocol.
    """
    first = next(iter(next(iter(called.values())).shares))
    lines = [f"| mean recall | {' | '.join(called)} |", "| --- |" + " --- |" * len(called)]
    for network in next(iter(called.values())).shares:
        cells = []
        for one in called.values():
            mean, (low, high) = mean_recall(one.recall(network)), one.interval(network)
            text = f"{mean:.1%} [{low:.1%}, {high:.1%}]"
            if network != first:
                low, high = one.interval(network, first)
                text += f"; {mean - mean_recall(one.recall(first)):+.1%} [{low:+.1%}, {high:+.1%}]"
            cells.append(text)
        lines.append(f"| {WORDS[network]} | {' | '.join(cells)} |")
    return lines


def draw_confusions(
    path: Path, called: dict[str, Called], network: str, force: bool = False
) -> None:
    """Draw the confusion matrix of each protocol: rows are what music is, columns what it is
    called, in per cent of the row.

    Args:
        path: PNG to write.
        called: by protocol.
        network: whose.
        force: whether a file that is not ours may be replaced.
    """
    count = len(called)
    wide = 1.5 + 0.55 * len(next(iter(called.values())).genres)
    figure, axes = pyplot().subplots(
        1, count, figsize=(wide * count, wide), squeeze=False, constrained_layout=True, dpi=100
    )
    for axis, (name, one) in zip(axes[0], called.items(), strict=True):
        _draw(axis, one.confusion(network), one.genres)
        axis.set_title(name)
    head(figure, f"what music is, by row, and what it is called: {WORDS[network]}")
    save(figure, path, force)


def _draw(axis: Any, confusion: Array, genres: tuple[str, ...]) -> None:
    sums = np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    shares = 100 * confusion / sums
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    places = np.arange(len(genres))
    axis.set_xticks(places, genres, rotation=45, ha="right")
    axis.set_yticks(places, genres)
    for row in places:
        for column in places:
            if confusion[row, column]:
                shade = "white" if shares[row, column] > 50 else "black"
                text = f"{shares[row, column]:.0f}"
                axis.text(column, row, text, ha="center", va="center", color=shade, fontsize=8)


def _text(name: str, called: dict[str, Called], facts: dict[str, Any]) -> str:
    rows = {
        "genres": ", ".join(facts["genres"]),
        "learnt from": ", ".join(
            f"{genre} {count['pieces']} pieces by {count['artists']} artists"
            for genre, count in facts["data"].items()
        ),
        "sources": facts["sources"],
        "licence": facts["licence"],
        "network": f"{WORDS[facts['network']]}, 44 features in, standard scaler before it",
        "training": f"{facts['rows']} rows, each clip in {facts['versions']} versions; Adam, "
        f"dropout {facts['dropout']:g}, {facts['epochs']} epochs, seed {facts['seed']}",
    }
    lines = [f"# {printable(name)}", "", "Tells genres of music.", "", "| | |", "| --- | --- |"]
    lines += [f"| {key} | {_cell(str(value))} |" for key, value in rows.items()]
    lines += ["", "## Figures", "", *table(called, facts["network"])]
    lines += [
        "",
        "By artist: every piece was called by a network that heard nothing of its artist. Intervals"
        " are 95 %, artists drawn anew.",
    ]
    single = [genre for genre, count in facts["data"].items() if count["artists"] < 2]
    if single:
        one = "a single artist each" if len(single) > 1 else "a single artist"
        lines.append(f"Not tested, for there is {one}: {', '.join(map(_cell, single))}.")
    if len(next(iter(called.values())).shares) > 1:
        lines += ["", *networks_table(called)]
    lines += ["", f"![confusion matrix]({PICTURE})", ""]
    return "\n".join(lines)


def _percent(share: float) -> str:
    return "not tested" if np.isnan(share) else f"{share:.1%}"


def _cell(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace("|", "\\|")
