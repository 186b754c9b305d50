"""``play --osc``: where OSC is heard, and by whom."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from importlib.util import find_spec

from engine.errors import UsageError
from engine.osc.place import OscPlace


def osc_place(osc: str | None, port: int, allowed: Sequence[str]) -> OscPlace | None:
    """Where OSC is heard; None where it is not wanted.

    Args:
        osc: what ``--osc`` says: empty for this machine alone, ``lan`` for the network too.
        port: to listen at.
        allowed: addresses of the network that are heard.

    Raises:
        UsageError: what it needs is not installed, the port is taken, or the addresses are none, or
            are missing.
    """
    if osc is None:
        if allowed:
            raise UsageError("--osc-allow", "without --osc", cure="Say --osc lan too.")
        return None
    if osc not in ("", "lan"):
        raise UsageError("--osc", osc, expected="lan, or nothing", cure="Say --osc, or --osc lan.")
    if find_spec("pythonosc") is None:
        raise UsageError(
            "--osc", "python-osc is not installed", cure="pip install 'doubledrop[osc]'"
        )
    if (osc == "lan") != bool(allowed):
        cure = "Say whom it listens to: --osc lan --osc-allow 192.168.1.7"
        raise UsageError("--osc", "lan and --osc-allow go together", cure=cure)
    place = OscPlace(port=port)
    if osc == "lan":
        place = OscPlace("0.0.0.0", port, ("127.0.0.1", *map(_address, allowed)))
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((place.address, port))
    except OSError as fault:
        cure = "Choose another one with --osc-port."
        raise UsageError("--osc-port", f"{port} ({fault.strerror})", cure=cure) from fault
    return place


def _address(text: str) -> str:
    """An address of IPv4, as packets carry it.

    Raises:
        UsageError: it is none.
    """
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError as fault:
        raise UsageError("--osc-allow", text, cure="An address, as 192.168.1.7.") from fault
