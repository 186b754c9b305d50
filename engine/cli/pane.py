"""A full screen of text on a terminal, of which only the rows are written that have changed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from rich.console import Console
from rich.control import Control
from rich.segment import Segment, Segments
from rich.text import Text

_WHOLE_S = 1.0  # after which all is written again, over what a library may have printed there


class _Row(NamedTuple):
    """A row, and what is written of it."""

    text: Text
    segments: list[Segment]


class Pane:
    """The rows of a terminal.

    Args:
        console: where it is shown.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._size, self._due = (0, 0), 0.0
        self._shown: list[_Row] = []

    def show(self, rows: Sequence[Text]) -> None:
        """Show these, from the top; a terminal of another size is cleared first."""
        size, now, before = self._console.size, time.monotonic(), self._shown
        written: list[Segment] = []
        if size != self._size or now >= self._due:
            if size != self._size:
                written.append(Control.clear().segment)
            self._size, self._due, before = size, now + _WHOLE_S, []
        self._shown = []
        for y, text in enumerate(rows):
            old = before[y] if y < len(before) else None
            if old is not None and old.text == text and old.text.style == text.style:
                self._shown.append(old)
                continue
            new = _Row(text, list(text.render(self._console)))
            self._shown.append(new)
            if old is None or old.segments != new.segments:
                written += [Control.move_to(0, y).segment, *new.segments]
        if written:
            self._console.print(Segments(written), end="", soft_wrap=True)


@contextmanager
def pane(console: Console) -> Iterator[Pane]:
    """A screen of its own in the place of what the terminal shows, until the end."""
    with console.screen(hide_cursor=True):
        yield Pane(console)
