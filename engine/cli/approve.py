"""``doubledrop plugins approve|approved|forget``: which may run though they are not installed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from engine.cli import options
from engine.cli.console import say, say_json
from engine.plugins import approval


def approve(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="VST3s or Audio Units, as files.")
    ],
) -> None:
    """Let plugins run that are not installed: native code, which may do whatever you may.

    What is approved is all that the file or bundle holds now; one that has changed is asked for
    again.

    Example: doubledrop plugins approve preset/Room.vst3
    """
    for path in paths:
        one = approval.approve(path)
        say(f"{one.path}: approved, sha256 {one.sha256[:16]}")


def approved(as_json: options.AsJson = False) -> None:
    """List the plugins that were approved.

    Example: doubledrop plugins approved
    """
    known = approval.read().values()
    if as_json:
        say_json([asdict(one) for one in known])
        return
    for one in known:
        say(f"{one.sha256[:16]}  {one.approved}  {one.path}")
    if not known:
        say("none; installed plugins need no approval")


def forget(
    which: Annotated[
        list[str], typer.Argument(metavar="PATH|SHA256...", help="As `plugins approved` has them.")
    ],
) -> None:
    """Take approvals back.

    Example: doubledrop plugins forget preset/Room.vst3
    """
    for one in (gone for name in which for gone in approval.forget(name)):
        say(f"{one.path}: no longer approved")
