"""OSC beside a stage: its process, and what that is told."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.host.surfaces import StageSurfaces
from engine.osc.place import OscPlace
from engine.processes.surface import SurfaceProcess

_MODULE = "engine.osc.osc_process"


def add_osc(
    place: OscPlace, surfaces: StageSurfaces, came: threading.Event, note: Callable[[str], None]
) -> SurfaceProcess:
    """Have OSC spoken with a stage.

    Args:
        place: where it is heard.
        surfaces: of the stage, of which it is one.
        came: set whenever something was asked for.
        note: told what the performer should know of it.
    """
    path = surfaces.published.path
    assert path is not None, "processes read it"
    process = SurfaceProcess(_MODULE, "OSC", path, note, came)
    facts = {"address": place.address, "port": place.port, "allowed": place.allowed}
    surfaces.add(process, osc=facts)
    return process
