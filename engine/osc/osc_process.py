"""The process that speaks OSC over UDP.

``engine.osc.osc_process STATUS``, see :mod:`engine.processes.child` and, for what it is given and
says, :mod:`engine.web.web_process`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import cast

from engine.osc.osc_server import OscServer, Place
from engine.osc.query import MOST_REQUEST, answered
from engine.processes.speech import say
from engine.state.shared_status import SharedStatus
from engine.state.surface_serving import ParentLink, facts_of, serve_surface
from engine.web.access import RateLimit

_LOOK_S = 0.005
_MOST_QUERIES, _REQUEST_S = 8, 2.0
_RATE, _BURST = 2000.0, 500.0  # packets a second, and at once


class _Listener(asyncio.DatagramProtocol):
    """Hands packets on."""

    def __init__(self, published: SharedStatus, allowed: list[str]) -> None:
        self.server = OscServer(published, lambda what: say(**what), self._send, allowed)
        self._limit = RateLimit(_RATE, _BURST)
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Place) -> None:
        now_s = time.monotonic()
        if self._limit.allows(now_s):
            self.server.hear(data, addr, now_s)

    def _send(self, data: bytes, place: Place) -> None:
        if self._transport is not None:
            self._transport.sendto(data, place)


class _Query:
    """Answers requests of OSCQuery: one, and the connection is over.

    Args:
        server: that knows the state.
        allowed: addresses that are answered.
        port: of OSC.
    """

    def __init__(self, server: OscServer, allowed: list[str], port: int) -> None:
        self._server, self._allowed, self._port = server, allowed, port
        self._open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        peer = writer.get_extra_info("peername")
        self._open += 1
        try:
            if peer and peer[0] in self._allowed and self._open <= _MOST_QUERIES:
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _REQUEST_S)
                writer.write(answered(head, self._server.state, self._port))
                await asyncio.wait_for(writer.drain(), _REQUEST_S)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # it has gone, or was no request
        finally:
            self._open -= 1
            writer.close()


async def main(published: SharedStatus) -> None:
    """Serve until the parent is gone.

    Raises:
        OSError: the port is taken.
    """
    facts = facts_of(published)["osc"]
    listener = _Listener(published, facts["allowed"])
    place = facts["address"], facts["port"]
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, fault: say(error=f"OSC: {fault.get('exception')!r}"))
    await loop.create_datagram_endpoint(lambda: listener, local_addr=place)
    query = _Query(listener.server, facts["allowed"], facts["port"])
    await asyncio.start_server(query.serve, *place, limit=MOST_REQUEST)
    say(serving=True)
    parent = ParentLink()
    while True:
        listener.server.refresh(parent.tend(listener.server.answer))
        await asyncio.sleep(_LOOK_S)


if __name__ == "__main__":
    logging.disable()  # the parser of packets speaks of each that is none
    serve_surface(main, "OSC")
