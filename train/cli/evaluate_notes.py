"""``doubledrop evaluate-notes``: are sounds that presets make of notes consistent, and new?"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import TaskProgressColumn, TimeRemainingColumn

from engine.cli import options
from engine.cli.console import Table, progress, say, say_json, stdout
from engine.cli.numbers import number
from engine.config.preset import Preset, load_preset
from engine.models.onnx_model import read_file

if TYPE_CHECKING:
    from train.judge.mixtures import PresetFigures
    from train.style.instruments import Scores

_RATE = 2e-3  # of the network that learns the outputs; 2e-4 in the paper, of one 8 times as wide


def evaluate_notes(
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
    seed: options.Seed = 0,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Feed presets with single notes, and tell what comes out from flute, keyboard and guitar: by a
    network that has never met such sounds, by one that has, and by one for all presets.

    Example: doubledrop evaluate-notes notes flute-to-keyboard keyboard-to-flute --picture tsne.png
    """
    from engine.pictures import save
    from train.cli.stepping import telling
    from train.data.dataset import read_audio
    from train.judge import mixtures as judge
    from train.judge.clusters import draw_clusters
    from train.notes.families import FAMILIES
    from train.notes.manifest import CLIP_RATE, Clip, Split, read_manifest
    from train.style import instruments
    from train.style.vgg_file import shipped_vgg

    manifest, names = read_manifest(notes), list(FAMILIES)
    chosen = [load_preset(name) for name in presets]
    how = instruments.Schooling(epochs=epochs, rate=_RATE, seed=seed)

    def clips(split: Split, of: str) -> list[Clip]:
        return [c for c in manifest.clips if c.split == split and c.family == of][:most]

    with (
        ExitStack() as stack,
        progress(TaskProgressColumn(), TimeRemainingColumn(), hidden=as_json) as bar,
    ):
        task = bar.add_task("", total=1.0)
        out = renders or Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def natural(split: Split) -> instruments.Clips:
            some = [clip for name in names for clip in clips(split, name)]
            told = telling(bar, task, "reading")
            return instruments.read_clips(notes, some, names, "linear", told)

        sounds, found = (natural("train"), natural("held-out")), []
        network = shipped_vgg("linear")
        figures: dict[str, PresetFigures] = {}
        for preset in chosen:
            of = _fed_with(preset, family)
            parts: dict[Split, instruments.Clips] = {}
            for split in ("train", "held-out"):
                some = clips(split, of)
                told = telling(bar, task, f"{preset.name}, rendering")
                paths = judge.render_clips(preset, notes, some, out / preset.name, told)
                parts[split] = judge.images_of_files(paths)
            mixture = judge.Mixture(preset.name, parts["train"], parts["held-out"])
            before = [read_audio(clip.path(notes)) for clip in clips("held-out", of)]
            after = [read_audio(out / preset.name / f"{c.name}.wav") for c in clips("held-out", of)]
            told = telling(bar, task, f"{preset.name}, four classes")
            _, four = judge.told_apart(sounds, [mixture], len(names), how, told)
            unmet = judge.unexposed(network.network, mixture, len(network.classes)).tolist()
            figures[preset.name] = judge.PresetFigures(
                of,
                dict(zip(network.classes, unmet, strict=True)),
                four,
                judge.observed(before, after, CLIP_RATE),
            )
            found.append(mixture)
        told = telling(bar, task, "all presets")
        last, every = judge.told_apart(sounds, found, len(names), how, told)
        kinds = [*names, *(mixture.name for mixture in found)]
        if picture is not None:
            test = {name: sounds[1].of_class(i) for i, name in enumerate(names)}
            test |= {mixture.name: mixture.test for mixture in found}
            save(draw_clusters(judge.clusters(last, test, seed)), picture, force)
    if as_json:
        presets_ = {name: found.to_json(names) for name, found in figures.items()}
        say_json({"classes": names, "presets": presets_, "all": every.to_json(kinds)})
        return
    _print(figures, every, kinds)


def _fed_with(preset: Preset, otherwise: str) -> str:
    """The family of instruments that a preset restyles."""
    from train.notes.families import FAMILIES

    said = str(read_file(preset.model).info.facts.get("from"))
    return said if said in FAMILIES else otherwise


def _print(figures: dict[str, PresetFigures], every: Scores, kinds: list[str]) -> None:
    rows: list[tuple[str, Callable[[PresetFigures], str]]] = [
        ("fed with", lambda p: p.fed_with),
        (
            "called, by a network that has not met it",
            lambda p: ", ".join(f"{name} {number}" for name, number in p.unexposed.items()),
        ),
        ("four classes: told right", lambda p: f"{p.four.accuracy:.2%}"),
        ("its own among them", lambda p: f"{p.four.recall[-1]:.2%}"),
        ("above 6 kHz, dB", lambda p: f"{p.observed.high_db:+.1f}"),
        ("first tenth of a second, dB", lambda p: f"{p.observed.attack_db:+.1f}"),
        ("strongest partial moved, cents", lambda p: f"{p.observed.cents:.0f}"),
    ]
    table = Table("", *figures)
    for name, value in rows:
        table.add_row(name, *(value(found) for found in figures.values()))
    stdout.print(table)
    shares = ", ".join(
        f"{kind} {share:.2%}" for kind, share in zip(kinds, every.recall, strict=True)
    )
    say(f"all kinds before one network: told right {every.accuracy:.2%}; {shares}")
