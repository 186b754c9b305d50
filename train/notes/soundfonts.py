"""Soundfonts: which there are in a folder, what they can play, and which one is held out.

A soundfont is a RIFF file of form ``sfbk`` with three lists, INFO, sdta and pdta; pdta begins with
the headers of its presets (SoundFont Technical Specification 2.04, 2006). SF3 is the same with
samples in Vorbis, and its lists are not padded to even lengths. fluidsynth reads the rest; a file
that it cannot load it replaces by the system's own soundfont, so files are looked at first.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError, UsageError, did_you_mean
from train.notes.families import FAMILIES

ENDINGS = frozenset({".sf2", ".sf3"})
HELD_OUT = "TimGM6mb"
"""By default: the one of ``doubledrop fetch soundfonts`` that shares no samples with the others
(those of MuseScore_General_Lite are in large part those of FluidR3Mono_GM)."""
_PRESET = struct.Struct("<20xHH14x")  # program and bank
_SAMPLE = struct.Struct("<28xII10x")  # where its loop begins and ends
_LONG = 200  # samples of a loop that by its length tells one recording from another
_CURE = "Get it again (doubledrop fetch soundfonts FOLDER), or take it out of the folder."


@dataclass(frozen=True)
class Soundfont:
    """A soundfont of General MIDI.

    Attributes:
        path: the file.
        sha256: of the file.
        loops: lengths of the loops of its recordings, in samples.
    """

    path: Path
    sha256: str
    loops: frozenset[int]

    @property
    def name(self) -> str:
        """Of the file, without its ending."""
        return self.path.stem

    def shared_with(self, other: Soundfont) -> float:
        """Which share of its recordings the other has too, by the lengths of their loops: 0.4 and
        more where both were made of the same ones, 0.1 and less by chance."""
        return len(self.loops & other.loops) / max(1, len(self.loops))


@dataclass(frozen=True)
class Stock:
    """The soundfonts of a folder.

    Attributes:
        seen: those of the training, in the order of their names.
        unseen: the one that is held out.
    """

    seen: tuple[Soundfont, ...]
    unseen: Soundfont

    @property
    def all(self) -> tuple[Soundfont, ...]:
        """All of them, in the order of their names."""
        return tuple(sorted((*self.seen, self.unseen), key=lambda font: font.name))


def find_soundfonts(folder: Path, held_out: str = HELD_OUT) -> Stock:
    """The soundfonts anywhere below a folder.

    Args:
        folder: where they are.
        held_out: name of the one that nothing for training is rendered from.

    Raises:
        InputError: there are none, or one is broken or lacks a program that is wanted.
        UsageError: there is only one, none is called ``held_out``, or two are called alike.
    """
    paths = sorted(
        (p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file()),
        key=lambda path: path.stem,
    )
    if not paths:
        raise InputError(
            str(folder),
            "no soundfonts here",
            expected=" or ".join(f"*{ending}" for ending in sorted(ENDINGS)),
            cure="Fetch some: doubledrop fetch soundfonts FOLDER",
        )
    names = [path.stem for path in paths]
    for path, name in zip(paths, names, strict=True):
        if names.count(name) > 1:
            raise UsageError(
                str(path), "another soundfont has its name", cure="Rename one, or take it out."
            )
    if held_out not in names:
        raise UsageError(
            "--held-out-font",
            f"no soundfont {held_out!r}",
            expected=" or ".join(names),
            cure=did_you_mean(held_out, names) or "Name one of these.",
        )
    if len(names) == 1:
        raise UsageError(
            str(folder),
            "one soundfont, which is held out",
            expected="two or more",
            cure="Add another one.",
        )
    fonts = [read_soundfont(path) for path in paths]
    (unseen,) = (font for font in fonts if font.name == held_out)
    return Stock(tuple(font for font in fonts if font is not unseen), unseen)


def read_soundfont(path: Path) -> Soundfont:
    """A soundfont that has all programs of all families.

    Raises:
        InputError: it cannot be read, is broken, or lacks one of them.
    """
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                programs, loops = _contents(data)
    except (OSError, ValueError, struct.error) as fault:
        raise InputError(str(path), f"no whole soundfont ({fault})", cure=_CURE) from fault
    wanted = [program for family in FAMILIES.values() for program in family.programs]
    if lacking := sorted(set(wanted) - programs):
        raise InputError(
            str(path),
            f"lacks the programs {', '.join(map(str, lacking))} (from 0)",
            expected="a soundfont of General MIDI",
            cure="Take it out of the folder.",
        )
    return Soundfont(path, sha256, loops)


def _contents(data: mmap.mmap) -> tuple[set[int], frozenset[int]]:
    """Programs of bank 0, and lengths of long loops.

    Raises:
        ValueError: it is no soundfont, or not whole.
    """
    form, length, kind = struct.unpack_from("<4sI4s", data)
    if (form, kind) != (b"RIFF", b"sfbk"):
        raise ValueError("it does not begin as one")
    if 8 + length > len(data):
        raise ValueError(f"{len(data)} of {8 + length} bytes")
    for name, at, end in _chunks(data, 12, 8 + length):
        if name == b"LIST" and data[at : at + 4] == b"pdta":
            tables = {inner: data[first:last] for inner, first, last in _chunks(data, at + 4, end)}
            if tables.keys() >= {b"phdr", b"shdr"}:
                # The last entry of either only ends it.
                presets = _PRESET.iter_unpack(tables[b"phdr"][: -_PRESET.size])
                samples = _SAMPLE.iter_unpack(tables[b"shdr"][: -_SAMPLE.size])
                loops = (end - begin for begin, end in samples)
                return (
                    {program for program, bank in presets if bank == 0},
                    frozenset(length for length in loops if length > _LONG),
                )
    raise ValueError("it has no presets")


def _chunks(data: mmap.mmap, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, beginning and end of each chunk's content."""
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, at)
        at += 8
        yield name, at, min(at + length, end)
        at += length
