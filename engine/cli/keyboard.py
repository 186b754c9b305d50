"""The keyboard as a controller, where the program runs in a terminal of its own."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

TARGETS = {
    " ": "tap",
    "d": "downbeat",
    "f": "follow",
    "b": "bypass",
    "k": "kill",
    "m": "mute",
    "c": "cancel",
    "p": "panic",
    **{str(n): f"slot{n}" for n in range(1, 10)},
}
QUIT = "q"


@contextmanager
def keyboard() -> Iterator[bool]:
    """Keys come as they are pressed; whether there is such a keyboard."""
    try:
        import termios
        import tty

        handle = sys.stdin.fileno()
        before = termios.tcgetattr(handle)
    except (ImportError, OSError, ValueError, AttributeError):  # no terminal, or Windows
        yield False
        return
    try:
        tty.setcbreak(handle)
        yield True
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def pressed(wait_s: float) -> str:
    """Keys that are pressed within a time, as one string; at once when there are some."""
    ready, _, _ = select.select([sys.stdin], [], [], wait_s)
    return os.read(sys.stdin.fileno(), 64).decode(errors="ignore") if ready else ""
