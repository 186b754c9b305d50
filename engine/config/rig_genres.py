"""What a rig says of genres: whether they are named, and which slots they call."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from engine.config.rig_slot import Slot
from engine.control.genre_calls import GenreRule


class Genres(BaseModel):
    """Whether genres of line-in and line-out are named, and by which classifier: its folder; empty
    for the one that comes with the program."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    show: bool = True
    classifier: str = ""


def genre_rules(slots: Sequence[Slot]) -> list[GenreRule]:
    """Which slots the genre of the line-in calls.

    Args:
        slots: of the rig.
    """
    return [
        GenreRule(n, slot.when.genre, slot.when.for_bars)
        for n, slot in enumerate(slots)
        if slot.when is not None
    ]
