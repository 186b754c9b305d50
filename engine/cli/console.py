"""Where messages go: results to stdout, everything else to stderr."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn

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
