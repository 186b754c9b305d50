"""The process that serves the stage page.

``engine.web.web_process STATUS``, see :mod:`engine.processes.child`; STATUS is the file of a
:class:`engine.state.shared_status.SharedStatus`, whose facts say where to listen. It maps that
read-only and holds nothing that it could not find there again: it may be ended at any moment, and
started anew. It writes lines of JSON to stdout: ``serving`` once it listens, ``alive`` every
second, each command of a browser, ``looking`` when the number of those has changed that see images.
What became of a command comes in on stdin.
"""

from __future__ import annotations

import asyncio
import gc
import socket
from pathlib import Path

import uvicorn

from engine.processes.speech import say
from engine.state.shared_status import SharedStatus
from engine.state.surface_serving import ParentLink, facts_of, serve_surface
from engine.web.access import Access
from engine.web.app import make_app
from engine.web.hub import Hub
from engine.web.library import Library

_LOOK_S, _IDLE_S = 0.008, 0.05  # between two looks at the shared status, with and without browsers
_HURRY_S = 0.002  # while an answer is waited for
_MOST_CONNECTIONS = 64
_BACKLOG = 64
_KEEP_S = 15  # an idle connection
_MOST_HEADER = 1 << 14


async def main(published: SharedStatus) -> None:
    """Serve until the parent is gone.

    Raises:
        OSError: the address is taken.
    """
    facts = facts_of(published)
    address, port = facts["web"]["address"], facts["web"]["port"]
    hub = Hub(published, lambda what: say(**what))
    access = Access(bytes.fromhex(facts["web"]["secret"]), port)
    library = Library(facts["presets"], facts["takes"])
    config = uvicorn.Config(
        make_app(access, hub, library, facts["rig"] and Path(facts["rig"])),
        loop="asyncio",
        http="h11",
        ws="websockets-sansio",
        ws_max_size=1 << 13,
        ws_per_message_deflate=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_KEEP_S,
        h11_max_incomplete_event_size=_MOST_HEADER,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    listening = socket.create_server((address, port), backlog=_BACKLOG)
    looking = asyncio.create_task(_look(hub))
    say(serving=True)
    try:
        await uvicorn.Server(config).serve(sockets=[listening])
    finally:
        looking.cancel()


async def _look(hub: Hub) -> None:
    """Pass on what is new, on the shared status and from the parent."""
    parent = ParentLink()
    while True:
        now_s = parent.tend(hub.answer)
        hub.refresh()
        pause_s = _LOOK_S if hub.clients else _IDLE_S
        await asyncio.sleep(_HURRY_S if now_s < hub.hurries_until_s else pause_s)


if __name__ == "__main__":
    gc.freeze()
    serve_surface(main, "page")
