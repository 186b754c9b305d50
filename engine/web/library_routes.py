"""Presets and takes by request, for who has come in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from engine.web.access import Access, may
from engine.web.library import Library

_Answer = Callable[[Request], Awaitable[Response]]


def library_routes(access: Access, library: Library) -> list[Route]:
    """The routes.

    Args:
        access: who may do what.
        library: presets and takes.
    """

    def seen(answer: _Answer) -> _Answer:
        async def checked(request: Request) -> Response:
            if not may(access.role_of(request.cookies), "watch"):
                return Response(status_code=401)
            return await answer(request)

        return checked

    async def presets(request: Request) -> Response:
        return JSONResponse(library.presets())

    async def card(request: Request) -> Response:
        return _file(library.card(request.path_params["name"]), "text/plain; charset=utf-8")

    async def picture(request: Request) -> Response:
        asked = request.path_params
        return _file(library.picture(asked["name"], asked["picture"]), "image/png")

    async def takes(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(library.takes))

    async def sound(request: Request) -> Response:
        asked = request.path_params
        return _file(library.sound(asked["name"], asked["part"]), "audio/wav")

    async def peaks(request: Request) -> Response:
        asked = request.path_params
        found = await run_in_threadpool(library.peaks, asked["name"], asked["part"])
        if found is None:
            return Response(status_code=404)
        return Response(found, media_type="application/octet-stream")

    paths = {
        "/presets": presets,
        "/presets/{name}/card": card,
        "/presets/{name}/pictures/{picture}": picture,
        "/takes": takes,
        "/takes/{name}/{part}": sound,
        "/takes/{name}/{part}/peaks": peaks,
    }
    return [Route(path, seen(answer), methods=["GET"]) for path, answer in paths.items()]


def _file(path: Path | None, kind: str) -> Response:
    return Response(status_code=404) if path is None else FileResponse(path, media_type=kind)
