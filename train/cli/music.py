"""``doubledrop evaluate PRESET --music``: what a preset makes of whole tracks."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from rich.progress import MofNCompleteColumn

from engine.cli.console import Table, progress, say, say_json, stdout, warn
from engine.config.preset import Preset
from engine.errors import InputError
from engine.io.files import make_folder
from engine.text import counted
from train.judge.music import MusicFigures, on_music
from train.prepare.sources import music_below, name_of, unique


def evaluate_music(
    preset: Preset,
    music: Path,
    pictures: Path | None,
    renders: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Render every file below a folder and say how its hits and its silences fared.

    Args:
        preset: to judge.
        music: folder of sound files.
        pictures: folder for pictures of each run, or None.
        renders: folder that keeps the rendered files, or None.
        force: whether outputs may replace files that are not ours.
        as_json: whether to print one JSON object and nothing else.

    Raises:
        InputError: there is no file that can be read.
    """
    paths = music_below(music)
    files = dict(zip(unique(name_of(p.relative_to(music)) for p in paths), paths, strict=True))
    with ExitStack() as stack:
        folder = renders or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        make_folder(folder)
        bar = stack.enter_context(progress(MofNCompleteColumn(), hidden=as_json))
        task = bar.add_task("rendering", total=len(files))
        found = on_music(
            files,
            preset,
            folder,
            pictures,
            lambda what, done, of: bar.update(task, description=what, completed=done, total=of),
            lambda fault: warn(f"skipped: {fault}"),
            warn,
            force,
        )
    if not found:
        raise InputError(str(music), "no track that can be read", cure="Check the files.")
    if as_json:
        tracks = [figures.to_json() for figures in found]
        say_json({"preset": preset.name, "music": tracks, "worst": worst(found)})
        return
    table = Table(title=f"{preset.name} on {counted(len(found), 'track')}")
    for heading in ("", "BPM", "onset F", "precision", "recall", "silence", "added there", "noise"):
        table.add_column(heading)
    for f in found:
        table.add_row(
            f.name,
            f"{f.bpm:.1f}",
            *(f"{value:.2f}" for value in (f.onset_f, f.precision, f.recall)),
            f"{f.silence_s:.1f} s",
            f"{f.added_db:.0f} dB" if f.silence_s else "",
            "" if f.noise_db is None else f"{f.noise_db:.0f} dB",
        )
    stdout.print(table)
    for measure, name in worst(found).items():
        say(f"worst {measure}: {name}")
    if pictures:
        say(f"pictures: {pictures}")


def worst(found: list[MusicFigures]) -> dict[str, str]:
    """Which track fared worst, by measure."""
    return {
        "onset_f": min(found, key=lambda f: f.onset_f).name,
        "added_db": max(found, key=lambda f: f.added_db).name,
    }
