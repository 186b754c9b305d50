"""``set.toml``: one rig, and the songs that are played on it. Unknown keys are refused, and so is
what the rig cannot play: before the show, not on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from engine.config.documents import load_values, read_document
from engine.config.names import beside
from engine.config.rig import Rig, read_rig
from engine.control.mapping import MACROS, MOST_SLOTS
from engine.control.songs import Part
from engine.control.switching import Quantise
from engine.dsp.tempo import MAX_BPM, MIN_BPM
from engine.errors import DoubledropError, RigError, SetError
from engine.text import counted

MOST_PARTS = 256
"""Of all songs together."""
_STRICT = ConfigDict(extra="forbid", frozen=True)
_Place = Annotated[float, Field(ge=0.0, le=1.0)]
_Name = Annotated[str, Field(min_length=1, max_length=60)]
_Notes = Annotated[str, Field(max_length=200)]


class PartFile(BaseModel):
    """A part: what is not said stays as it is."""

    model_config = _STRICT

    name: _Name
    slot: int | None = Field(default=None, ge=1, le=MOST_SLOTS)
    wet: _Place | None = None
    level: _Place | None = None
    macros: list[_Place] = Field(default=[], max_length=len(MACROS))
    quantise: Quantise | None = None
    program: int | None = Field(default=None, ge=0, le=127)
    bank: int = Field(default=0, ge=0, le=16383)
    notes: _Notes = ""

    def knobs(self) -> dict[str, float]:
        """Where those stand that it moves."""
        own = {"wet": self.wet, "level": self.level}
        return {name: at for name, at in own.items() if at is not None} | {
            name: at for name, at in zip(MACROS, self.macros, strict=False)
        }


class SongFile(BaseModel):
    """A song; ``bpm`` is a hint for where no clock knows better."""

    model_config = _STRICT

    name: _Name
    bpm: float | None = Field(default=None, ge=MIN_BPM, le=MAX_BPM)
    notes: _Notes = ""
    parts: list[PartFile] = Field(min_length=1)


class SetFile(BaseModel):
    """The whole file."""

    model_config = _STRICT

    rig: str = Field(min_length=1)
    songs: list[SongFile] = Field(min_length=1)


class Setlist(NamedTuple):
    """A set that can be played: its rig, where that lies, and the parts of all songs in order."""

    rig: Rig
    rig_path: Path
    parts: list[Part]


def is_set(path: Path) -> bool:
    """Whether a file is a set rather than a rig: it has songs.

    Raises:
        RigError: it is missing, or no TOML.
    """
    missing = "Make a rig: doubledrop rig init " + str(path)
    return "songs" in load_values(path, RigError, missing=missing)


def read_set(path: Path) -> Setlist:
    """Read and check a set and its rig.

    Raises:
        SetError: the set is no TOML, a key is wrong, or asks for what the rig has not.
        RigError: the rig is missing or invalid.
    """
    read = read_document(path, SetFile, SetError, missing="A set has a rig and songs.")
    rig_path = beside(read.rig, path.parent)
    rig = read_rig(rig_path, presets=False)
    mistakes = list(_mistakes(path, read, rig))
    if mistakes:
        raise mistakes[0].beside(mistakes[1:])
    return Setlist(rig, rig_path, list(_parts(read)))


def _parts(read: SetFile) -> Iterator[Part]:
    for song in read.songs:
        for number, part in enumerate(song.parts):
            yield Part(
                song.name,
                part.name,
                first=number == 0,
                slot=None if part.slot is None else part.slot - 1,
                knobs=part.knobs(),
                bpm=song.bpm,
                quantise=part.quantise,
                program=None if part.program is None else part.bank * 128 + part.program,
                notes=part.notes or song.notes,
            )


def _mistakes(path: Path, read: SetFile, rig: Rig) -> Iterator[DoubledropError]:
    """What the rig cannot play, and what is there twice."""
    slots, macros = len(rig.slots), len(rig.moves())
    programs = {number: f"slot {n}" for n, number in enumerate(rig.programs(), 1)}
    count = sum(len(song.parts) for song in read.songs)
    if count > MOST_PARTS:
        yield SetError(
            str(path), f"{count} parts", expected=f"at most {MOST_PARTS}", cure="Split it."
        )
    for song in read.songs:
        for part in song.parts:
            place = f"{path}, song {song.name!r}, part {part.name!r}"
            if part.slot is not None and part.slot > slots:
                has = f"The rig has {counted(slots, 'slot')}."
                yield SetError(f"{place}, slot", str(part.slot), cure=has)
            if len(part.macros) > macros:
                has = f"The rig has {counted(macros, 'macro')}."
                yield SetError(f"{place}, macros", f"{len(part.macros)} of them", cure=has)
            if part.program is None:
                continue
            number = part.bank * 128 + part.program
            if number in programs:
                taken = f"{part.program} of bank {part.bank}, which calls {programs[number]}"
                yield SetError(f"{place}, program", taken, cure="Choose another one.")
            programs.setdefault(number, f"{song.name!r}, {part.name!r}")
