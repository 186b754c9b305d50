"""A progress bar for what is done in steps with a loss."""

from __future__ import annotations

from rich.progress import Progress, TaskID

from train.style.instruments import Told


def telling(bar: Progress, task: TaskID, what: str) -> Told:
    """What a bar is told with.

    Args:
        bar: it.
        task: of the bar.
        what: is being done.
    """

    def told(done: int, of: int, loss: float) -> None:
        words = f"{what}, loss {loss:.3f}" if loss else what
        bar.update(task, completed=done, total=of, description=words)

    return told
