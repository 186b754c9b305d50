"""The meter of genres, kept alive: what line-in and line-out are called, from a process of its
own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.processes import messages as said
from engine.processes.children import Helper
from engine.state import shared_state as b


@dataclass(frozen=True)
class Named:
    """Shares of genres of both lines; empty for silence, and before anything is known."""

    line_in: Mapping[str, float] = field(default_factory=dict)
    line_out: Mapping[str, float] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """As a screen or a page shows it; empty where nothing is known of either."""
        sides = (("in", self.line_in), ("out", self.line_out))
        return ", ".join(f"{side}: {best(of)}" for side, of in sides if of)


def best(shares: Mapping[str, float]) -> str:
    """The genre that is likeliest, in words; empty without any.

    Args:
        shares: by genre.
    """
    if not shares:
        return ""
    genre = max(shares, key=lambda name: shares[name])
    return f"{genre} {shares[genre]:.0%}".replace("%", " %")


class GenreWatch:
    """Listens to what is played.

    Args:
        shared: of the stage.
        classifier: its folder; None for the one that comes with the program.
        note: told what is odd about its process.
        wanted: genres that a rig asks for; one that there is none of is told of.

    Attributes:
        named: what was said last.
        cost_s: time of a core that a look at both lines takes.
    """

    def __init__(
        self,
        shared: b.SharedState,
        classifier: Path | None = None,
        note: Callable[[str], None] = lambda text: None,
        wanted: tuple[str, ...] = (),
    ) -> None:
        arguments = (str(shared.path), *([str(classifier)] if classifier else []))
        self._helper = Helper("engine.genres.genre_process", *arguments, note=note)
        self._shared, self._note, self._wanted = shared, note, wanted
        self.named, self.cost_s = Named(), 0.0

    def fetch(self, heard: Callable[[Named], None]) -> None:
        """Hand over what was said since the last time."""
        for line in self._helper.hear(said.GENRES.validate_python):
            match line:
                case said.GenresKnown(genres=known):
                    for genre in self._wanted:
                        if genre not in known:
                            there = ", ".join(known)
                            self._note(f"no genre {genre!r}: the classifier knows {there}")
                case said.GenresHeard() if line.session == self._shared.device.session:
                    self.named = Named(line.line_in, line.line_out)
                    self.cost_s = line.cost_s
                    heard(self.named)

    def stop(self) -> None:
        """End it."""
        self._helper.stop()
