"""``doubledrop fetch``: music, samples, soundfonts and MIDI files from package registries."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn

from engine.cli import options
from engine.cli.console import progress, say, say_json
from train.data.fetch import SOURCES
from train.data.fetch import fetch as fetch_set
from train.data.sets import SETS


def fetch(
    name: Annotated[str, typer.Argument(metavar="SET", help=f"One of: {', '.join(SETS)}.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to lay it out in.")],
    as_json: options.AsJson = False,
) -> None:
    """Bring a set of freely licensed files out of Debian packages: music, laid out for `prepare`,
    samples and soundfonts, for `compose` and `compose-notes`, and MIDI files.

    What is there already is not fetched again. SOURCES.toml names package, version and licence.

    Example: doubledrop fetch electronic-orchestral music
    """
    with progress(MofNCompleteColumn(), hidden=as_json) as bar:
        task = bar.add_task("", total=None)
        done = fetch_set(
            name,
            out,
            lambda now, of, package: bar.update(task, completed=now, total=of, description=package),
        )
    if as_json:
        say_json({"set": name, "folder": str(out), "packages": [asdict(f) for f in done]})
        return
    for package in done:
        state = ", there already" if package.reused else ""
        say(f"{package.package} {package.version}: {package.files} files, {package.licence}{state}")
    say(f"{out / SOURCES} names them all")
