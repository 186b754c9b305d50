"""The controller's ear for genres: what is shown of them, and slots that the music calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine.config.rig import Rig
from engine.config.rig_genres import genre_rules
from engine.control.genre_calls import GenreCalls
from engine.control.switching import Switching
from engine.dsp.tempo import Tempo
from engine.genres.watch import GenreWatch, Named
from engine.state import shared_state as b


class MusicCalls:
    """Listens if there is a rule, or somebody who wants to see.

    Args:
        shared: of the stage.
        rig: that is played.
        live: whether anybody plays; a file that is rendered is not listened to.
        note: told what the performer may want to know.

    Attributes:
        watch: what listens; None while nothing does.
    """

    def __init__(
        self, shared: b.SharedState, rig: Rig, live: bool, note: Callable[[str], None]
    ) -> None:
        self._shared, self._note, self._live = shared, note, live
        self._genres, self._rules = rig.genres, genre_rules(rig.slots)
        self._calls = GenreCalls(self._rules)
        self.watch: GenreWatch | None = None
        if self._rules:
            self._listen()

    @property
    def words(self) -> str:
        """What line-in and line-out are called; empty while nothing is known."""
        return "" if self.watch is None else self.watch.named.words

    def show(self) -> None:
        """Somebody wants to see: listen, unless the rig does not want that."""
        if self._genres.show:
            self._listen()

    def _listen(self) -> None:
        if self.watch is None and self._live:
            place = Path(self._genres.classifier) if self._genres.classifier else None
            wanted = tuple(rule.genre for rule in self._rules)
            self.watch = GenreWatch(self._shared, place, self._note, wanted)

    def fetch(self, now_s: float, tempo: Tempo, switching: Switching) -> None:
        """Hear what was said since the last time.

        Args:
            now_s: seconds, as the tempo counts them.
            tempo: by which bars are counted.
            switching: where a slot is called.
        """
        if self.watch is not None:
            self.watch.fetch(partial(self.hear, now_s, tempo, switching))

    def hear(self, now_s: float, tempo: Tempo, switching: Switching, named: Named) -> None:
        """Call the slot that the music asks for; arguments as of :meth:`fetch`.

        Args:
            now_s: see there.
            tempo: see there.
            switching: see there.
            named: what line-in and line-out are called.
        """
        rule = self._calls.hear(named.line_in, tempo.beats_at(now_s) / tempo.beats_per_bar)
        pending = switching.pending
        if rule is None or rule.slot in (switching.active, pending and pending.slot):
            return
        switching.call(rule.slot, now_s, tempo)
        self._note(f"slot {rule.slot + 1} is called: {rule.genre} for {rule.for_bars:g} bars")

    def stop(self) -> None:
        """End what listens."""
        if self.watch is not None:
            self.watch.stop()
