"""Standard MIDI Files as a performance: messages with the seconds at which they are due."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mido

from engine.errors import InputError
from engine.reading import read_json_lines

PORT = "file"
"""The name under which a rig's controls hear it."""
_TEMPO = 500_000  # µs a quarter, until a file says another
_LONGEST = 0x0FFFFFFF  # ticks between two events of a track (RP-001)
_FRAMES = {24: 24.0, 25: 25.0, 29: 30000 / 1001, 30: 30.0}  # a second, of SMPTE's four kinds


def read_midi(
    path: Path, note: Callable[[str], None] = lambda text: None
) -> list[tuple[float, Any]]:
    """Messages of all tracks in order, each with its time in seconds from the beginning.

    Args:
        path: a Standard MIDI File, or the ``midi.jsonl`` of a take.
        note: told what of the file was not as it should be.

    Raises:
        InputError: the file is missing or neither.
    """
    if not path.is_file():
        raise InputError(str(path), "no such file", cure="Check the name.")
    try:
        if path.suffix == ".jsonl":
            lines = read_json_lines(path)
            return [(float(x["at_s"]), mido.Message.from_bytes(x["data"])) for x in lines]
        return [(at_s, message) for at_s, message in _timed(_read(path, note))]
    except (
        *(OSError, EOFError, ValueError, KeyError, IndexError, TypeError),
        mido.KeySignatureError,
    ) as fault:
        raise InputError(
            str(path),
            f"no Standard MIDI File ({fault or type(fault).__name__})",
            cure="Export it again as .mid from your sequencer.",
        ) from fault


def _read(path: Path, note: Callable[[str], None]) -> mido.MidiFile:
    try:
        return mido.MidiFile(str(path))
    except OSError as fault:
        if "data byte" not in str(fault):
            raise
    file = mido.MidiFile(str(path), clip=True)
    note(f"{path}: has data bytes above 127; they are taken as 127")
    return file


def _timed(file: mido.MidiFile) -> Iterator[tuple[float, Any]]:
    """Messages and seconds. The division of the header is ticks a quarter, of a tempo that may
    change, or if it is negative SMPTE frames a second and ticks a frame (RP-001, 1996).

    Raises:
        ValueError: the division says no time, or a delta time is too long.
    """
    division, tempo, at_s = file.ticks_per_beat, _TEMPO, 0.0
    frames, ticks = -(division >> 8), division & 0xFF
    if division == 0 or (division < 0 and (frames not in _FRAMES or ticks == 0)):
        raise ValueError(f"division {division}: it says no time")
    if any(message.time > _LONGEST for track in file.tracks for message in track):
        raise ValueError("a delta time of more than four bytes")
    for message in file.merged_track:
        tick_s = tempo / 1e6 / division if division > 0 else 1 / (_FRAMES[frames] * ticks)
        at_s += message.time * tick_s
        if message.type == "set_tempo":
            tempo = message.tempo
        elif not message.is_meta:
            yield at_s, message
