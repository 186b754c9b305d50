"""What ``compose-notes`` writes, and what each file is::

    OUT/notes.json                       see Manifest
    OUT/clips/FAMILY/SPLIT/NAME.flac     a note: CLIP_S at CLIP_RATE
    OUT/melodies/FAMILY/NAME.flac        a melody; its twin has the same name in the other family

The manifest is the plan too: it is written first, and files are rendered by it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.errors import InputError, UsageError
from engine.strict_json import read, written
from engine.writing import own_folder, write_whole

MANIFEST = "notes.json"
CLIP_S = 4.0
CLIP_RATE = 16000

Split = Literal["train", "held-out", "unseen"]
"""Kept from training are ``held-out``: other notes and pieces, played with the soundfonts of the
training; and ``unseen``: others again, played with a soundfont that the training never hears."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Note(_Entry):
    """One note.

    Attributes:
        at_s: when it begins, from the beginning of the sound file.
        held_s: how long the key is held.
        pitch: MIDI pitch.
        velocity: MIDI velocity, 1 to 127.
        vibrato_hz, vibrato_cents: rate and depth, to each side; both 0 for none.
    """

    at_s: float
    held_s: float
    pitch: int
    velocity: int
    vibrato_hz: float = 0.0
    vibrato_cents: float = 0.0


class Clip(_Entry):
    """One note in a file of its own.

    Attributes:
        name: unique.
        family: one of :data:`train.notes.families.FAMILIES`.
        soundfont: name of the soundfont.
        program: of General MIDI, from 0.
        note: what is played.
    """

    name: str
    family: str
    split: Split
    soundfont: str
    program: int
    note: Note

    def path(self, folder: Path) -> Path:
        """Where its sound is, in the folder of the manifest."""
        return folder / "clips" / self.family / self.split / f"{self.name}.flac"


class Melody(_Entry):
    """A monophonic line, rendered once as each family of :data:`train.notes.families.TWINS`.

    Attributes:
        name: unique.
        soundfont: name of the soundfont of both.
        flute_program, keyboard_program: of General MIDI, from 0.
        source: the MIDI file, in its folder.
        channel: of the MIDI file, from 0.
        starts_s: where the excerpt begins in the MIDI file.
        length_s: of the sound.
        notes: as both play them.
    """

    name: str
    split: Split
    soundfont: str
    flute_program: int
    keyboard_program: int
    source: str
    channel: int
    starts_s: float
    length_s: float
    notes: tuple[Note, ...]

    def path(self, folder: Path, family: str) -> Path:
        """Where its sound as a family is, in the folder of the manifest."""
        return folder / "melodies" / family / f"{self.name}.flac"

    def program(self, family: str) -> int:
        """The program that plays it as a family."""
        return self.flute_program if family == "flute" else self.keyboard_program


class Font(_Entry):
    """A soundfont.

    Attributes:
        name: of the file, without its ending.
        sha256: of the file.
    """

    name: str
    sha256: str


class Manifest(_Entry):
    """``notes.json``.

    Attributes:
        seed: that everything was drawn with.
        soundfonts: all that were rendered from.
        melody_rate: sample rate of the melodies, hertz; that of clips is ``CLIP_RATE``.
    """

    format: Literal[1] = 1
    seed: int
    soundfonts: tuple[Font, ...]
    melody_rate: int
    clips: tuple[Clip, ...]
    melodies: tuple[Melody, ...]


def read_manifest(folder: Path) -> Manifest:
    """What a folder that ``compose-notes`` filled holds.

    Raises:
        InputError: it is no such folder, or its manifest is damaged.
    """
    path, cure = folder / MANIFEST, f"Make one: doubledrop compose-notes SOUNDFONTS {folder}"
    try:
        return Manifest.model_validate(read(path.read_bytes()))
    except OSError as fault:
        raise InputError(str(folder), "no notes here", expected=MANIFEST, cure=cure) from fault
    except ValueError as fault:
        reason = fault.errors()[0]["msg"] if isinstance(fault, ValidationError) else str(fault)
        raise InputError(str(path), f"no valid manifest ({reason})", cure=cure) from fault


def begin(folder: Path, manifest: Manifest) -> None:
    """Make the folder and write the manifest into it, or go on with a folder that was begun so.

    Raises:
        UsageError: the folder holds something else, or was begun with other options or files.
        InputError: its manifest is damaged.
        OutputError: it cannot be written.
    """
    own_folder(folder, [MANIFEST])
    path = folder / MANIFEST
    if path.exists() and read_manifest(folder) != manifest:
        raise UsageError(
            str(folder),
            "was begun with other options, soundfonts or MIDI files",
            cure="Name a new folder, or give what was given then to go on.",
        )
    write_whole(path, written(manifest.model_dump(), indent=1) + "\n", inside=True)
