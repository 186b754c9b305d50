"""``doubledrop prepare``: folders of music to a dataset."""

from __future__ import annotations

import os
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.padding import Padding
from rich.progress import MofNCompleteColumn, TimeRemainingColumn

from engine.cli import options
from engine.cli.console import Table, progress, say, say_json, stdout, warn
from engine.cli.given import ignores
from engine.cli.numbers import number
from engine.errors import UsageError
from train.cli.options import Cluster
from train.cluster import workers
from train.data.dataset import BPM
from train.prepare import report
from train.prepare.clips import clip_bpm
from train.prepare.outcome import SEGMENTS, Outcome, PrepareSettings
from train.prepare.run import Prepared, prepare_dataset

_MOST_GROUPS = 20
_MOST_CLIPS = 10**6


class FrontEndOption(StrEnum):
    """Names of :data:`engine.dsp.front_ends.FRONT_ENDS`."""

    stage = "stage"
    young_2021 = "young-2021"


def prepare(
    ctx: typer.Context,
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="Folder to write.")],
    genres: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER",
            help="Folders of music, one a genre, two or more. One with train/ and held-out/ in it "
            "is split as it says.",
        ),
    ],
    bpm: Annotated[
        float, number("Tempo that all music is stretched to.", 60.0, 240.0, "BPM")
    ] = BPM,
    low_pass: Annotated[
        float | None,
        number(
            "Take everything above away, alike in all sources.",
            1000.0,
            192_000.0,
            "Hz",
            metavar="HZ",
        ),
    ] = None,
    mono: Annotated[bool, typer.Option("--mono", help="Mix all sources to one channel.")] = False,
    held_out: Annotated[float, number("Share of the tracks kept from training.", 0.0, 1.0)] = 0.3,
    seed: options.Seed = 0,
    jobs: options.Jobs = None,
    twins: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="FOLDER/GENRE/NAME.flac is the genre's NAME performed in another genre.",
        ),
    ] = None,
    whole: Annotated[
        bool,
        typer.Option(
            "--whole", help="Keep whole tracks too, for streaming generators: 8 MB a minute."
        ),
    ] = False,
    clips: Annotated[
        float | None,
        number(
            "Cut clips of this length from anywhere, neither aligned nor stretched.",
            3.2,
            16.0,
            "s",
            metavar="S",
        ),
    ] = None,
    per_track: Annotated[int, number("Segments of each track, at most.", 1, 10_000)] = SEGMENTS,
    total: Annotated[
        int | None,
        number("Clips of each genre, spread over its tracks.", 1, _MOST_CLIPS),
    ] = None,
    test: Annotated[
        int,
        number(
            "Clips of each genre that a recipe with split = 'clip' does not learn from, whatever "
            "tracks they are of.",
            0,
            _MOST_CLIPS,
        ),
    ] = 0,
    front_end: Annotated[
        FrontEndOption,
        typer.Option(
            help="What images are made with: the stage's, or for files only that of a paper."
        ),
    ] = FrontEndOption.stage,
    cluster: Cluster = None,
    as_json: options.AsJson = False,
) -> None:
    """Make a dataset of folders of music: WAV, FLAC, MP3, M4A, OGG, Opus, AIFF.

    Tempo and downbeats are found by listening; three segments of four bars come from the main
    part of each track, stretched to a common tempo and brought to one level; with --clips they come
    from anywhere, as they are, but never where the sound is cut off or another song begins. Files
    that cannot be used are named and skipped. Run it again to go on where it was interrupted.

    Example: doubledrop prepare dnb-set liquid/ dancefloor/ --bpm 175 --jobs 4

    Clips: doubledrop prepare clips lofi/ trap/ --clips 4 --total 800 --test 10
    """  # noqa: DOC501
    if cluster is not None:
        cure = "The workers of the scheduler decide."
        ignores(ctx, "--cluster", "jobs", cures={"jobs": cure})
    if clips is not None:
        ignores(ctx, "--clips", "bpm", cures={"bpm": "Clips keep their tempo."})
        bpm = clip_bpm(clips)
    else:
        cure = "Cut clips: --clips 4."
        ignores(
            ctx, "prepare without --clips", "total", "test", cures={"total": cure, "test": cure}
        )
    if total is not None:
        ignores(ctx, "--total", "per_track", cures={"per_track": "The total is spread evenly."})
    if len(genres) < 2:
        raise UsageError(
            "prepare", "one folder", expected="two or more", cure="Name a folder for each genre."
        )
    began = time.perf_counter()
    with progress(MofNCompleteColumn(), TimeRemainingColumn(), hidden=as_json) as bar:
        task = bar.add_task("", total=None)

        def advance(done: int, of: int, outcome: Outcome) -> None:
            bar.update(task, completed=done, total=of, description=outcome.source.relative)
            if outcome.skipped is not None:
                warn(f"{outcome.source.path}: skipped: {outcome.skipped}")
            if outcome.warning:
                warn(outcome.warning)

        with workers(cluster, jobs or os.cpu_count() or 1) as at_once:
            done = prepare_dataset(
                dataset,
                genres,
                PrepareSettings(
                    bpm,
                    low_pass,
                    mono,
                    whole=whole,
                    clips_s=clips,
                    per_track=per_track,
                    seed=seed,
                    front_end=front_end.value,
                ),
                held_out=held_out,
                seed=seed,
                jobs=at_once,
                twins=twins,
                total=total,
                test=test,
                progress=advance,
            )
    summary = summarise(done, time.perf_counter() - began)
    for genre, counts in summary["genres"].items():
        if total is not None and counts["segments"] < total:
            warn(f"{genre}: {counts['segments']} of {total} clips: there is room for no more")
    if as_json:
        say_json({"dataset": str(dataset), **summary})
        return
    show(dataset, summary)


def summarise(done: Prepared, elapsed_s: float) -> dict[str, Any]:
    """What ``--json`` prints."""
    fresh = [outcome for outcome in done.outcomes if not outcome.reused]
    heard = sum(outcome.seconds for outcome in fresh)
    return {
        "bpm": done.manifest.bpm,
        "genres": report.by_genre(done.outcomes),
        "groups": report.by_group(done.outcomes),
        "skipped": [
            {"file": str(outcome.source.path), "reason": outcome.skipped}
            for outcome in done.skipped
        ],
        "warnings": [outcome.warning for outcome in done.outcomes if outcome.warning],
        "reused": len(done.outcomes) - len(fresh),
        "seconds": round(heard, 1),
        "realtime_factor": round(heard / max(elapsed_s, 1e-9), 1),
    }


def show(dataset: Path, summary: dict[str, Any]) -> None:
    """The same for eyes."""
    for genre, counts in summary["genres"].items():
        twins = f", {counts['twins']} with twins" if counts["twins"] else ""
        say(
            f"{genre}: {counts['tracks']} of {counts['files']} files, "
            f"{counts['segments']} segments, {counts['train']} train, "
            f"{counts['held_out']} held out{twins}"
        )
        rows = [row for row in summary["groups"] if row["genre"] == genre]
        stdout.print(Padding(_groups(rows), (0, 0, 0, 2)))
        if counts["groups"] > _MOST_GROUPS:
            say(f"  and {counts['groups'] - _MOST_GROUPS} groups more (see --json)")
    heard = (
        f"{summary['seconds'] / 60:.1f} min heard at {summary['realtime_factor']:.1f} × real time"
    )
    say(
        f"{dataset}: {heard if summary['seconds'] else 'nothing to do'}, "
        f"{summary['reused']} files done before, {len(summary['skipped'])} skipped"
    )


def _groups(rows: list[dict[str, Any]]) -> Table:
    table = Table("group", box=None, pad_edge=False)
    for name in ("tracks", "held out", "codec", "Hz", "channels", "width kHz", "BPM"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows[:_MOST_GROUPS]:
        low, _, high = (f"{hz / 1000:.1f}" for hz in row["bandwidth_hz"])
        table.add_row(
            row["group"],
            str(row["tracks"]),
            str(row["held_out"]),
            " ".join(row["codec"]),
            " ".join(map(str, row["rate"])),
            " ".join(map(str, row["channels"])),
            f"{low}–{high}",
            f"{row['bpm'][0]:.0f}–{row['bpm'][1]:.0f}",
        )
    return table
