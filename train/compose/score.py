"""The written music: notes on a beat grid, and the notation that drum patterns are written in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from engine.dsp.tempo import Tempo

STEPS_PER_BEAT = 4
VELOCITY = {"X": 1.0, "x": 0.8, "o": 0.55, "-": 0.3}


@dataclass(frozen=True)
class Note:
    """One event.

    Attributes:
        part: who plays it: a name that the palette knows.
        beat: where it begins, in beats from the first downbeat; the pickup is negative.
        beats: how long it is held.
        pitch: MIDI pitch; parts without pitch ignore it.
        velocity: how hard, above 0 to 1.
        slide: semitones that the pitch moves by towards the end.
    """

    part: str
    beat: float
    beats: float = 0.25
    pitch: int = 60
    velocity: float = 1.0
    slide: int = 0


@dataclass(frozen=True)
class Score:
    """A piece.

    Attributes:
        tempo: its tempo and the time of its first downbeat.
        notes: the events, in time order.
        seconds: length of the recording, with what rings on after the last note.
    """

    tempo: Tempo
    notes: tuple[Note, ...]
    seconds: float

    def time_of(self, note: Note) -> float:
        """When a note begins, seconds into the recording."""
        return self.tempo.downbeat_s + note.beat * self.tempo.beat_s


@dataclass(frozen=True)
class Feel:
    """How a player departs from the grid.

    Attributes:
        swing: delay of every second sixteenth, as a part of a sixteenth.
        drift_beats: standard deviation of the timing.
        touch: standard deviation of the velocity, relative.
        late_beats: how far the player is behind the beat.
    """

    swing: float = 0.0
    drift_beats: float = 0.0
    touch: float = 0.0
    late_beats: float = 0.0

    def play(self, notes: Iterable[Note], rng: np.random.Generator) -> list[Note]:
        """The notes as this player plays them; drift is never early."""
        played = []
        for note in notes:
            late = self.late_beats + abs(rng.normal(0.0, self.drift_beats))
            if round(note.beat * STEPS_PER_BEAT) % 2:
                late += self.swing / STEPS_PER_BEAT
            velocity = note.velocity * (1.0 + rng.normal(0.0, self.touch))
            played.append(
                replace(note, beat=note.beat + late, velocity=float(np.clip(velocity, 0.05, 1.0)))
            )
        return played


def steps(part: str, beat: float, pattern: str) -> list[Note]:
    """Notes of a pattern of sixteenths.

    Args:
        part: who plays them.
        beat: where the pattern begins, in beats from the first downbeat.
        pattern: a letter each: ``X x o -`` from loud to soft, ``.`` is a rest.
    """
    return [
        Note(part, beat + step / STEPS_PER_BEAT, velocity=VELOCITY[mark])
        for step, mark in enumerate(pattern)
        if mark != "."
    ]
