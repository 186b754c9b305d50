"""``doubledrop presets`` and ``doubledrop devices``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from engine.cli import options
from engine.cli.console import Table, say, say_json, stdout
from engine.config.preset import bundled_names, load_preset
from engine.errors import DeviceError, DoubledropError
from engine.io import devices as audio
from engine.models.generator import open_generator


def presets(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PRESET]...", help="Names or folders. Default: all that come."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """List presets and whether each loads; one of a stranger is tried in a process of its own.

    Example: doubledrop presets. A folder: doubledrop presets downloads/some-preset
    """
    rows: list[dict[str, object]] = []
    for name in names or bundled_names():
        description = licence = ""
        try:
            preset = load_preset(name)
            description, licence = preset.file.description, preset.file.licence
            generators = [open_generator(path) for path in (preset.model, preset.late) if path]
            state = f"ready on {generators[0].provider}"
        except DoubledropError as fault:
            state = str(fault)
        rows.append({"name": name, "state": state, "licence": licence, "what": description})
    _show(rows, as_json)


def devices(as_json: options.AsJson = False) -> None:
    """List the audio devices.

    Example: doubledrop devices
    """
    reason = "none found; `doubledrop play` will play the demo feed into a file"
    try:
        found = audio.devices()
    except DeviceError as fault:
        found, reason = [], str(fault)
    if not found and not as_json:
        say(f"audio devices: {reason}")
        return
    _show([asdict(device) for device in found], as_json)


def _show(rows: list[dict[str, object]], as_json: bool) -> None:
    if as_json:
        say_json(rows)
        return
    table = Table(*(rows[0] if rows else ()), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    stdout.print(table)
