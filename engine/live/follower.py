"""The follower, kept alive: tempo and downbeat of the line-in, from a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.control.follow_clock import Look
from engine.dsp.tempo import Tempo
from engine.live import board as b
from engine.live import said
from engine.live.processes import Helper


class Follower:
    """Listens for the tempo.

    Args:
        board: of the stage.
        expected: its tempo decides between a tempo and its double, and its bars are as long as
            those that are looked for.
        note: told what is odd about its process.

    Attributes:
        load: share of a core that it takes.
    """

    def __init__(
        self,
        board: b.Board,
        expected: Tempo,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._board, self._beats_per_bar = board, expected.beats_per_bar
        arguments = str(board.path), str(expected.bpm), str(expected.beats_per_bar)
        self._helper = Helper("engine.live.follower_process", *arguments, note=note)
        self._last_s = self.load = 0.0

    def fetch(self, heard: Callable[[Look | None], None]) -> None:
        """Hand over the looks since the last time; their downbeats are seconds of the session."""
        for line in self._helper.hear(said.FOLLOWER.validate_python):
            if not isinstance(line, said.Looked):
                continue
            now = time.monotonic()
            self.load = line.cost_s / max(now - self._last_s, 1e-3) if self._last_s else 0.0
            self._last_s = now
            if line.session == self._board.device.session:
                if line.bpm is None or line.downbeat_s is None:
                    heard(None)
                else:
                    heard(Look(line.bpm, line.downbeat_s, self._beats_per_bar))

    def stop(self) -> None:
        """End it."""
        self._helper.stop()
