"""Standard MIDI Files as a performance: messages with the seconds at which they are due."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mido

from engine.errors import InputError

PORT = "file"
"""The name under which a rig's controls hear it."""


def read_midi(path: Path) -> list[tuple[float, Any]]:
    """Messages of all tracks in order, each with its time in seconds from the beginning.

    Args:
        path: a Standard MIDI File, or the ``midi.jsonl`` of a take.

    Raises:
        InputError: the file is missing or neither.
    """
    if not path.is_file():
        raise InputError(str(path), "no such file", cure="Check the name.")
    try:
        if path.suffix == ".jsonl":
            lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            return [(float(x["at_s"]), mido.Message.from_bytes(x["data"])) for x in lines]
        file, at_s, found = mido.MidiFile(str(path)), 0.0, []
        for message in file:
            at_s += message.time
            if not message.is_meta:
                found.append((at_s, message))
    except (OSError, EOFError, ValueError, KeyError, IndexError, TypeError) as fault:
        raise InputError(
            str(path),
            f"no Standard MIDI File ({fault or type(fault).__name__})",
            cure="Export it again as .mid from your sequencer.",
        ) from fault
    return found
