"""A full screen of text on a terminal, of which only the rows are written that have changed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.control import Control
from rich.segment import Segment, Segments
from rich.text import Text

_WHOLE_S = 1.0  # after which all is written again, over what a library may have printed there


class Pane:
    """The rows of a terminal.

    Args:
        console: where it is shown.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._size, self._due = (0, 0), 0.0
        self._shown: dict[int, list[Segment]] = {}

    def show(self, rows: Sequence[Text]) -> None:
        """Show these, from the top; a terminal of another size is cleared first."""
        console, now = self._console, time.monotonic()
        wanted = {y: list(row.render(console)) for y, row in enumerate(rows)}
        written: list[Segment] = []
        if console.size != self._size or now >= self._due:
            if console.size != self._size:
                written.append(Control.clear().segment)
            self._size, self._due, self._shown = console.size, now + _WHOLE_S, {}
        for y, row in wanted.items():
            if row != self._shown.get(y):
                written += [Control.move_to(0, y).segment, *row]
        self._shown = wanted
        if written:
            console.print(Segments(written), end="", soft_wrap=True)


@contextmanager
def pane(console: Console) -> Iterator[Pane]:
    """A screen of its own in the place of what the terminal shows, until the end."""
    with console.screen(hide_cursor=True):
        yield Pane(console)
