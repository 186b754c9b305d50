"""The board of a stage: what is published is written there, and the processes that show it are kept
alive; what they ask for is done by the controller."""

from __future__ import annotations

from typing import Any

from engine import strict_json
from engine.host.controller import Controller
from engine.host.image_rows import ImageRows
from engine.host.observer import Snapshot
from engine.host.shown import shown
from engine.processes.surface import SurfaceProcess
from engine.state import shared_state as b
from engine.state.status_board import StatusBoard


class StageBoard:
    """Of one stage.

    Args:
        shared: of the stage.
        controller: that does what is asked for.

    Attributes:
        board: that processes read.
    """

    def __init__(self, shared: b.SharedState, controller: Controller) -> None:
        self.board, self._controller = StatusBoard.create(), controller
        self._rows, self._facts = ImageRows(shared), dict[str, Any]()
        self._surfaces: list[SurfaceProcess] = []

    def add(self, surface: SurfaceProcess, **facts: Any) -> None:
        """Have a process show the stage, before the controller starts.

        Args:
            surface: the process.
            facts: that it finds on the board.
        """
        self._facts |= facts
        self.board.facts.put(strict_json.written(self._facts).encode())
        self._surfaces.append(surface)
        self._controller.desk.surfaces.append(surface)

    def publish(self, snapshot: Snapshot) -> None:
        """Put what was seen on the board; images only while somebody looks."""
        controller = self._controller
        state = shown(snapshot, controller.mapper.bindings, controller.desk.learner.target)
        self.board.status.put(strict_json.written(state).encode())
        if any(surface.looking for surface in self._surfaces):
            self.board.put_rows(self._rows.take())

    def stop(self) -> None:
        """End all; the controller has ended by now."""
        for surface in self._surfaces:
            self._controller.desk.surfaces.remove(surface)
            surface.stop()
        self.board.close()
