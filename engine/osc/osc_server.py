"""What is made of packets, and what is sent: the protocol of OSC, without a socket.

Only addresses that are allowed are heard, and only they are ever sent anything: nobody else's
packets, or packets in somebody else's name, make this machine send to strangers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_packet import OscPacket

from engine.osc.addresses import ROOT, VERSION, Value, asked, told, type_of
from engine.state.shared_status import SharedStatus

LEASE_S = 60.0
"""For how long a subscription holds."""
MOST_PEERS = 16
LONGEST = 1 << 13
"""Bytes of a packet."""
_MOST_MESSAGES = 64  # of a bundle
_ANSWERED_S = 1.0  # after which a command is no longer waited for

Place = tuple[str, int]
"""Address and port."""


@dataclass
class _Peer:
    """Who has asked for something, and been told something.

    Attributes:
        place: where it is.
        number: of it, from 1.
        until_s: how long its subscription holds; 0 for none.
        known: what it was told last, by address.
    """

    place: Place
    number: int
    until_s: float = 0.0
    known: dict[str, list[Value]] = field(default_factory=dict)


@dataclass
class _Sync:
    """Somebody waits for what was asked before to be done."""

    peer: _Peer
    number: int
    awaits: int
    since_s: float


class OscServer:
    """Of all who speak with it.

    Args:
        published: what there is to be seen.
        tell: passes on what is asked for.
        send: sends a packet somewhere.
        allowed: addresses that are heard.
    """

    def __init__(
        self,
        published: SharedStatus,
        tell: Callable[[dict[str, Any]], None],
        send: Callable[[bytes, Place], None],
        allowed: Collection[str],
    ) -> None:
        self._published, self._tell, self._send, self._allowed = published, tell, send, allowed
        self._peers: dict[Place, _Peer] = {}
        self._asked: dict[int, tuple[_Peer, str]] = {}  # commands that are not answered yet
        self._syncs: list[_Sync] = []
        self._count, self._state = 0, dict[str, list[Value]]()
        self._commands = self._numbers = 0

    def hear(self, data: bytes, place: Place, now_s: float) -> None:
        """A packet; what is none is left out.

        Args:
            data: of it.
            place: that it came from.
            now_s: when, seconds of ``time.monotonic``.
        """
        if place[0] not in self._allowed or len(data) > LONGEST:
            return
        try:
            messages = [(m.message.address, m.message.params) for m in OscPacket(data).messages]
        except Exception:  # of a library, over bytes from the network: whatever it is, it is no OSC
            return
        for address, values in messages[:_MOST_MESSAGES]:
            self._take(address, values, self._peer(place, now_s), now_s)

    @property
    def state(self) -> dict[str, list[Value]]:
        """What is told now, by address."""
        return self._state

    def answer(self, what: dict[str, Any]) -> None:
        """What became of a command."""
        if "error" in what or what.get("ack"):
            peer, address = self._asked.pop(what["id"], (None, ""))
            if peer is not None and "error" in what:
                self._say(peer, "error", [address, what["error"], what["cure"]])

    def refresh(self, now_s: float) -> None:
        """Tell what is new."""
        if self._published.status.count != self._count and (text := self._published.status.take()):
            self._count, self._state = text.number, told(json.loads(text.data))
        for peer in self._peers.values():
            if peer.until_s > now_s:
                self._tell_changes(peer)
        self._finish_syncs(now_s)

    def _peer(self, place: Place, now_s: float) -> _Peer:
        """Who is there; who has neither asked for long nor subscribed is forgotten for another."""
        if place not in self._peers:
            if len(self._peers) >= MOST_PEERS:
                oldest = min(self._peers.values(), key=lambda peer: peer.until_s)
                del self._peers[oldest.place]
            self._numbers += 1
            self._peers[place] = _Peer(place, self._numbers)
        return self._peers[place]

    def _take(self, address: str, values: Sequence[Any], peer: _Peer, now_s: float) -> None:
        match address:
            case "/doubledrop/subscribe":
                peer.until_s, peer.known = now_s + LEASE_S, {}
                self._say(peer, "subscribed", [VERSION, int(LEASE_S)])
                self._tell_changes(peer)
            case "/doubledrop/unsubscribe":
                peer.until_s = 0.0
            case "/doubledrop/sync":
                number = values[0] if values and isinstance(values[0], int) else 0
                number &= 0x7FFFFFFF
                self._syncs = [*self._syncs, _Sync(peer, number, self._commands, now_s)][-64:]
            case _:
                try:
                    found = asked(address, values)
                except ValueError as fault:
                    self._say(
                        peer, "error", [address[:64], str(fault), "See docs/reference/osc.md."]
                    )
                    return
                if found is None:
                    return
                self._commands += 1
                self._asked[self._commands] = peer, address
                command = {"client": peer.number, "id": self._commands, "at": now_s}
                self._tell(command | found._asdict())

    def _finish_syncs(self, now_s: float) -> None:
        """Those before whom nothing is left to be done are told all, and that it is all."""
        oldest = min(self._asked, default=self._commands + 1)
        waiting = []
        for one in self._syncs:
            if oldest <= one.awaits and now_s - one.since_s < _ANSWERED_S:
                waiting.append(one)
                continue
            one.peer.known = {}
            self._tell_changes(one.peer)
            self._say(one.peer, "synced", [one.number])
        self._syncs = waiting
        if len(self._asked) > 4096:  # nobody answers
            self._asked.clear()

    def _tell_changes(self, peer: _Peer) -> None:
        for address, values in self._state.items():
            if peer.known.get(address) != values:
                peer.known[address] = values
                self._send(packet(address, values), peer.place)

    def _say(self, peer: _Peer, name: str, values: Sequence[Value]) -> None:
        self._send(packet(f"{ROOT}/{name}", values), peer.place)


def packet(address: str, values: Sequence[Value]) -> bytes:
    """A message as bytes.

    Args:
        address: of it.
        values: its arguments: whole numbers of 32 bits, floats, words.
    """
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value, type_of(value))
    return bytes(builder.build().dgram)
