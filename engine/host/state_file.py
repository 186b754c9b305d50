"""Where slot, knobs and set stand, kept in a file while the stage plays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.config.rig_memory import Memory
from engine.control.control_mapper import ControlMapper
from engine.control.switching import Switching

_KEEP_S = 1.0


class StateFile:
    """Of one rig or set.

    Args:
        path: of the file; None for none.

    Attributes:
        remembered: how it stood at the end of the last time.
    """

    def __init__(self, path: Path | None) -> None:
        self._memory, self._kept_s = Memory(path), 0.0
        self.remembered = self._memory.read()

    def begin(self, mapper: ControlMapper, switching: Switching) -> None:
        """What stands now is what is known: only a change of it is written."""
        self._mapper, self._switching = mapper, switching
        self._memory.kept = self._now()

    def keep(self, now_s: float = float("inf")) -> None:
        """Write down where things stand, at most once a second."""
        if now_s - self._kept_s > _KEEP_S:
            self._kept_s = now_s
            self._memory.write(self._now())

    def _now(self) -> dict[str, Any]:
        knobs = {name: round(at, 4) for name, at in self._mapper.wishes.knobs.items()}
        songs = self._mapper.songs
        part = {} if songs is None else {"part": songs.at}
        return {"slot": self._switching.active} | knobs | part
