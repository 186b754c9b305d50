"""The browsers that are connected: what each is sent, and what each asks for.

Every browser has a place of its own in what there is to be told: one that is slow is told the sum
of what has changed, and never holds up another.
"""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from engine import strict_json
from engine.state.shared_status import BANDS, IMAGES, SharedStatus
from engine.web.access import RateLimit, may
from engine.web.protocol import VERSION, Ask, Ping, Subscribe, difference, needed, parse

MOST_CLIENTS = 16
_RATE, _BURST = 120.0, 120.0  # messages of a browser a second, and at once
_MOST_REPLIES = 256  # that wait for a browser
_MOST_WRONG = 20  # messages that are none, after which a browser is let go
_SEND_S, _EDIT_S = 10.0, 20.0
_ANSWERED_S = 0.1  # within which a command is answered
_IMAGES_S = 1.0 / 12.0
_MOST_ROWS = 512
_ROWS = struct.Struct("<BBHII")
_TRY_LATER, _POLICY = 1013, 1008

Tell = Callable[[dict[str, Any]], None]


class Hub:
    """All browsers.

    Args:
        published: what there is to be seen.
        tell: passes on what a browser asks for.

    Attributes:
        hurries_until_s: until when an answer is waited for.
    """

    def __init__(self, published: SharedStatus, tell: Tell) -> None:
        self.published, self._tell = published, tell
        self.clients: dict[int, Client] = {}
        self.count, self.state = 0, dict[str, Any]()
        self._number, self._looking = 0, -1
        self.hurries_until_s = 0.0
        self._request, self._requests = 0, dict[int, asyncio.Future[Any]]()

    async def serve(self, socket: WebSocket, role: str) -> None:
        """Serve one browser until it goes."""
        await socket.accept()
        if len(self.clients) >= MOST_CLIENTS:
            await socket.close(_TRY_LATER, "too many browsers")
            return
        self._number += 1
        client = self.clients[self._number] = Client(self, socket, role, self._number)
        try:
            await client.serve()
        finally:
            del self.clients[client.number]
            self.count_lookers()

    def refresh(self) -> None:
        """Read what is new, and wake the browsers that have something to be sent."""
        is_new = self.clients and self.published.status.count != self.count
        if is_new and (text := self.published.status.take()):
            self.count, self.state = text.number, json.loads(text.data)
            for client in self.clients.values():
                client.wake.set()
        now_s = time.monotonic()
        for client in self.clients.values():
            if client.images and now_s >= client.images_due_s:
                client.wake.set()

    async def edit(self, rig: str, before: str) -> list[str]:
        """Have the rig written, see :class:`engine.processes.messages.RigText`; what is wrong with
        it.

        Raises:
            TimeoutError: nobody has answered.
        """
        self._request += 1
        number, future = self._request, asyncio.get_running_loop().create_future()
        self._requests[number] = future
        try:
            self._tell({"request": number, "rig": rig, "before": before})
            return list(await asyncio.wait_for(future, _EDIT_S))
        finally:
            del self._requests[number]

    def answer(self, what: dict[str, Any]) -> None:
        """What became of a command, or of a rig."""
        request = self._requests.get(what.get("request", 0))
        if request is not None and not request.done():
            request.set_result(what["mistakes"])
        client = self.clients.get(what.pop("client", 0))
        if client is None:
            return
        for kind in ("ack", "heard"):
            if what.pop(kind, False):
                client.reply(type=kind, **what)
                return
        client.reply(type="error", **what)

    def ask(self, client: int, asked: Ask) -> None:
        """A command of a browser."""
        self.hurries_until_s = time.monotonic() + _ANSWERED_S
        self._tell({"client": client} | asked.model_dump(exclude={"type"}))

    def count_lookers(self) -> None:
        """Say how many look at images, when that has changed: they cost work."""
        looking = sum(client.images for client in self.clients.values())
        if looking != self._looking:
            self._looking = looking
            self._tell({"looking": looking})


class Client:
    """One browser.

    Args:
        hub: of all.
        socket: to it.
        role: of :data:`engine.web.access.ROLES`.
        number: of it, from 1.

    Attributes:
        number: as given.
        wake: set when there is something to be sent.
        images: whether it wants rows of images, and
        images_due_s: when the next are due.
    """

    def __init__(self, hub: Hub, socket: WebSocket, role: str, number: int) -> None:
        self._hub, self._socket, self._role, self.number = hub, socket, role, number
        self.wake = asyncio.Event()
        self.images, self.images_due_s = False, 0.0
        self._replies: deque[str] = deque()
        self._seen, self._known = -1, dict[str, Any]()
        self._row = 0
        self._limit, self._wrong = RateLimit(_RATE, _BURST), 0

    async def serve(self) -> None:
        """Until it goes, or is let go."""
        writer = asyncio.create_task(self._write())
        reader = asyncio.create_task(self._read())
        try:
            done, _ = await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if (fault := task.exception()) and not isinstance(fault, _GONE):
                    raise fault
        finally:
            writer.cancel()
            reader.cancel()
            await asyncio.gather(writer, reader, return_exceptions=True)

    def reply(self, **what: Any) -> None:
        """Something for this browser alone."""
        self._replies.append(strict_json.written(what))
        self.wake.set()

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None or not self._limit.allows(time.monotonic()):
                await self._socket.close(_POLICY, "too many messages" if text else "no text")
                return
            try:
                self._take(parse(text))
            except ValueError as fault:
                self._wrong += 1
                if self._wrong > _MOST_WRONG:
                    await self._socket.close(_POLICY, "not understood")
                    return
                self.reply(type="error", error=str(fault)[:200], cure="Reload the page.")

    def _take(self, message: Ping | Subscribe | Ask) -> None:
        match message:
            case Ping():
                self.reply(type="pong", sent=message.sent, now=time.monotonic())
            case Subscribe():
                self.images = message.on
                self._hub.count_lookers()
            case Ask():
                role = needed(message)
                if may(self._role, role):
                    self._hub.ask(self.number, message)
                    return
                cure = f"Ask for one that may {role}."
                error = f"this link may not {role}"
                self.reply(type="error", id=message.id, error=error, cure=cure)

    async def _write(self) -> None:
        self.wake.set()
        while True:
            await self.wake.wait()
            self.wake.clear()
            if len(self._replies) > _MOST_REPLIES:
                await self._socket.close(_TRY_LATER, "too slow")
                return
            while self._replies:
                await self._send(self._replies.popleft())
            await self._send_state()
            await self._send_rows()

    async def _send_state(self) -> None:
        """The state whole the first time, then what has changed."""
        hub = self._hub
        if not hub.state or hub.count == self._seen:
            return
        first, changed = self._seen < 0, difference(self._known, hub.state)
        self._seen, self._known = hub.count, hub.state
        said: dict[str, Any] = {"n": hub.count, "now": time.monotonic()}
        if first:
            said |= {"type": "snapshot", "protocol": VERSION, "role": self._role, "state": changed}
        else:
            said |= {"type": "patch", "set": changed}
        await self._send(strict_json.written(said))

    async def _send_rows(self) -> None:
        now_s = time.monotonic()
        if not self.images or now_s < self.images_due_s:
            return
        self.images_due_s = now_s + _IMAGES_S
        made = int(self._hub.published.made[0])
        first, rows = self._hub.published.take_rows(max(self._row, made - _MOST_ROWS))
        self._row = first + len(rows)
        if len(rows):
            head = _ROWS.pack(VERSION, IMAGES, BANDS, first & 0xFFFFFFFF, len(rows))
            await asyncio.wait_for(self._socket.send_bytes(head + rows.tobytes()), _SEND_S)

    async def _send(self, text: str) -> None:
        await asyncio.wait_for(self._socket.send_text(text), _SEND_S)


_GONE = (WebSocketDisconnect, TimeoutError, RuntimeError, OSError)
"""What is raised where a browser has gone in the middle of something."""
