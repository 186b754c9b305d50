"""``play --web``: where the stage page is to be had, and how its links are shown."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from importlib.util import find_spec

from rich.text import Text

from engine.cli.console import tell
from engine.errors import UsageError
from engine.text import encodable
from engine.web.place import LOOPBACK, PagePlace

_NEEDED = ("starlette", "uvicorn", "websockets", "segno")
_ROLES = {"edit": "everything", "play": "to play", "watch": "to watch"}
_ELSEWHERE = ("192.0.2.1", 9)  # an address of nobody (RFC 5737); nothing is sent there
_HALVES = {(1, 1): "█", (1, 0): "▀", (0, 1): "▄", (0, 0): " "}


def page_place(web: str | None, port: int) -> PagePlace | None:
    """Where the page is to be had; None where it is not wanted.

    Args:
        web: what ``--web`` says: empty for this machine alone, ``lan`` for the network too.
        port: to listen at.

    Raises:
        UsageError: something that it needs is not installed, the port is taken, or ``lan`` was said
            and there is no network.
    """
    if web is None:
        return None
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            "--web", f"{' and '.join(missing)} not installed", cure="pip install 'doubledrop[web]'"
        )
    place = PagePlace(port=port) if web != "lan" else PagePlace("0.0.0.0", port, _own_address())
    try:
        socket.create_server((place.address, port)).close()
    except OSError as fault:
        cure = "Choose another one with --web-port."
        raise UsageError("--web-port", f"{port} ({fault.strerror})", cure=cure) from fault
    return place


def tell_links(links: Mapping[str, str], place: PagePlace) -> None:
    """The links of the page, before the screen begins."""
    for role, what in _ROLES.items():
        if role == "edit" or place.address != LOOPBACK:
            tell(f"page, {what}: {links[role]}")


def link_rows(links: Mapping[str, str], place: PagePlace, encoding: str) -> list[Text]:
    """The links as rows of a screen; on the network with a code that a camera reads.

    Args:
        links: of each role.
        place: where the page is to be had.
        encoding: of the terminal.
    """
    rows: list[Text] = []
    if place.address != LOOPBACK:
        import segno

        matrix = [[0, 0, *row, 0, 0] for row in segno.make(links["play"], error="m").matrix]
        blank = [0] * len(matrix[0])
        matrix = [blank, blank, *matrix, blank, blank]
        matrix += [blank] * (len(matrix) % 2)
        for upper, lower in zip(matrix[::2], matrix[1::2], strict=True):
            cells = "".join(_HALVES[1 - a, 1 - b] for a, b in zip(upper, lower, strict=True))
            if encoding.lower().startswith("utf"):
                rows.append(Text(f"  {cells}", style="white on black"))
    for role, what in _ROLES.items():
        if role == "edit" or place.address != LOOPBACK:
            rows.append(Text(encodable(f"  {what}: {links[role]}", encoding)))
    return [*rows, Text(), Text("  any key: back")]


def _own_address() -> str:
    """This machine's address on its network.

    Raises:
        UsageError: it is on none.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
            address = str(probe.getsockname()[0])
        except OSError:
            address = LOOPBACK
    if address.startswith(("127.", "0.")):
        cure = "Connect it, or say --web alone for this machine."
        raise UsageError("--web", "lan, and this machine is on no network", cure=cure)
    return address
