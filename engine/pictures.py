"""What all pictures share: drawing without a screen, and a file that is whole or not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.errors import OutputError


def pyplot() -> Any:
    """Matplotlib without a window; a second to import, so only when there is a picture to draw."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    return plt


def save(figure: Any, path: Path) -> Path:
    """Write a figure as PNG and forget it.

    Raises:
        OutputError: the file cannot be written; no half of it is left.
    """
    try:
        figure.savefig(path)
    except OSError as fault:
        path.unlink(missing_ok=True)
        raise OutputError(
            str(path), f"cannot be written ({fault.strerror})", cure="Choose another folder."
        ) from fault
    finally:
        pyplot().close(figure)
    return path


def hertz_labels(hertz: Any) -> list[str]:
    """Frequencies as an axis names them."""
    return [f"{h:g}" if h < 1000 else f"{h / 1000:g}k" for h in hertz]
