"""What the web process answers: the page's files, who has come in, and the socket."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from engine.web.access import Access, AttemptLimit
from engine.web.files import PageFile, page_files
from engine.web.guard import App, Guard, body
from engine.web.hub import Hub
from engine.web.library import Library
from engine.web.library_routes import library_routes
from engine.web.rig_routes import rig_routes

_MOST_LOGIN = 256  # bytes


def make_app(access: Access, hub: Hub, library: Library, rig: Path | None) -> App:
    """The application (ASGI).

    Args:
        access: who may do what.
        hub: of the browsers.
        library: presets and takes.
        rig: the file that may be edited; None for none.
    """
    files, limit = page_files(), AttemptLimit()

    async def file(request: Request) -> Response:
        found = files.get(request.url.path)
        if found is None:
            return Response(status_code=404)
        return _answer(request, found)

    async def login(request: Request) -> Response:
        address, now_s = request.client.host if request.client else "", time.monotonic()
        if limit.is_reached(address, now_s):
            return _wrong(429, "too many attempts", "Wait a minute.")
        token = _token(await body(request.receive, _MOST_LOGIN))
        role = None if token is None else access.role_of_token(token)
        if role is None:
            limit.failed(address, now_s)
            return _wrong(401, "this link is not valid", "Take the one that `play` shows now.")
        answer = JSONResponse({"role": role})
        answer.set_cookie(
            access.cookie_name, access.cookie(role), httponly=True, samesite="strict", path="/"
        )
        return answer

    async def session(request: Request) -> Response:
        role = access.role_of(request.cookies)
        if role is None:
            return _wrong(401, "not come in", "Open the link that `play` shows.")
        return JSONResponse({"role": role})

    async def socket(connection: WebSocket) -> None:
        role = access.role_of(connection.cookies)
        if role is None:
            await connection.close(1008)
            return
        await hub.serve(connection, role)

    return Guard(
        Starlette(
            routes=[
                WebSocketRoute("/socket", socket),
                Route("/login", login, methods=["POST"]),
                Route("/session", session, methods=["GET"]),
                *library_routes(access, library),
                *rig_routes(access, hub, rig),
                Route("/{path:path}", file, methods=["GET", "HEAD"]),
            ]
        )
    )


def _token(data: bytes | None) -> str | None:
    """The token of a request; None where it has none."""
    try:
        said: Any = json.loads(data or b"")
        token = said["token"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return token if isinstance(token, str) else None


def _answer(request: Request, file: PageFile) -> Response:
    headers = {"etag": file.tag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    data = file.data
    if "gzip" in request.headers.get("accept-encoding", ""):
        data, headers = file.packed, headers | {"content-encoding": "gzip"}
    return Response(data, media_type=file.kind, headers=headers)


def _wrong(status: int, error: str, cure: str) -> Response:
    return JSONResponse({"error": error, "cure": cure}, status_code=status)
