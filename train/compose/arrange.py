"""The form of a piece: sections in a row, each with its harmony and the layers that play in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from train.compose.harmony import Chord, Key, voice
from train.compose.score import Note

BEATS_PER_BAR = 4


@dataclass(frozen=True)
class Bar:
    """Where a layer is to write.

    Attributes:
        number: position in the piece, from 0.
        beat: where the bar begins.
        section_bar: position in its section, from 0.
        section_bars: length of its section.
        chord: harmony of the bar.
        voicing: the same chord in four parts, MIDI pitches.
        following: harmony of the next bar.
    """

    number: int
    beat: float
    section_bar: int
    section_bars: int
    chord: Chord
    voicing: tuple[int, ...]
    following: Chord

    @property
    def opens(self) -> bool:
        """Whether it is the first of its section."""
        return self.section_bar == 0

    @property
    def closes(self) -> bool:
        """Whether it is the last of its section."""
        return self.section_bar == self.section_bars - 1


Layer = Callable[[Bar], Iterable[Note]]
"""Writes one strand of the music into a bar."""


@dataclass(frozen=True)
class Section:
    """A stretch of the piece.

    Attributes:
        layers: names of the layers that play.
        degrees: degree of the chord of each bar.
    """

    layers: tuple[str, ...]
    degrees: tuple[int, ...]


def arrange(
    sections: Sequence[Section], layers: Mapping[str, Layer], key: Key, lowest: int
) -> list[Note]:
    """Let each section's layers write its bars.

    Args:
        sections: the form.
        layers: by the names that the sections use.
        key: of all chords.
        lowest: MIDI pitch below which no chord voicing goes.

    Returns:
        The notes in time order.
    """
    chords = [Chord(key, degree) for section in sections for degree in section.degrees]
    voicings = voice(chords, lowest)
    harmony = zip(pairwise([*chords, chords[-1]]), voicings, strict=True)
    places = [
        (section, section_bar)
        for section in sections
        for section_bar in range(len(section.degrees))
    ]
    notes: list[Note] = []
    for number, ((section, section_bar), ((chord, following), voicing)) in enumerate(
        zip(places, harmony, strict=True)
    ):
        bar = Bar(
            number=number,
            beat=float(number * BEATS_PER_BAR),
            section_bar=section_bar,
            section_bars=len(section.degrees),
            chord=chord,
            voicing=voicing,
            following=following,
        )
        notes += chain.from_iterable(layers[name](bar) for name in section.layers)
    return sorted(notes, key=lambda note: (note.beat, note.part, note.pitch))
