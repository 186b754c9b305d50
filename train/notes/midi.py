"""Passages as one Standard MIDI File, one behind the other with silence between."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mido

from train.notes.manifest import Note

OFF_S = 0.25
"""After so much of the silence behind a passage, all that still sounds is cut off."""
_TICKS = 500  # a quarter; with MIDI's default tempo, 500 ms a quarter, a tick is a millisecond
_BEND_RANGE_CENTS = 200.0  # General MIDI's
_BEND_S = 0.01  # between two messages of a vibrato
_SWELL_S = 0.3  # in which a vibrato grows to its depth
_ALL_SOUND_OFF, _RESET_CONTROLLERS = 120, 121


@dataclass(frozen=True)
class Passage:
    """What one instrument plays in one file.

    Attributes:
        program: of General MIDI, from 0.
        notes: in time order.
        length_s: of the file.
    """

    program: int
    notes: tuple[Note, ...]
    length_s: float


def write_midi(path: Path, passages: Sequence[Passage], slot_s: int) -> None:
    """Write passages as one MIDI file.

    Args:
        path: the file.
        passages: what is played.
        slot_s: from the beginning of one passage to that of the next.
    """
    file = mido.MidiFile(type=0, ticks_per_beat=_TICKS)
    file.tracks.append(track := mido.MidiTrack())
    events = [
        (place * slot_s + at_s, message)
        for place, passage in enumerate(passages)
        for at_s, message in _events(passage)
    ]
    now = 0
    for at_s, message in sorted(events, key=lambda event: event[0]):
        tick = round(at_s * 1000)
        track.append(message.copy(time=tick - now))
        now = tick
    end = len(passages) * slot_s * 1000
    track.append(mido.MetaMessage("end_of_track", time=end - now))
    file.save(str(path))


def _events(passage: Passage) -> Iterator[tuple[float, Any]]:
    """Messages and when they are due from the beginning of a passage, a note's end before the next
    one's beginning."""
    yield 0.0, mido.Message("program_change", program=passage.program)
    for note in passage.notes:
        ends_s = note.at_s + note.held_s
        yield note.at_s, mido.Message("note_on", note=note.pitch, velocity=note.velocity)
        yield from _vibrato(note)
        yield ends_s, mido.Message("note_off", note=note.pitch)
    for control in (_ALL_SOUND_OFF, _RESET_CONTROLLERS):
        yield passage.length_s + OFF_S, mido.Message("control_change", control=control, value=0)


def _vibrato(note: Note) -> Iterator[tuple[float, Any]]:
    """Bends of the pitch: the same in all soundfonts, whose own vibrato differs in rate."""
    depth = note.vibrato_cents / _BEND_RANGE_CENTS * 8192
    if depth:
        for k in range(round(note.held_s / _BEND_S)):
            at_s = k * _BEND_S
            swell = min(1.0, at_s / _SWELL_S)
            bend = round(depth * swell * math.sin(2 * math.pi * note.vibrato_hz * at_s))
            yield note.at_s + at_s, mido.Message("pitchwheel", pitch=bend)
