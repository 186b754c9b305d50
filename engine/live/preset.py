"""Presets: a folder of preset.toml, generator.onnx and card.md."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.documents import read_document
from engine.dsp.tempo import MAX_BPM, MIN_BPM
from engine.errors import PresetError


class PresetFile(BaseModel):
    """What preset.toml may hold. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1]
    description: str
    licence: str
    bpm: float = Field(175.0, ge=MIN_BPM, le=MAX_BPM, description="assumed when none is known")


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


def bundled_folder() -> Path:
    """Where the presets that come with the program lie."""
    return Path(str(resources.files("presets")))


def bundled_names() -> list[str]:
    """Names of the presets that come with the program."""
    return sorted(path.parent.name for path in bundled_folder().glob("*/preset.toml"))


def load_preset(name: str) -> Preset:
    """Find a preset by its name, or by the path of its folder.

    Raises:
        PresetError: there is none, or its file is not valid.
    """
    folder = Path(name) if Path(name).is_dir() else bundled_folder() / name
    if not folder.is_dir() or not name:
        raise PresetError(
            f"preset {name!r}",
            "not found",
            expected="one of " + ", ".join(bundled_names()) + ", or a folder",
            cure="List them with `doubledrop presets`.",
        )
    file = read_document(
        folder / "preset.toml",
        PresetFile,
        PresetError,
        missing="A preset holds preset.toml and generator.onnx.",
    )
    return Preset(folder.resolve().name, folder, file)
