"""Keys, chords in thirds, and the shortest way from one chord to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NATURAL_MINOR = (0, 2, 3, 5, 7, 8, 10)


@dataclass(frozen=True)
class Key:
    """A tonic and its scale.

    Attributes:
        tonic: pitch class, 0 is C.
        scale: semitones of the degrees above the tonic.
    """

    tonic: int
    scale: tuple[int, ...] = NATURAL_MINOR

    def diminished(self, degree: int) -> bool:
        """Whether the triad on a degree has a diminished fifth: no chord to rest on."""
        return (self.pitch(degree + 4) - self.pitch(degree)) % 12 == 6

    def pitch(self, degree: int) -> int:
        """MIDI pitch of a degree; degree 0 is the tonic of the lowest octave."""
        octave, step = divmod(degree, len(self.scale))
        return 12 * octave + self.scale[step] + self.tonic


@dataclass(frozen=True)
class Chord:
    """A ninth chord on a degree of a key, built of the key's own thirds."""

    key: Key
    degree: int

    def pitch_class(self, third: int) -> int:
        """Pitch class of the root (0), third (1), fifth (2), seventh (3) or ninth (4)."""
        return self.key.pitch(self.degree + 2 * third) % 12

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """Root, third, fifth, seventh and ninth."""
        return tuple(self.pitch_class(third) for third in range(5))


def above(pitch_class: int, lowest: int) -> int:
    """The first pitch of a class at or above a MIDI pitch."""
    return lowest + (pitch_class - lowest) % 12


def voice(chords: Sequence[Chord], lowest: int) -> list[tuple[int, ...]]:
    """Four-part voicings without the root, which belongs to the bass.

    Each chord takes the inversion nearest to the one before, so that the voices move by step.

    Args:
        chords: the progression.
        lowest: MIDI pitch below which no voice goes.

    Returns:
        One tuple of four ascending MIDI pitches for each chord.
    """
    voicings: list[tuple[int, ...]] = []
    for chord in chords:
        inversions = [
            tuple(sorted(above(pitch_class, bottom) for pitch_class in chord.pitch_classes[1:]))
            for bottom in range(lowest, lowest + 8)
        ]
        previous = voicings[-1] if voicings else inversions[0]
        voicings.append(
            min(
                inversions,
                key=lambda pitches: sum(abs(a - b) for a, b in zip(pitches, previous, strict=True)),
            )
        )
    return voicings
