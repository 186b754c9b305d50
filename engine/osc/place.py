"""Where OSC is heard, and by whom."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OscPlace:
    """Where OSC is heard.

    Attributes:
        address: to listen at, of IPv4.
        port: to listen at.
        allowed: addresses that are heard.
    """

    address: str = "127.0.0.1"
    port: int = 9000
    allowed: tuple[str, ...] = ("127.0.0.1",)
