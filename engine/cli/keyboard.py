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
    "n": "part-next",
    **{str(n): f"slot{n}" for n in range(1, 10)},
}
QUIT = "q"
LINKS = "w"
_SURE_S = 3.0


class Quitting:
    """``q`` ends a gig only when it is pressed twice: it lies beside the other keys."""

    def __init__(self) -> None:
        self._until_s = 0.0

    def is_asked(self, now_s: float) -> bool:
        """Whether it was pressed once, and is waited for a second time."""
        return now_s < self._until_s

    def press(self, key: str, now_s: float) -> bool:
        """A key; whether the program is to end. Any other key is a no."""
        sure = key == QUIT and self.is_asked(now_s)
        self._until_s = now_s + _SURE_S if key == QUIT else 0.0
        return sure


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
