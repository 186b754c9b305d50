"""Where a rig's slot and knobs stood, remembered in a file beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.control.mapping import MOST_SLOTS
from engine.strict_json import read, written
from engine.writing import write_whole


class Memory:
    """Of one rig.

    Args:
        path: of the file; None for none.

    Attributes:
        kept: what stands in it, as far as is known.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.kept: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        """What the file holds; nothing where it is missing or broken."""
        try:
            values = read(self._path.read_text(encoding="utf-8")) if self._path else {}
            numbers = {k: v for k, v in values.items() if isinstance(v, (int, float))}
            most = {"slot": float(MOST_SLOTS), "part": 1e3}
            return {k: v for k, v in numbers.items() if 0.0 <= v <= most.get(k, 1.0)}
        except (OSError, ValueError, AttributeError):
            return {}

    def write(self, standing: dict[str, Any]) -> None:
        """Keep where things stand, if that has changed; whole or not at all."""
        if self._path is None or standing == self.kept:
            return
        try:
            write_whole(self._path, written(standing), inside=True)
            self.kept = standing
        except OSError:
            self._path = None  # a place that cannot be written to: the next set begins anew
