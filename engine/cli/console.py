"""Where messages go: results to stdout, everything else to stderr; all of it printable."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import IO, Any, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.segment import Segment
from rich.table import Table as RichTable
from rich.text import Text

from engine.cli.streams import PrintableStream
from engine.strict_json import legible, written
from engine.text import encodable, printable, printable_lines


class Terminal(Console):
    """A console that takes no word for markup, emoji or an escape sequence, and that shows what
    the terminal's encoding lacks as something alike."""

    def __init__(self, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False)

    @property
    def file(self) -> IO[str]:
        """Where it writes: past the guard of the streams, for its own escape sequences."""
        file: Any = super().file
        return cast(IO[str], file.steering() if isinstance(file, PrintableStream) else file)

    @file.setter
    def file(self, new: IO[str]) -> None:
        self._file = new

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """As the base class; everything that is printed passes, at whatever depth."""
        encoding = self.encoding
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                text, style = _shown(segment.text, encoding), segment.style
                # While a bar is shown, rich reads the escape sequences of what libraries print.
                yield Segment(text, style.update_link(None) if style and style.link else style)


@lru_cache(maxsize=1024)  # a screen says most of its words ten times a second
def _shown(text: str, encoding: str) -> str:
    return encodable(printable_lines(text), encoding)


class Table(RichTable):
    """A table whose cells are words from outside: one line each."""

    def add_row(self, *cells: RenderableType | None, **how: Any) -> None:
        """Add a row of cells."""
        super().add_row(*(printable(c) if isinstance(c, str) else c for c in cells), **how)


stderr = Terminal(stderr=True)
stdout = Terminal()


def say(line: str) -> None:
    """One line of results, on stdout."""
    print(printable(line), flush=True)


def say_json(value: Any) -> None:
    """A result for programs, on stdout: strict JSON on one line, in ASCII."""
    print(written(legible(value)), flush=True)


def tell(line: str) -> None:
    """One line on what is going on, on stderr."""
    stderr.print(printable(line), soft_wrap=True)


def warn(message: str) -> None:
    """One line of warning."""
    stderr.print(printable(f"warning: {message}"), style="yellow", soft_wrap=True)


def fail(message: str) -> None:
    """The one line that says why a command ends."""
    print(printable(f"doubledrop: {message}"), file=sys.stderr, flush=True)


@contextmanager
def waiting(what: str) -> Iterator[Callable[[str], None]]:
    """Something that moves beside what is being done, where stderr is a terminal; what is yielded
    changes the words."""
    spinner = "dots" if stderr.encoding.startswith("utf") else "line"
    with stderr.status(Text(printable(what)), spinner=spinner) as status:
        yield lambda now: status.update(Text(printable(now)))


def progress(*columns: ProgressColumn, hidden: bool = False) -> Progress:
    """A bar, these columns and what is being done; it leaves nothing behind.

    Args:
        columns: between the bar and the description.
        hidden: show nothing, as where stderr is no terminal.
    """
    return Progress(
        BarColumn(bar_width=24),
        *columns,
        _Description("{task.description}", markup=False),
        console=stderr,
        transient=True,
        disable=hidden or not stderr.is_terminal,
    )


class _Description(TextColumn):
    """What is being done: one line, whatever a file is called."""

    def render(self, task: Any) -> Text:
        return Text(printable(task.description), no_wrap=True, overflow="ellipsis")


@contextmanager
def done_of(title: str, hidden: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar that is told how much is done, and of how much."""
    with progress(TaskProgressColumn(), TimeRemainingColumn(), hidden=hidden) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda now, of: bar.update(task, completed=now / max(of, 1))


def shares(of: Mapping[str, float]) -> str:
    """Shares in words, without those of nothing."""
    return ", ".join(f"{name} {part:.1%}" for name, part in of.items() if part) or "none"
