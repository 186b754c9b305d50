"""What every request passes first: whose it is, how large it may be, and what a browser is told not
to do with the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from engine.web.access import is_own_host, is_own_origin

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_METHODS = ("GET", "HEAD", "POST", "PUT")
_CHANGING = ("POST", "PUT")
_LONGEST_PATH = 256
_MOST_HEADER = 1 << 13  # bytes of all headers
MOST_BODY = 1 << 18
"""Bytes of a request: a rig with room to spare."""
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}


def policy(host: str) -> str:
    """The content security policy: nothing from elsewhere, and nothing that stands in the page
    itself. Older browsers do not take a WebSocket for ``'self'``, so it is named."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        f" media-src 'self'; manifest-src 'self'; connect-src 'self' ws://{host};"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


class Guard:
    """Refuses what comes from elsewhere, or is too large.

    Args:
        app: that answers the rest.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection (ASGI)."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        status = _refused(scope)
        if status:
            await _refuse(scope, send, status)
            return
        host = _all(scope, b"host")[0]

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                known = {name for name, _ in headers}
                extra = _HEADERS | {"content-security-policy": policy(host)}
                extra |= {"cache-control": "no-store"} if b"cache-control" not in known else {}
                headers += [(n.encode(), value.encode()) for n, value in extra.items()]
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, guarded)


async def body(receive: Receive, most: int = MOST_BODY) -> bytes | None:
    """The body of a request; None where it is longer than it may be, or broke off."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            return None
        more = message.get("more_body", False)
    return b"".join(parts)


def _refused(scope: Scope) -> int:  # noqa: PLR0911  (a list of cases)
    """The status with which a request is refused; 0 for none."""
    address, port = scope.get("server") or ("", 0)
    hosts, origins = _all(scope, b"host"), _all(scope, b"origin")
    socket = scope["type"] == "websocket"
    method = "GET" if socket else scope["method"]
    if sum(len(name) + len(value) for name, value in scope["headers"]) > _MOST_HEADER:
        return 431
    if not is_own_host(hosts, address, port or 0):
        return 421
    if not is_own_origin(origins, hosts[0], needed=socket or method in _CHANGING):
        return 403
    if not _is_opened(scope) and any(
        site not in ("same-origin", "none") for site in _all(scope, b"sec-fetch-site")
    ):
        return 403
    if method not in _METHODS:
        return 405
    if len(scope["raw_path"]) > _LONGEST_PATH or scope["query_string"]:
        return 414  # nothing here is asked by a query
    if any(not size.isdigit() or int(size) > MOST_BODY for size in _all(scope, b"content-length")):
        return 413
    return 0


def _is_opened(scope: Scope) -> bool:
    """Whether somebody follows a link to the page, from wherever: it shows nothing by itself."""
    modes = _all(scope, b"sec-fetch-mode")
    return scope["type"] == "http" and scope["raw_path"] == b"/" and modes == ["navigate"]


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-length", b"0"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _all(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]
