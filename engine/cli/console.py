"""Where messages go: results to stdout, everything else to stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

stderr = Console(stderr=True, highlight=False)
stdout = Console(highlight=False)


def warn(message: str) -> None:
    """One line of warning."""
    stderr.print(f"warning: {message}", style="yellow", markup=False, soft_wrap=True)


def progress(*columns: ProgressColumn, hidden: bool = False) -> Progress:
    """A bar, these columns and what is being done; it leaves nothing behind.

    Args:
        columns: between the bar and the description.
        hidden: show nothing, as where stderr is no terminal.
    """
    return Progress(
        BarColumn(bar_width=24),
        *columns,
        TextColumn("{task.description}"),
        console=stderr,
        transient=True,
        disable=hidden or not stderr.is_terminal,
    )


@contextmanager
def done_of(title: str, hidden: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar that is told how much is done, and of how much."""
    with progress(TaskProgressColumn(), TimeRemainingColumn(), hidden=hidden) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda now, of: bar.update(task, completed=now / max(of, 1))


def shares(of: Mapping[str, float]) -> str:
    """Shares in words, without those of nothing."""
    return ", ".join(f"{name} {part:.1%}" for name, part in of.items() if part) or "none"
