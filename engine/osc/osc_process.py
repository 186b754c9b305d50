"""The process that speaks OSC over UDP.

``engine.osc.osc_process BOARD``, see :mod:`engine.processes.child` and, for what it is given and
says, :mod:`engine.web.web_process`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import cast

from engine.osc.osc_desk import OscDesk, Place
from engine.processes.parent import told
from engine.processes.speech import say
from engine.state.status_board import StatusBoard
from engine.web.access import RateLimit

_NICE = 10
_LOOK_S = 0.005
_ALIVE_S = 1.0
_RATE, _BURST = 2000.0, 500.0  # packets a second, and at once


class _Listener(asyncio.DatagramProtocol):
    """Hands packets on."""

    def __init__(self, board: StatusBoard, allowed: list[str]) -> None:
        self.desk = OscDesk(board, lambda what: say(**what), self._send, allowed)
        self._limit = RateLimit(_RATE, _BURST)
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Place) -> None:
        now_s = time.monotonic()
        if self._limit.allows(now_s):
            self.desk.hear(data, addr, now_s)

    def _send(self, data: bytes, place: Place) -> None:
        if self._transport is not None:
            self._transport.sendto(data, place)


async def main(board: StatusBoard) -> None:
    """Serve until the parent is gone.

    Raises:
        OSError: the port is taken.
    """
    text = board.facts.take()
    assert text is not None, "whoever starts this process has written them"
    facts = json.loads(text.data)["osc"]
    listener = _Listener(board, facts["allowed"])
    place = facts["address"], facts["port"]
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, fault: say(error=f"OSC: {fault.get('exception')!r}"))
    await loop.create_datagram_endpoint(lambda: listener, local_addr=place)
    say(serving=True)
    alive_s = 0.0
    while True:
        now_s = time.monotonic()
        if now_s - alive_s > _ALIVE_S:
            alive_s = now_s
            say(alive=now_s)
        while told:
            listener.desk.answer(json.loads(told.popleft()))
        listener.desk.refresh(now_s)
        await asyncio.sleep(_LOOK_S)


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(_NICE)  # the music comes first
    logging.disable()  # the parser of packets speaks of each that is none
    try:
        asyncio.run(main(StatusBoard(Path(sys.argv[1]))))
    except OSError as fault:
        say(error=f"OSC: {fault.strerror}")
