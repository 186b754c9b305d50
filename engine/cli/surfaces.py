"""The stage page and OSC beside what `play` plays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from engine.cli.console import tell
from engine.cli.places import SurfacePlaces
from engine.cli.web import link_rows, tell_links
from engine.host.controller import Controller
from engine.host.stage_osc import add_osc
from engine.host.stage_page import StagePage
from engine.host.status_publisher import PAGE_S, StatusPublisher
from engine.host.supervisor import Supervisor
from engine.host.surfaces import StageSurfaces


class PlaySurfaces:
    """Those of one stage; nothing where nobody wants any.

    Args:
        stage: to be shown.
        controller: that does what is asked for.
        wanted: where they are to be had.
        presets: names of those that are played with.
        takes: folder into which takes are recorded; None for none.
        rig: file of the rig, to be edited; None for none.
    """

    def __init__(
        self,
        stage: Supervisor,
        controller: Controller,
        wanted: SurfacePlaces | None,
        presets: Sequence[str],
        takes: Path | None,
        rig: Path | None,
    ) -> None:
        self._wanted, self._controller = wanted or SurfacePlaces(), controller
        self._surfaces = self._page = None
        if self._wanted == SurfacePlaces():
            return
        self._surfaces = StageSurfaces(stage.shared, controller)
        told = self._surfaces, controller.came, stage.note
        if self._wanted.page is not None:
            self._page = StagePage(self._wanted.page, *told, presets, takes, rig)
        if self._wanted.osc is not None:
            add_osc(self._wanted.osc, *told)

    def begin(self, publisher: StatusPublisher) -> None:
        """They show what is published; where they are to be had is told."""
        page, osc = self._wanted
        if self._surfaces is not None:
            publisher.publish, publisher.period_s = self._surfaces.publish, PAGE_S
            self._controller.music.show()
        if self._page is not None and page is not None:
            tell_links(self._page.links, page)
        if osc is not None:
            tell(f"OSC: {osc.address}:{osc.port}, from {', '.join(osc.allowed)}")

    def rows(self, encoding: str) -> list[Text]:
        """The links of the page, as rows of a screen; none where there is no page.

        Args:
            encoding: of the terminal.
        """
        if self._page is None or self._wanted.page is None:
            return []
        return link_rows(self._page.links, self._wanted.page, encoding)

    def stop(self) -> None:
        """End them; the controller has ended by now."""
        if self._surfaces is not None:
            self._surfaces.stop()
