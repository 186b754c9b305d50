"""Where the stage page is to be had."""

from __future__ import annotations

from dataclasses import dataclass

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class PagePlace:
    """Where the page is to be had.

    Attributes:
        address: to listen at, of IPv4.
        port: to listen at.
        shown: the address that its links name.
    """

    address: str = LOOPBACK
    port: int = 8174
    shown: str = LOOPBACK
