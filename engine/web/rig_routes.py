"""The rig by request, for who may edit it: one file, whatever a request says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.reading import read_text
from engine.web.access import Access, may
from engine.web.guard import body
from engine.web.hub import Hub


def rig_routes(access: Access, hub: Hub, rig: Path | None) -> list[Route]:
    """The routes.

    Args:
        access: who may do what.
        hub: that passes on what is to be written.
        rig: the file; None for none.
    """

    async def answer(request: Request) -> Response:
        role = access.role_of(request.cookies)
        if not may(role, "edit"):
            return _wrong(401 if role is None else 403, "this link may not edit")
        if rig is None:
            return _wrong(404, "no rig is played")
        return await write(request) if request.method == "PUT" else read(rig)

    def read(path: Path) -> Response:
        try:
            return JSONResponse({"name": path.name, "text": read_text(path)})
        except (OSError, ValueError):
            return _wrong(404, "the rig cannot be read")

    async def write(request: Request) -> Response:
        text, before = _texts(await body(request.receive))
        if text is None or before is None:
            return _wrong(400, "no rig")
        try:
            return JSONResponse({"mistakes": await hub.edit(text, before)})
        except TimeoutError:
            return _wrong(503, "nobody has answered")

    return [Route("/rig", answer, methods=["GET", "PUT"])]


def _texts(data: bytes | None) -> tuple[str | None, str | None]:
    """The new text and the one before."""
    try:
        said: Any = json.loads(data or b"")
        texts = said["text"], said["before"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None, None
    return (None, None) if any(not isinstance(t, str) for t in texts) else texts


def _wrong(status: int, error: str) -> Response:
    return JSONResponse({"error": error}, status_code=status)
