"""Monophonic excerpts of MIDI files.

An excerpt is taken of one channel, as a synthesiser hears it, whatever its track. It is taken if

- it has 8 notes in 4 s or more on average, and no rest longer than 1.5 s;
- no two notes sound together for more than 50 ms (legato is cut to the next note's beginning), or
  begin within 50 ms;
- it has five pitches or more, and fits into the common range moved by whole octaves;
- half of its notes are held for 0.1 s or longer;
- its instrument is no bass, no drum and no sound effect.

Volume, pedals, bends and vibrato of the file are left out: a twin has the same notes and times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path
from statistics import median

import numpy as np

from engine.io.midi_file import read_midi
from train.notes.families import PITCHES
from train.notes.manifest import Note

LENGTH_S = 8.0, 16.0
TAIL_S = 1.0
"""Of an excerpt, behind its last note."""
_NOTES_PER_S = 2.0
_LONGEST_REST_S = 1.5
_LEGATO_S = 0.05
_PITCHES = 5
_HELD_S = 0.1
_DRUMS = 9  # the channel of General MIDI's percussion
_UNSUITABLE = frozenset({*range(32, 40), 47, *range(112, 128)})  # bass, timpani, drums, effects


@dataclass(frozen=True)
class Excerpt:
    """Part of a channel of a MIDI file.

    Attributes:
        source: the MIDI file, in its folder.
        channel: from 0.
        starts_s: where it begins in the MIDI file.
        length_s: with ``TAIL_S`` behind the last note.
        notes: in the common range, the first one at 0.
    """

    source: str
    channel: int
    starts_s: float
    length_s: float
    notes: tuple[Note, ...]

    def overlaps(self, other: Excerpt) -> bool:
        """Whether both sound at one time of one piece."""
        first, second = sorted((self, other), key=lambda excerpt: excerpt.starts_s)
        return second.starts_s < first.starts_s + first.length_s


@dataclass(frozen=True)
class _Played:
    at_s: float
    ends_s: float
    pitch: int
    velocity: int


def excerpts_of(
    path: Path, source: str, rng: np.random.Generator, note: Callable[[str], None]
) -> list[Excerpt]:
    """All excerpts of a MIDI file, of which those of one channel follow one another.

    Args:
        path: the file.
        source: its name in the manifest.
        rng: for their lengths.
        note: told what of the file is not as it should be.

    Raises:
        InputError: the file cannot be read.
    """
    return [
        excerpt
        for channel, line in sorted(_lines(path, note).items())
        for excerpt in _excerpts(source, channel, line, rng)
    ]


def _lines(path: Path, note: Callable[[str], None]) -> dict[int, list[_Played]]:
    """Notes of each channel in time order, without those of unsuitable instruments."""
    lines: dict[int, list[_Played]] = defaultdict(list)
    sounding: dict[tuple[int, int], tuple[float, int]] = {}
    programs: dict[int, int] = defaultdict(int)
    for at_s, message in read_midi(path, note):
        if message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type in ("note_on", "note_off"):
            key = message.channel, message.note
            if key in sounding:  # a key that is struck again ends its note
                began_s, velocity = sounding.pop(key)
                lines[message.channel].append(_Played(began_s, at_s, message.note, velocity))
            suitable = message.channel != _DRUMS and programs[message.channel] not in _UNSUITABLE
            if message.type == "note_on" and message.velocity and suitable:
                sounding[key] = at_s, message.velocity
    return {channel: sorted(line, key=lambda n: n.at_s) for channel, line in lines.items()}


def _excerpts(
    source: str, channel: int, line: Sequence[_Played], rng: np.random.Generator
) -> Iterator[Excerpt]:
    first = 0
    while first < len(line):
        last_s = line[first].at_s + float(rng.uniform(*LENGTH_S)) - TAIL_S
        played = _until(line[first:], last_s)
        shift = _octaves([n.pitch for n in played])
        if shift is not None and _is_melody(played):
            starts_s = round(played[0].at_s, 3)
            yield Excerpt(source, channel, starts_s, _length_s(played), _notes(played, shift))
            first += len(played)
        else:
            first += 1


def _until(line: Sequence[_Played], last_s: float) -> list[_Played]:
    return list(takewhile(lambda played: played.ends_s <= last_s, line))


def _length_s(played: Sequence[_Played]) -> float:
    return round(played[-1].ends_s - played[0].at_s + TAIL_S, 2)


def _is_melody(played: Sequence[_Played]) -> bool:
    if len(played) < _NOTES_PER_S * LENGTH_S[0] or len({n.pitch for n in played}) < _PITCHES:
        return False
    length_s = _length_s(played)
    if length_s < LENGTH_S[0] or len(played) < _NOTES_PER_S * length_s:
        return False
    if median(n.ends_s - n.at_s for n in played) < _HELD_S:
        return False
    rests = [b.at_s - a.ends_s for a, b in pairwise(played)]
    apart = min(b.at_s - a.at_s for a, b in pairwise(played))
    return max(rests) <= _LONGEST_REST_S and min(rests) >= -_LEGATO_S and apart > _LEGATO_S


def _octaves(pitches: Sequence[int]) -> int | None:
    """The least move by whole octaves, in semitones, into the common range; None for none."""
    for shift in sorted(range(-60, 72, 12), key=abs):
        if all(pitch + shift in PITCHES for pitch in pitches):
            return shift
    return None


def _notes(played: Sequence[_Played], shift: int) -> tuple[Note, ...]:
    starts_s = played[0].at_s
    ends_s = [min(a.ends_s, b.at_s) for a, b in pairwise(played)] + [played[-1].ends_s]
    return tuple(
        Note(
            at_s=round(n.at_s - starts_s, 3),
            held_s=round(end_s - n.at_s, 3),
            pitch=n.pitch + shift,
            velocity=n.velocity,
        )
        for n, end_s in zip(played, ends_s, strict=True)
    )
