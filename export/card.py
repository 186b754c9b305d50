"""The model card of a preset: what it was made of, how, and what the judge found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit

from engine.dsp.arrays import Array
from engine.dsp.frontend import FrontEnd
from engine.pictures import draw_bands, pyplot, save
from engine.text import printable
from engine.writing import check_output, write_whole
from export.johnson_rows import johnson_rows, streaming_network
from export.melgan_rows import melgan_rows

FIGURES, FOR_FILES = "## Figures", "## Whole windows, for files"
PICTURE = "windows.png"


def check_preset(folder: Path, force: bool = False) -> None:
    """Whether a preset may be written there, before it is. Its ``preset.toml`` is added to.

    Raises:
        UsageError: it would replace files that are not ours, and ``force`` is not said.
        OutputError: the folder cannot be written.
    """
    if folder.exists():
        for name in ("generator.onnx", "card.md", PICTURE):
            check_output(folder / name, force=force)


def write_preset(
    folder: Path,
    *,
    description: str,
    licence: str,
    bpm: float,
    facts: dict[str, Any],
    force: bool = False,
) -> None:
    """Write ``preset.toml`` and the card's first half; a card's figures come with its judgement.
    Effects that are there already stay.

    Args:
        folder: of the preset; exists.
        description: in one line.
        licence: of the preset, in one line.
        bpm: tempo assumed when none is known.
        facts: how the generator was trained, see ``train.training.facts.Facts``, and its recipe.
        force: whether a card that is not ours may be replaced.
    """
    description, licence = printable(description), printable(licence)
    file = folder / "preset.toml"
    written = tomlkit.parse(file.read_text(encoding="utf-8-sig") if file.exists() else "")
    written |= {"format": 1, "description": description, "licence": licence, "bpm": round(bpm, 1)}
    write_whole(file, tomlkit.dumps(written), force=True)
    card = _card(folder, description, licence, facts)
    write_whole(folder / "card.md", card, force=force)


def _card(folder: Path, description: str, licence: str, facts: dict[str, Any]) -> str:
    table = _table(facts | {"licence": licence}, folder / "generator.onnx")
    return (
        f"# {printable(folder.name)}\n{description}.\n\n| | |\n| --- | --- |\n{table}\n\n"
        f"![a held-out window and what the generator makes of it]({PICTURE})\n"
    )


def _table(facts: dict[str, Any], model: Path) -> str:
    recipe, data = facts["recipe"], facts["data"]
    genres = ", ".join(
        f"{name} {counts['tracks']} tracks, {counts['segments']} segments"
        for name, counts in data["genres"].items()
    )
    losses = ", ".join(f"{name} {value:.3f}" for name, value in facts["losses"].items())
    size = model.stat().st_size / 1e6
    rows = {
        "data": f"{genres} of four bars at {data['bpm']:g} BPM, {data['level_db']:g} dB",
        "sources": printable(facts["sources"]),
        "licence": printable(facts["licence"]),
        **_ROWS[recipe.get("kind", "cyclegan")](facts, size),
        "drive": f"{facts.get('drive', 1.0):g} × the change that it has learnt",
        "begun from": _origin(facts.get("begun_from")),
        "time": f"{facts['seconds']:.0f} s on {facts['hardware']}",
        "losses at the end": losses,
        "images": "10·log10 of mel power (the paper takes dB first and mel after)",
    }
    return "\n".join(f"| {name} | {value.replace('|', '/')} |" for name, value in rows.items())


def add_late(folder: Path, facts: dict[str, Any], model: Path) -> None:
    """Put into a preset's card how its generator of whole windows, which is there, was made.

    Args:
        folder: of the preset.
        facts: how that generator was trained, as of :func:`write_preset`, and its licence.
        model: file of that generator.
    """
    card = folder / "card.md"
    old = card.read_text(encoding="utf-8") if card.exists() else f"# {printable(folder.name)}\n"
    head, heading, figures = old.partition(f"\n{FIGURES}")
    head = head.partition(f"\n{FOR_FILES}")[0].rstrip()
    table = _table(facts, model)
    text = f"{head}\n\n{FOR_FILES}\n| | |\n| --- | --- |\n{table}\n{heading}{figures}"
    write_whole(card, text, force=True)


def _window_rows(facts: dict[str, Any], megabytes: float) -> dict[str, str]:
    recipe, share = facts["recipe"], facts.get("share", 1.0)
    network = (
        f"ResNet generator, {recipe['blocks']} residual blocks, {recipe['channels']} base channels"
    )
    if recipe.get("network") == "bands":
        network = f"{recipe['blocks']} residual blocks along time, {recipe['channels']} channels"
    else:
        resized = recipe.get("upsampling") == "resize"
        doubled = "repeated places and a convolution" if resized else "transposed convolutions"
        network += f", upsampling by {doubled}"
        if not recipe.get("residual", True):
            network += "; its output is the image, not a change of the input"
    weights = "the running mean of this run's" if recipe["average"] else "those of its last step"
    if share < 1:
        weights = f"{share:.0%} of this run's and {1 - share:.0%} of its teacher's"
    return {
        "network": f"{network}, {megabytes:.1f} MB",
        "training": f"{'paired' if recipe.get('twins') else 'unpaired'}: CycleGAN,"
        f" {facts['steps']} steps at batch {recipe['batch']}, crops of "
        f"{recipe['width']} columns, window spliced in {recipe['phrase']:.0%} and cut in "
        f"{recipe['edge']:.0%} of them",
        "learnt with": _teaching(recipe),
        "weights": weights,
        "critics see": "images as the engine renders them"
        if recipe.get("rendered")
        else "images as they are generated",
    }


def _stream_rows(facts: dict[str, Any], megabytes: float) -> dict[str, str]:
    recipe = facts["recipe"]
    tracks = ", ".join(f"{g} {n['tracks']}" for g, n in facts["data"]["genres"].items())
    rows = {
        "data": f"whole tracks at their own tempo, {tracks}, {facts['data']['level_db']:g} dB",
        "network": streaming_network(recipe, megabytes),
    }
    what = f"{facts['steps']} steps at batch {recipe['batch']}, stretches of {recipe['columns']} "
    clock = f"with a clock in {recipe['memory']:.0%} of them"
    windows = "rendered sound through windows of 6, 23, 46 and 186 ms"
    if recipe.get("twins", True):
        return rows | {
            "training": f"paired: {what}columns of whole tracks and their twins, {clock}",
            "learnt with": f"the twins of its tracks (L1 of weight {recipe['likeness']:g}, of what "
            f"critics find {recipe['features']:g}), critics of weight {recipe['critics']:g}",
            "critics see": windows,
            "what is circular": "tracks and twins are composed by one program, which decides what "
            "a genre is; the judge of these genres learnt from such tracks too",
        }
    kept = [f"{k} {recipe[k]:g}" for k in ("cycle", "identity", "contrast", "smooth") if recipe[k]]
    images = (
        f"; in {1 - recipe['sound']:.0%} of the steps images alone" if recipe["sound"] < 1 else ""
    )
    return rows | {
        "training": f"unpaired: {what}columns of whole tracks, {clock}",
        "learnt with": f"critics of weight {recipe['critics']:g}; the content is kept by "
        + ", ".join(kept or ["nothing"]),
        "critics see": windows + images,
    }


_ROWS: dict[str, Callable[[dict[str, Any], float], dict[str, str]]] = {
    "cyclegan": _window_rows,
    "streaming": _stream_rows,
    "johnson": johnson_rows,
    "melgan-vc": melgan_rows,
}


def _teaching(recipe: dict[str, Any]) -> str:
    """What kept the content, and which challengers of the paper's recipe took part."""
    parts = ["cycle and identity" if recipe.get("cycle", 1) else "no cycle"]
    if recipe.get("contrast"):
        parts.append(f"contrast of places of weight {recipe['contrast']:g}")
    if recipe.get("teacher"):
        who = "the twins of its tracks" if recipe.get("twins") else "a teacher"
        ways = ", also backwards" if recipe.get("backwards") else ""
        parts.append(f"{who}{ways}, weight {recipe['teacher']:g}")
    if recipe.get("augment"):
        parts.append("augmented images for the critics")
    if recipe.get("critic_scales", 1) > 1:
        parts.append(f"critics at {recipe['critic_scales']} scales")
    if recipe.get("critic_norm") == "spectral":
        parts.append("critics of spectral norm")
    if recipe.get("rows"):
        parts.append(
            f"in {recipe['rows']:.0%} of the steps what the stage plays of many windows in a row"
        )
    if recipe.get("norm") == "channel":
        parts.append("norms over channels")
    return ", ".join(parts)


def _origin(before: dict[str, Any] | None) -> str:
    """The runs before, newest first."""
    runs = []
    while before:
        recipe = before["recipe"]
        seen = "images as they are " + ("rendered" if recipe.get("rendered") else "generated")
        if recipe.get("kind") == "streaming":
            after = (
                f" after {recipe['alone']} steps without any" if recipe.get("twins", True) else ""
            )
            seen = f"rendered sound{after}"
        runs.append(f"{before['steps']} steps in {before['seconds']:.0f} s, critics seeing {seen}")
        before = before.get("begun_from")
    return "; before: ".join(runs) or "random weights"


def add_figures(folder: Path, text: str) -> None:
    """Put the judge's figures into a card, in the place of older ones."""
    card = folder / "card.md"
    old = card.read_text(encoding="utf-8") if card.exists() else f"# {printable(folder.name)}\n"
    head = old.partition(f"\n{FIGURES}")[0].rstrip()
    write_whole(card, f"{head}\n\n{FIGURES}\n{text.rstrip()}\n", force=True)


def draw_windows(
    path: Path, windows: dict[str, Array], front_end: FrontEnd, force: bool = False
) -> None:
    """Draw images above each other.

    Args:
        path: PNG to write.
        windows: images by name, (columns, n_mels), 0 … 1.
        front_end: of the images.
        force: whether any file may be replaced.
    """
    figure, axes = pyplot().subplots(
        len(windows), 1, figsize=(12, 2.6 * len(windows)), sharex=True, layout="constrained", dpi=80
    )
    for axis, (name, image) in zip(np.atleast_1d(axes), windows.items(), strict=True):
        draw_bands(axis, name, image.T, front_end.at(44100).centres_hz, (0.0, 1.0))
    save(figure, path, force)
