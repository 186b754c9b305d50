"""The row of the screen that says where the set stands."""

from __future__ import annotations

from rich.text import Text

from engine.cli.rows import beside
from engine.host.observer import SetStatus
from engine.text import printable


def set_rows(songs: SetStatus | None, width: int) -> list[Text]:
    """The part that is heard, and the one that comes next; nothing where no set is played.

    Args:
        songs: where the set stands.
        width: of the row, cells.
    """
    if songs is None:
        return []
    now, coming = Text(), Text()
    if songs.at >= 0:
        part = songs.parts[songs.at]
        now.append(f"{printable(part.song)}: {printable(part.name)}", style="bold")
        now.append(f"  {printable(part.notes)}" if part.notes else "", style="cyan")
    is_called = songs.called is not None
    after = songs.at + 1 if songs.called is None else songs.called
    if 0 <= after < len(songs.parts):
        part = songs.parts[after]
        song = f"{printable(part.song)}: " if part.first else ""
        coming.append(f"{'◆' if is_called else 'next'} {song}{printable(part.name)}")
        coming.stylize("bold yellow" if is_called else "dim")
    return [beside(now, coming, width)]
