"""Presets: a folder of preset.toml, generator.onnx and card.md.

Beside a streaming generator there may be one that sees whole windows, late.onnx: files are rendered
with it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.config.documents import read_document
from engine.config.names import beside, is_path
from engine.config.rig_chain import MOST_MACROS, Effect, Effects, Knob, check_move, located
from engine.dsp.tempo import MAX_BPM, MIN_BPM
from engine.dsp.window import Use
from engine.errors import PresetError

FILE, LATE = "preset.toml", "late.onnx"


class PresetFile(BaseModel):
    """What preset.toml may hold. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1]
    description: str
    licence: str
    bpm: float = Field(175.0, ge=MIN_BPM, le=MAX_BPM, description="assumed when none is known")
    before: list[Effect] = Field(default=[], description="effects before the generator")
    chain: list[Effect] = Field(default=[], description="effects behind the generator")
    macros: list[Knob] = Field(default=[], max_length=MOST_MACROS)

    @model_validator(mode="after")
    def _moves_what_is_there(self) -> PresetFile:
        effects = Effects(before=self.before, after=self.chain)
        for number, macro in enumerate(self.macros, 1):
            for move in macro.moves:
                check_move(f"macro {number}", move, effects, "the preset")
        return self


@dataclass(frozen=True)
class Preset:
    """A preset that has been found and whose file is valid."""

    name: str
    folder: Path
    file: PresetFile

    @property
    def model(self) -> Path:
        """The generator."""
        return self.folder / "generator.onnx"

    @property
    def late(self) -> Path | None:
        """The generator of whole windows, for files, where there is one beside a streaming one."""
        path = self.folder / LATE
        return path if path.is_file() else None

    def generator_for(self, use: Use | None) -> Path:
        """The generator for a use of the window; without one, what is best for files."""
        return self.late if self.late is not None and use in (None, "late") else self.model

    @property
    def effects(self) -> Effects:
        """Its effects, with their files found from its folder."""
        file, folder = self.file, self.folder
        return Effects(before=located(file.before, folder), after=located(file.chain, folder))


def bundled_folder() -> Path:
    """Where the presets that come with the program lie."""
    return Path(str(resources.files("presets")))


def bundled_names() -> list[str]:
    """Names of the presets that come with the program."""
    return sorted(path.parent.name for path in bundled_folder().glob(f"*/{FILE}"))


def load_preset(name: str, rig: Path | None = None) -> Preset:
    """Find a preset by its name, or by the path of its folder, which has a ``/`` or a ``.``.

    Args:
        name: as it was given. A bundled preset's name means that one, whatever folders there are.
        rig: the folder of the rig that says so: its paths begin there, and a name that is not a
            bundled preset's is that of a folder in it.

    Raises:
        PresetError: there is none, or its file is not valid.
    """
    bundled = name in bundled_names()
    folder = bundled_folder() / name if bundled else beside(name, rig or Path())
    there = bool(name) and os.path.isdir(folder)
    if not there or not (bundled or rig is not None or is_path(name)):
        cure = f"For the folder of that name write ./{name}." if there else ""
        raise PresetError(
            f"preset {name!r}",
            "not found",
            expected="one of " + ", ".join(bundled_names()) + ", or the path of a folder",
            cure=cure or "List them with `doubledrop presets`.",
        )
    path = folder / FILE
    return Preset(folder.resolve().name, folder, _read(path, _changed(path)))


def _changed(path: Path) -> int:
    """When a file was changed last, ns; 0 where there is none."""
    return path.stat().st_mtime_ns if path.exists() else 0


@lru_cache(maxsize=64)
def _read(path: Path, changed_ns: int) -> PresetFile:
    """What a preset's file says, read once for each time it was changed."""
    del changed_ns
    return read_document(
        path,
        PresetFile,
        PresetError,
        missing=f"A preset holds {FILE} and generator.onnx.",
    )
