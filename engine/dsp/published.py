"""What inference publishes and the signal path reads: gains, with the time that they are for.

Of a streaming generator the answers, by the number of the column after which they were given; of
one that restyles windows the newest images. The arrays lie in memory of one process, or of several.
The number of a record is written last, and taken away before it is written over, so that a reader
never takes half of one for whole (sequence lock: Lamport, "Concurrent reading and writing", 1977).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.gain import GainImage
from engine.dsp.streaming import LEADS
from engine.dsp.window import WindowSnapshot
from engine.machine_code import compiled, fence

ANSWERS = 2048
"""Answers that are kept: of 23.8 s, four bars at 41 BPM."""
RECENT = 32
"""Answers of which those for columns farther ahead are kept too."""
IMAGES = 8
"""Images that are kept: more than are read at once, so that the writer is never in their way."""
NEVER = 1 << 62
"""From when on an image is read that nobody read."""
NONE = -(1 << 62)
"""Number of a record that there is not."""

ANSWER = np.dtype(
    [("column", "<i8"), ("from_sample", "<i8"), ("noisy", "<i4"), ("level", "<f4")], align=True
)
"""``column`` after which it was given; ``from_sample`` of the feed on it may be read; ``level`` of
the feed there, a mean square."""
IMAGE = np.dtype(
    [
        ("number", "<i8"),
        ("from_sample", "<i8"),
        ("start", "<f8"),
        ("hop", "<f8"),
        ("newest", "<f8"),
        ("reach", "<f8"),
        ("period", "<f8"),
        ("width", "<i8"),
        ("circular", "<i4"),
        ("noisy", "<i4"),
    ],
    align=True,
)
"""``number`` from 1; ``from_sample`` of the feed on it may be read; the rest as in
:class:`engine.dsp.window.WindowSnapshot`."""


class Published(NamedTuple):
    """Of each slot.

    Attributes:
        answer: (slots, answers) of :data:`ANSWER`.
        answer_gain, answer_noise: for the nearest column, dB, and variance a sample, (slots,
            answers, bands).
        ahead: column after which the answers for those behind it were given, (slots, recent).
        ahead_gain, ahead_noise: for these, (slots, recent, leads − 1, bands).
        answered_from: first column that was answered since columns are, (slots,).
        image: (slots, images) of :data:`IMAGE`.
        image_gain, image_noise: dB, and variance a sample, (slots, images, width, bands).
        image_level: mean square of the feed, (slots, images, width).
        generated: the generated image, dB at the level of the feed; width 0 where nobody looks.
        newest: number of the newest image, (slots,).
    """

    answer: Array
    answer_gain: Array
    answer_noise: Array
    ahead: Array
    ahead_gain: Array
    ahead_noise: Array
    answered_from: Array
    image: Array
    image_gain: Array
    image_noise: Array
    image_level: Array
    generated: Array
    newest: Array


def parts_of(
    slots: int, bands: int, answers: int, width: int, generated: int = 0, images: int = IMAGES
) -> list[tuple[str, tuple[int, ...], np.dtype[np.void] | str]]:
    """Name, shape and type of each array.

    Args:
        slots: number of slots.
        bands: of the log-mel image.
        answers: kept of a streaming generator; 0 where there is none.
        width: of the widest image; 0 where no generator makes one.
        generated: width of the generated images that are kept beside the gains.
        images: that are kept.
    """
    images, recent = images if width else 0, min(RECENT, answers)
    farther = slots, recent, len(LEADS) - 1, bands
    return [
        ("answer", (slots, answers), ANSWER),
        ("answer_gain", (slots, answers, bands), "f4"),
        ("answer_noise", (slots, answers, bands), "f4"),
        ("ahead", (slots, recent), "i8"),
        ("ahead_gain", farther, "f4"),
        ("ahead_noise", farther, "f4"),
        ("answered_from", (slots,), "i8"),
        ("image", (slots, images), IMAGE),
        ("image_gain", (slots, images, width, bands), "f4"),
        ("image_noise", (slots, images, width, bands), "f4"),
        ("image_level", (slots, images, width), "f4"),
        ("generated", (slots, images, generated, bands), "f4"),
        ("newest", (slots,), "i8"),
    ]


def published(slots: int, bands: int, answers: int, width: int, generated: int = 0) -> Published:
    """Nothing published yet, in memory of this process; the arguments are those of
    :func:`parts_of`."""
    parts = parts_of(slots, bands, answers, width, generated)
    made = Published(*(np.zeros(shape, kind) for _, shape, kind in parts))
    clear(made)
    return made


def clear(what: Published) -> None:
    """As if nothing had been published."""
    what.answer["column"] = NONE
    what.image["number"] = what.ahead[:] = NONE
    what.answered_from[:], what.newest[:] = -NONE, 0


class Publisher:
    """Writes what a slot's inference has made.

    Args:
        where: to publish.
        slot: its number, from 0.
        origin: sample of the path's time at which that of the images begins.
    """

    def __init__(self, where: Published, slot: int, origin: int = 0) -> None:
        self._all, self._slot, self._origin = where, slot, origin
        self._width = where.image_gain.shape[2]

    @property
    def images(self) -> int:
        """Published so far."""
        return int(self._all.newest[self._slot])

    def has(self, column: int) -> bool:
        """Whether there is the answer that is given after a column."""
        rows = self._all.answer[self._slot]
        return bool(rows["column"][column % len(rows)] == column)

    def answers_from(self, column: int | None) -> None:
        """Columns are answered from this one on; None for none any more."""
        self._all.answered_from[self._slot] = -NONE if column is None else column

    def answer(
        self, column: int, gain: Array, noise: Array | None, level: float, from_sample: int
    ) -> None:
        """Publish the answer that was given after a column.

        Args:
            column: its number.
            gain: dB, (leads, bands).
            noise: variance a sample and band, (leads, bands); None for none.
            level: mean square of the feed.
            from_sample: time from which on it may be read.
        """
        rows = self._all.answer[self._slot]
        at = column % len(rows)
        withdraw(rows[at : at + 1]["column"])
        rows["level"][at], rows["noisy"][at] = level, noise is not None
        rows["from_sample"][at] = from_sample
        ahead = self._all.ahead[self._slot]
        near = column % len(ahead)
        withdraw(ahead[near : near + 1])
        self._all.answer_gain[self._slot, at] = gain[0]
        self._all.ahead_gain[self._slot, near] = gain[1:]
        if noise is not None:
            self._all.answer_noise[self._slot, at] = noise[0]
            self._all.ahead_noise[self._slot, near] = noise[1:]
        number(ahead[near : near + 1], column)
        number(rows[at : at + 1]["column"], column)

    def image(self, image: GainImage, from_sample: int) -> int:
        """Publish an image; its number.

        Args:
            image: of the feed of this slot.
            from_sample: time from which on it may be read.
        """
        image = image.around_newest(self._width)
        source, width = image.source, len(image.level)
        count = self.images + 1
        records = self._all.image[self._slot]
        at = count % len(records)
        record = records[at : at + 1]
        withdraw(record["number"])
        record["from_sample"], record["width"] = from_sample, width
        record["start"], record["newest"] = (
            source.start + self._origin,
            source.newest + self._origin,
        )
        record["hop"], record["reach"] = source.hop, source.reach
        record["period"], record["circular"] = source.period, source.circular
        record["noisy"] = image.noise is not None
        self._all.image_gain[self._slot, at, :width] = image.gain_db
        self._all.image_level[self._slot, at, :width] = image.level
        if image.noise is not None:
            self._all.image_noise[self._slot, at, :width] = image.noise
        if self._all.generated.shape[2]:
            self._all.generated[self._slot, at, :width] = image.generated_db
        number(record["number"], count)
        number(self._all.newest[self._slot : self._slot + 1], count)
        return count


def compile_publishing() -> None:
    """Have the machine code there, compiled or from the disk, before something is published."""
    rows = np.zeros((8, 2), np.float32)
    source = WindowSnapshot(rows, rows[:, 0], 0.0, 1.0, 8.0, 8.0, 8.0, True)
    publisher = Publisher(published(1, 2, RECENT, 8), 0)
    publisher.image(GainImage(rows, rows, rows, rows[:, 0].copy(), source), 0)
    publisher.answer(0, np.zeros((len(LEADS), 2)), None, 0.0, 0)


@compiled()
def withdraw(place):  # type: ignore[no-untyped-def]
    """A record is going to be written over."""
    place[0] = NONE
    fence()


@compiled()
def number(place, value):  # type: ignore[no-untyped-def]
    """A record has been written."""
    fence()
    place[0] = value
    fence()
