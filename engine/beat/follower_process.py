"""The process that listens for tempo and downbeat of the line-in.

``engine.beat.follower_process MEMORY BPM BEATS``, see :mod:`engine.processes.child`.
Every two seconds it looks at the last
sixteen seconds and writes a line of JSON: tempo, time of a downbeat in the session (null where none
is found), and the time it cost. What is listened for is described in :mod:`engine.beat.features`
and :mod:`engine.beat.beats`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

from engine.beat.beats import find
from engine.beat.features import RATE, hear
from engine.beat.file_tracker import SILENT
from engine.beat.ring_reader import RingReader
from engine.dsp.arrays import Audio
from engine.dsp.tempo import Tempo
from engine.processes.speech import say
from engine.state import shared_state as b

_LOOK_S = 2.0
_LEAST_S = 4.0
_MOST_S = 16.0
_CHUNK_S = 0.1
_NICE = 10


class LineInTracker:
    """The end of the line-in as the tracker hears it.

    Args:
        shared: of the stage.
    """

    def __init__(self, shared: b.SharedState) -> None:
        self._line = RingReader(shared, "heard", _CHUNK_S)
        self._sound = np.zeros(0, np.float32)
        self._passed = 0  # samples that have left the beginning

    def hear(self) -> int:
        """Take in what is new; the number of the session, 0 while there is none."""
        news = self._line.read()
        if news.anew:
            self._sound, self._passed = np.zeros(0, np.float32), 0
        self._sound = np.concatenate([self._sound, *(part.sound for part in news.parts)])
        spare = max(0, len(self._sound) - round(_MOST_S * RATE))
        if spare:
            self._sound, self._passed = self._sound[spare:], self._passed + spare
        return news.session

    def sound(self) -> tuple[Audio, float]:
        """The last seconds, (n,) at :data:`RATE`, and when in the session they begin."""
        return self._sound, self._line.origin_s + self._passed / RATE


def look(ear: LineInTracker, expected: Tempo) -> Tempo | None:
    """Tempo and downbeat of what was played last, in seconds of the session."""
    sound, begins_s = ear.sound()
    if len(sound) < _LEAST_S * RATE or float(np.abs(sound).max()) < SILENT:
        return None
    found = find(hear(sound), expected.bpm, expected.beats_per_bar)
    return None if found is None else found.later(begins_s)


def main(shared: b.SharedState, expected: Tempo) -> None:
    """Serve until the parent is gone."""
    ear, looked = LineInTracker(shared), time.monotonic()
    while True:
        time.sleep(_CHUNK_S)
        session = ear.hear()
        if not session or time.monotonic() - looked < _LOOK_S:
            continue
        looked, began = time.monotonic(), time.process_time()
        found = look(ear, expected)
        cost_s = time.process_time() - began
        bpm, downbeat_s = (found.bpm, found.downbeat_s) if found else (None, None)
        say(session=session, bpm=bpm, downbeat_s=downbeat_s, cost_s=cost_s)


if __name__ == "__main__":
    os.nice(_NICE)  # the music comes first
    expected = Tempo(float(sys.argv[2]), beats_per_bar=int(sys.argv[3]))
    main(b.SharedState(Path(sys.argv[1])), expected)
