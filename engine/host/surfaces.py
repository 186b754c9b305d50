"""What shows a stage and asks for something: the shared status is written, the processes that read
it are kept alive, and what they ask for is done by the controller."""

from __future__ import annotations

from typing import Any

from engine import strict_json
from engine.host.controller import Controller
from engine.host.image_rows import ImageRows
from engine.host.observer import Snapshot
from engine.host.shown import shown
from engine.processes.surface import SurfaceProcess
from engine.state import shared_state as b
from engine.state.shared_status import SharedStatus


class StageSurfaces:
    """Of one stage.

    Args:
        shared: of the stage.
        controller: that does what is asked for.

    Attributes:
        published: what processes read.
    """

    def __init__(self, shared: b.SharedState, controller: Controller) -> None:
        self.published, self._controller = SharedStatus.create(), controller
        self._rows, self._facts = ImageRows(shared), dict[str, Any]()
        self._surfaces: list[SurfaceProcess] = []

    def add(self, surface: SurfaceProcess, **facts: Any) -> None:
        """Have a process show the stage, before the controller starts.

        Args:
            surface: the process.
            facts: that it finds in the shared status.
        """
        self._facts |= facts
        self.published.facts.put(strict_json.written(self._facts).encode())
        self._surfaces.append(surface)
        self._controller.commands.surfaces.append(surface)

    def publish(self, snapshot: Snapshot) -> None:
        """Put what was seen into the shared status; images only while somebody looks."""
        controller = self._controller
        state = shown(snapshot, controller.mapper.bindings, controller.commands.learner.target)
        self.published.status.put(strict_json.written(state).encode())
        if any(surface.looking for surface in self._surfaces):
            self.published.put_rows(self._rows.take())

    def stop(self) -> None:
        """End all; the controller has ended by now."""
        for surface in self._surfaces:
            self._controller.commands.surfaces.remove(surface)
            surface.stop()
        self.published.close()
