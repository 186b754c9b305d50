"""Presets with their cards, and takes: what the page shows of files, found by looking them up.

A request names a preset, a take or a file, and is compared with what there is; what it names is
never part of a path.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from engine.text import printable

_MOST = 200  # takes that are listed, the newest
_PARTS = ("out", "wet", "dry")
_PEAKS = 600  # of a waveform
_LOOKED = 2048  # samples that are looked at for each
_FULL = 127.0


class Library:
    """Of one session.

    Args:
        presets: of each ``name``, ``description``, ``licence``, ``card`` and ``pictures``, the last
            two as paths.
        takes: the folder into which takes are recorded; None for none.
    """

    def __init__(self, presets: Sequence[Mapping[str, Any]], takes: str | None) -> None:
        self._presets = {str(preset["name"]): preset for preset in presets}
        self._takes = None if takes is None else Path(takes)

    def presets(self) -> list[dict[str, Any]]:
        """Those that are played with and those that come with the program."""
        return [
            {
                "name": name,
                "description": preset["description"],
                "licence": preset["licence"],
                "pictures": [Path(path).name for path in preset["pictures"]],
            }
            for name, preset in self._presets.items()
        ]

    def card(self, name: str) -> Path | None:
        """The card of a preset."""
        preset = self._presets.get(name)
        return _file(Path(preset["card"])) if preset else None

    def picture(self, name: str, picture: str) -> Path | None:
        """A picture of a preset, by its name."""
        preset = self._presets.get(name)
        paths = [Path(path) for path in preset["pictures"]] if preset else []
        return next((_file(path) for path in paths if path.name == picture), None)

    def takes(self) -> list[dict[str, Any]]:
        """The newest takes first; how long each is, by its file."""
        found = []
        for name, folder in sorted(self._folders().items(), reverse=True)[:_MOST]:
            size = {part: _size(folder / f"{part}.wav") for part in _PARTS}
            found.append({"name": name, "shown": printable(name), "bytes": size})
        return found

    def sound(self, name: str, part: str) -> Path | None:
        """A sound of a take: ``out``, ``wet`` or ``dry``."""
        folder = self._folders().get(name)
        return _file(folder / f"{part}.wav") if folder and part in _PARTS else None

    def peaks(self, name: str, part: str) -> bytes | None:
        """The outline of a sound: up to 600 pairs of the least and the greatest sample, int8. Of a
        long one some samples of each stretch are looked at."""
        path = self.sound(name, part)
        return None if path is None else _peaks(path)

    def _folders(self) -> dict[str, Path]:
        """Takes by their names, without what only leads elsewhere."""
        found: dict[str, Path] = {}
        with suppress(OSError):
            for entry in os.scandir(self._takes) if self._takes else ():
                if entry.is_dir(follow_symlinks=False) and _file(Path(entry.path) / "take.json"):
                    found[entry.name] = Path(entry.path)
        return found


def _peaks(path: Path) -> bytes | None:
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            edges = np.linspace(0, len(file), min(_PEAKS, len(file)) + 1).astype(int)
            pairs = np.zeros((len(edges) - 1, 2), np.int8)
            for n, (first, last) in enumerate(pairwise(edges)):
                file.seek(int(first))
                sound = file.read(min(int(last - first), _LOOKED), dtype="float32", always_2d=True)
                if sound.size:
                    ends = np.array([sound.min(), sound.max()])
                    pairs[n] = np.rint(np.clip(np.nan_to_num(ends), -1.0, 1.0) * _FULL)
    except (soundfile.LibsndfileError, RuntimeError, OSError):
        return None
    return pairs.tobytes()


def _file(path: Path) -> Path | None:
    """The path, where a regular file lies there itself."""
    with suppress(OSError):
        if stat.S_ISREG(path.lstat().st_mode):
            return path
    return None


def _size(path: Path) -> int:
    found = _file(path)
    return found.stat().st_size if found else 0
