"""``doubledrop evaluate-notes``: are sounds that presets make of notes consistent, and new?"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TaskProgressColumn, TimeRemainingColumn

from engine.cli import options
from engine.cli.console import Table, progress, say, say_json, stdout
from engine.cli.given import ignores
from engine.cli.numbers import number
from engine.config.preset import load_preset

_NO_NETWORK = dict.fromkeys(("epochs", "picture", "seed"), "No network is trained.")
_RATE = 2e-3  # of the network that learns the outputs; 2e-4 in the paper, of one 8 times as wide


def evaluate_notes(
    ctx: typer.Context,
    notes: Annotated[Path, typer.Argument(help="Folder made by `doubledrop compose-notes`.")],
    presets: Annotated[list[str], typer.Argument(metavar="PRESET…", help="Presets to judge.")],
    family: Annotated[
        str, typer.Option(help="What presets are fed with that do not say what they restyle.")
    ] = "flute",
    renders: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the rendered clips in this folder.")
    ] = None,
    most: Annotated[int, number("Clips of each kind to learn from, at most.", 10, 100_000)] = 500,
    epochs: Annotated[int, number("Of each network.", 1, 1000)] = 5,
    picture: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw the clusters of all sounds.")
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Train no network: ask the one that has met no such sound."),
    ] = False,
    card: Annotated[bool, typer.Option(help="Put the figures into the presets' card.md.")] = False,
    seed: options.Seed = 0,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Feed presets with single notes, and tell what comes out from flute, keyboard and guitar: by a
    network that has never met such sounds, by one that has, and by one for all presets.

    Example: doubledrop evaluate-notes notes flute-to-keyboard keyboard-to-flute --picture tsne.png
    """
    from engine.pictures import save
    from export.card import add_figures
    from train.cli.stepping import telling
    from train.judge.clusters import draw_clusters
    from train.judge.notes_evaluation import Notes, evaluate_presets, markdown, rows
    from train.notes.manifest import read_manifest
    from train.style.instruments import Schooling

    if quick:
        ignores(ctx, "--quick", "epochs", "picture", "seed", cures=_NO_NETWORK)
    manifest, chosen = read_manifest(notes), [load_preset(name) for name in presets]
    how = None if quick else Schooling(epochs=epochs, rate=_RATE, seed=seed)
    with (
        ExitStack() as stack,
        progress(TaskProgressColumn(), TimeRemainingColumn(), hidden=as_json) as bar,
    ):
        task = bar.add_task("", total=1.0)
        out = renders or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = evaluate_presets(
            chosen, Notes(notes, manifest, most, out), family, how, partial(telling, bar, task)
        )
    if picture is not None:
        save(draw_clusters(found.places), picture, force)
    for preset in chosen if card else ():
        add_figures(preset.folder, markdown(found.presets[preset.name]))
    if as_json:
        say_json(found.to_json())
        return
    each = {name: rows(figures) for name, figures in found.presets.items()}
    table = Table("", *each)
    for name in next(iter(each.values())):
        table.add_row(name, *(values.get(name, "") for values in each.values()))
    stdout.print(table)
    if found.every is not None:
        pairs = zip(found.kinds, found.every.recall, strict=True)
        shares = ", ".join(f"{kind} {share:.2%}" for kind, share in pairs)
        say(f"all kinds before one network: told right {found.every.accuracy:.2%}; {shares}")
