"""``doubledrop evaluate``: is it heard as the target genre, and is it still the same music?"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import TimeRemainingColumn

from engine.cli import options
from engine.cli.console import Table, progress, say, say_json, stdout, warn
from engine.cli.given import ignores, takes
from engine.cli.numbers import number
from engine.config.preset import Preset, load_preset
from engine.errors import UsageError
from engine.text import counted
from train.cli.options import Cluster

if TYPE_CHECKING:
    from train.judge.evaluate import Evaluation


def evaluate(
    ctx: typer.Context,
    preset: Annotated[
        str | None,
        typer.Argument(help="Preset to judge. Without one, only the controls are judged."),
    ] = None,
    data: Annotated[
        Path, typer.Option(metavar="DATASET", help="Folder made by `doubledrop prepare`.")
    ] = Path("dataset"),
    source: Annotated[
        str | None, typer.Option("--from", help="Genre restyled. Default: the dataset's first.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--to", help="Genre aimed at. Default: the dataset's second.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the page of pictures.")
    ] = None,
    renders: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the rendered files in this folder.")
    ] = None,
    per_track: Annotated[int, number("Segments judged of each track.", 1, 1000)] = 3,
    music: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Judge what becomes of whole tracks instead."),
    ] = None,
    versions: Annotated[
        str | None,
        typer.Option(help="Of the output, with commas: late,phrase is quick. Default: all."),
    ] = None,
    inference_ms: Annotated[
        float | None,
        number(
            "Time of an inference of a generator of windows on the stage. Default: an eighth of a "
            "beat.",
            *(0.0, 60_000.0, "ms"),
        ),
    ] = None,
    cluster: Cluster = None,
    card: Annotated[bool, typer.Option(help="Put the figures into the preset's card.md.")] = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Judge a preset on held-out tracks, beside controls that cost nothing.

    With --music no genre is asked for: whole tracks are rendered, and their hits and silences
    compared.

    Example: doubledrop evaluate liquid-to-dancefloor --data dataset --report page
    """  # noqa: DOC501
    _check_options(ctx, music, preset)
    from train.cli.music import evaluate_music
    from train.cluster import workers
    from train.data.dataset import Dataset
    from train.judge.evaluate import evaluate as judge_preset
    from train.judge.judge import FEASIBLE, train_judge
    from train.judge.page import check_page, write_page
    from train.judge.renders import versions_of

    chosen = load_preset(preset) if preset else None
    if music is not None:
        if chosen is None:
            raise UsageError("--music", "no preset", cure="Name the preset that is to be judged.")
        evaluate_music(chosen, music, report, renders, force, as_json)
        return
    asked = _versions(versions, list(versions_of(chosen)) if chosen else [])
    if report is not None:
        check_page(report, force)
    dataset = Dataset(data)
    source, target = _genres(dataset.genres, chosen, source, target)
    with ExitStack() as stack:
        bar = stack.enter_context(progress(TimeRemainingColumn(), hidden=as_json))
        task = bar.add_task("listening", total=None)
        judge = train_judge(
            dataset, source, target, lambda what: bar.update(task, description=what)
        )
        folder = renders or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        at_once = stack.enter_context(workers(cluster, 1))
        result = judge_preset(
            dataset,
            judge,
            chosen,
            folder,
            lambda what, done, of: bar.update(task, description=what, completed=done, total=of),
            per_track,
            at_once,
            asked,
            force,
            inference_ms,
        )
        page = write_page(result, report, force) if report else None
    if card and chosen:
        _into_card(chosen.folder, result, dataset.manifest.rate)
    if chosen and _learnt_by_clip(chosen):
        warn(f"{chosen.name} has learnt from clips of these tracks (split = 'clip' in its recipe)")
    linear = judge.accuracies["mfcc"].accuracy
    if linear < FEASIBLE:
        warn(f"{source} and {target} are hardly two genres: a linear model tells {linear:.0%}")
    if as_json:
        say_json(result.to_json())
        return
    _show(result)
    if page:
        say(f"page: {page}")


def _versions(text: str | None, there: list[str]) -> list[str]:
    """Versions that are asked for; none for all.

    Raises:
        UsageError: there is no such version.
    """
    asked = [name.strip() for name in text.split(",")] if text else []
    if unknown := [name for name in asked if name not in there]:
        raise UsageError(
            "--versions",
            repr(unknown[0]),
            expected=", ".join(there) or "a preset",
            cure="Name some of these.",
        )
    return asked


def _genres(
    there: Sequence[str], preset: Preset | None, source: str | None, target: str | None
) -> tuple[str, str]:
    """From which genre to which: as asked, as a trained preset was made for, or the dataset's.

    Raises:
        UsageError: they are the same.
    """
    if preset and not (source or target):
        from engine.models.onnx_model import read_file

        facts = read_file(preset.model).info.facts
        source, target = facts.get("from"), facts.get("to")
    source = source or there[0]
    target = target or next(genre for genre in there if genre != source)
    if source == target:
        raise UsageError(
            "--to", f"{target!r}, as in --from", expected="two genres", cure="Name two genres."
        )
    return source, target


def _learnt_by_clip(preset: Preset) -> bool:
    """Whether a preset's training held out clips, and no tracks."""
    from engine.models.onnx_model import read_file

    recipe = read_file(preset.model).info.facts.get("recipe")
    return isinstance(recipe, dict) and recipe.get("split") == "clip"


def _into_card(folder: Path, result: Evaluation, rate: int) -> None:
    from engine.pictures import save
    from export.card import add_figures
    from train.judge.closeup import close_up
    from train.judge.page import CLOSE_UP, markdown

    save(close_up(result.measurements, rate), folder / CLOSE_UP, force=True)
    add_figures(folder, f"{markdown(result)}\n\n![two bars, close up]({CLOSE_UP})")


def _show(result: Evaluation) -> None:
    judge = result.judge
    table = Table(
        title=f"called {judge.target}, of {counted(result.tracks, 'track')} of {judge.source}"
    )
    table.add_column("")
    for name in result.flip:
        table.add_column(f"{name} ({judge.accuracies[name].accuracy:.0%} right)")
    for name in result.measurements:
        table.add_row(name, *(f"{figures[name]}" for figures in result.flip.values()))
    stdout.print(table)
    kept = Table(title="what is left of the input")
    kept.add_column("")
    for name in result.measurements:
        kept.add_column(name)
    for measure, figures in result.content.items():
        cells = [f"{figures[n].mean:.2f}" if n in figures else "" for n in result.measurements]
        kept.add_row(measure, *cells)
    stdout.print(kept)
    for key, figure in result.log_mel_db.items():
        say(f"log-mel distance {key}: {figure} dB")


def _check_options(ctx: typer.Context, music: Path | None, preset: str | None) -> None:
    """Refuse what would be ignored."""
    if music is not None:
        names = "preset", "music", "report", "renders", "force", "as_json"
        takes(ctx, "evaluate --music", *names)
    elif preset is None:
        ignores(
            ctx,
            "evaluate without a preset",
            *("card", "cluster", "renders"),
            "versions",
            "inference_ms",
        )
