"""``doubledrop listen``: a blind listening page from any set of files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli import options
from engine.cli.console import say, waiting
from engine.cli.numbers import DAY_S, number


def listen(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the page.")],
    versions: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Sound files, or folders of them.")
    ],
    reference: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What the versions are held against; hidden among them."),
    ] = None,
    start: Annotated[float, number("Second of each file to begin with.", 0.0, DAY_S, "s")] = 0.0,
    seconds: Annotated[float, number("Length of each sound.", 0.5, 60.0, "s")] = 12.0,
    title: Annotated[str, typer.Option(help="Of the page.")] = "Which do you hear?",
    force: options.Force = False,
) -> None:
    """Make a page to rate versions of the same music (as MUSHRA does) and to tell them apart (ABX):
    equally loud, in random order, without their names. Open OUT/index.html; it needs no server.

    Files are one trial. Folders are one version each: every file that all of them have is a trial.

    Example: doubledrop listen page late.wav phrase.wav eq.wav --reference input.wav --start 30
    """
    from train.judge.listen import gather, write_listening

    trials = gather(versions, reference)
    with waiting("bringing all to one loudness"):
        page = write_listening(trials, out, title, start, seconds, force)
    say(f"{page}: {len(trials)} trials")
