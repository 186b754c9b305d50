"""The follower, kept alive: tempo and downbeat of the line-in, from a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.control.follow_clock import TempoEstimate
from engine.dsp.tempo import Tempo
from engine.processes import messages as said
from engine.processes.children import Helper
from engine.state import shared_state as b


class Follower:
    """Listens for the tempo.

    Args:
        shared: of the stage.
        expected: its tempo decides between a tempo and its double, and its bars are as long as
            those that are looked for.
        note: told what is odd about its process.

    Attributes:
        load: share of a core that it takes.
    """

    def __init__(
        self,
        shared: b.SharedState,
        expected: Tempo,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._shared, self._beats_per_bar = shared, expected.beats_per_bar
        arguments = str(shared.path), str(expected.bpm), str(expected.beats_per_bar)
        self._helper = Helper("engine.beat.follower_process", *arguments, note=note)
        self._last_s = self.load = 0.0

    def fetch(self, heard: Callable[[TempoEstimate | None], None]) -> None:
        """Hand over the looks since the last time; their downbeats are seconds of the session."""
        for line in self._helper.hear(said.FOLLOWER.validate_python):
            if not isinstance(line, said.Looked):
                continue
            now = time.monotonic()
            self.load = line.cost_s / max(now - self._last_s, 1e-3) if self._last_s else 0.0
            self._last_s = now
            if line.session == self._shared.device.session:
                if line.bpm is None or line.downbeat_s is None:
                    heard(None)
                else:
                    heard(TempoEstimate(line.bpm, line.downbeat_s, self._beats_per_bar))

    def stop(self) -> None:
        """End it."""
        self._helper.stop()
