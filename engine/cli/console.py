"""Where messages go: results to stdout, everything else to stderr."""

from __future__ import annotations

from rich.console import Console

stderr = Console(stderr=True, highlight=False)
stdout = Console(highlight=False)


def warn(message: str) -> None:
    """One line of warning."""
    stderr.print(f"warning: {message}", style="yellow", markup=False, soft_wrap=True)
