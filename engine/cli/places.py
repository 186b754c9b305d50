"""Where the stage page and OSC are to be had, as the command line says."""

from __future__ import annotations

from typing import NamedTuple

from engine.osc.place import OscPlace
from engine.web.place import PagePlace


class SurfacePlaces(NamedTuple):
    """Where the stage page and OSC are to be had; None for not at all."""

    page: PagePlace | None = None
    osc: OscPlace | None = None
