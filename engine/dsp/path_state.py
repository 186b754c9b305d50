"""What the signal path remembers, as one typed structure, and the rows that it notes.

The records are read by name in Python and in machine code alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.gain import Quality
from engine.dsp.kernel_plan import KernelPlan
from engine.dsp.published import Published
from engine.machine_code import compiled, fence

FRESH, PREDICTED, HELD, DRY = range(len(Quality))
"""Qualities in the order of :class:`engine.dsp.gain.Quality`."""
KIND_DRY, KIND_WINDOW, KIND_STREAMING = range(3)
"""Of the generator of a slot: none, one that restyles windows, one that answers column by column.
"""
HOLD_S = 0.5
"""How long the last gain is held once nothing knows the instant."""
MOST_IMAGES = 4
"""That a slot chooses among."""
PHRASE_AGO, NOTHING = 100, 101
"""What a column is heard by where no answer is there, beside the numbers of the leads."""
NOBODY, CROSSED = -1, -2
"""In the place of a slot that is being faded from: none, or the two of the crossfader."""
TAKEN, TEMPO, SWITCH, CROSS, AMOUNT, HEARD_BY, OPENED, TURNED, FED = 4, 5, 6, 7, 8, 14, 20, 21, 22
"""Kinds of the rows that are noted, see :mod:`engine.state.journal`."""
ROWS, VALUES = 1 << 12, 5
"""Of a ring of rows: kind, sample, and three values."""

STATE = np.dtype(
    [
        # What does not change while a session lasts.
        ("hop", "<i8"),
        ("held_back", "<i8"),  # samples by which the frames are behind the feed
        ("centre", "<i8"),  # samples from a frame's end back to where its gain takes effect
        ("late", "<i8"),  # samples by which what a frame makes begins before its last hop
        ("channels", "<i8"),
        ("images", "<i8"),  # among which a slot chooses
        ("edge", "<i4"),  # whether the window is used without a clock
        ("blends", "<i4"),  # whether predicted images fade into each other
        ("law", "<i8"),
        ("side", "<i8", (2,)),  # slots of the crossfader; NOBODY for none
        ("rate", "<f8"),
        ("column", "<f8"),  # samples from one column of the images to the next
        # Where it is: sample of the feed up to which hops were made, and rows noted.
        ("at", "<i8"),
        ("noted", "<i8"),
        ("fed", "<i8"),  # sample up to which effects before generators have given sound
        # The clock.
        ("tempo_known", "<i8"),
        ("phrase_columns", "<i8"),
        ("changed", "<i8"),  # column from which on the music goes at this tempo
        ("bar_s", "<f8"),
        ("downbeat_s", "<f8"),
        # Which slots are heard; see engine.dsp.slot_mix.
        ("active", "<i8"),
        ("leaving", "<i8"),
        ("called", "<i8"),
        ("due", "<i8"),
        ("begun", "<i8"),
        ("switches", "<i8"),
        ("crossed", "<i8"),
        ("both_since", "<i8"),
        ("length", "<f8"),
        ("place", "<f8"),
        ("hand", "<f8"),
        ("fade_likeness", "<f8", (3,)),
        ("side_likeness", "<f8", (3,)),
    ],
    align=True,
)
SLOT = np.dtype(
    [
        ("kind", "<i8"),
        ("source", "<i8"),  # of its feed: 0, or what effects before its generator make of it
        ("out", "<i4"),  # whether its generator has failed for good
        ("match", "<i8"),
        ("level", "<f8"),
        ("wanted", "<f8"),  # amount
        ("amount", "<f8"),
        ("runs", "<i4"),
        ("heard", "<i4"),
        # Loudness of the feed and of what is made of it; energy of that, and of its noise.
        ("feed_power", "<f8"),
        ("own_power", "<f8"),
        ("energy", "<f8"),
        ("noise_energy", "<f8"),
        # How much of the effect there is.
        ("wet", "<f8"),
        ("had", "<i4"),
        ("lost", "<i4"),
        ("lost_bar", "<i8"),
        ("quality", "<i8"),
        ("hops", "<i8", (len(Quality),)),
        ("late_gains", "<i8"),
        # The gains of this hop.
        ("row_noisy", "<i8"),
        ("row_level", "<f8"),
        ("newest", "<f8"),
        ("known_until", "<f8"),
        # Of images.
        ("taken", "<i8"),
        ("image_numbers", "<i8", (MOST_IMAGES,)),
        ("images_kept", "<i8"),
        ("current", "<i8"),
        ("before", "<i8"),
        ("blend", "<f8"),
        # Of answers: the two columns beside the instant.
        ("pair", "<i8", (2,)),
        ("known", "<i8", (2,)),
        ("by", "<i8", (2,)),
        ("noisy", "<i8", (2,)),
        ("answered", "<i8", (2,)),
        ("answer_level", "<f8", (2,)),
        ("last_by", "<i8"),
        ("decided", "<i8"),
    ],
    align=True,
)


class GainReader(NamedTuple):
    """What the gains of an instant are read with; see :mod:`engine.dsp.gain_reader`.

    Attributes:
        state: (1,) of :data:`STATE`.
        slots: (slots,) of :data:`SLOT`.
        rows: noted, (ROWS, VALUES).
        published: what inference has published.
        gain, noise, generated: of this hop, (slots, bands).
        pair_gain, pair_noise: of two columns in a row, (slots, 2, bands).
        decided: of each slot what its columns are heard by, (slots, rows, 2) of column and answer;
            no rows where that is to be found out.
    """

    state: Array
    slots: Array
    rows: Array
    published: Published
    gain: Array
    noise: Array
    generated: Array
    pair_gain: Array
    pair_noise: Array
    decided: Array


class Sound(NamedTuple):
    """What the sound of a slot is made with; see :mod:`engine.dsp.kernel`.

    Attributes:
        state, slots, gain, noise: see :class:`GainReader`.
        plan: tables that do not change.
        feed: rings, (sources, channels, ring): the feed, and what effects before a generator make
            of it; sample t lies at t modulo the ring.
        spectrum: of each source's newest frame, (sources, pairs, 2, n_fft).
        analysed: sample at which that frame ends, (sources,).
        recent: mean squares of the last hops of each source, (sources, hops, channels).
        tail: what has still to be added to what comes, (slots, 2·pairs, reach − hop).
        made: spectrum of what is made, (pairs, 2, n_fft).
        work: of the transform, (2, n_fft).
        curve: gain and noise of each bin, (2, bins).
        factors: of the noise, (2·pairs,).
        sound: of this hop, (slots, channels, hop).
    """

    state: Array
    slots: Array
    gain: Array
    noise: Array
    plan: KernelPlan
    feed: Array
    spectrum: Array
    analysed: Array
    recent: Array
    tail: Array
    made: Array
    work: Array
    curve: Array
    factors: Array
    sound: Array


class Mix(NamedTuple):
    """What slots are mixed with; see :mod:`engine.dsp.slot_mix`.

    Attributes:
        state, slots: see :class:`GainReader`.
        sound: see :class:`Sound`.
        weight: of each slot, sample by sample, (slots, hop).
        old: what is being faded from, (channels, hop).
        ran: whether each slot ran in the hop before, (slots,).
        parts: share of each slot in what is heard, (slots, channels, ring): a ring, or of length 0
            where nobody asks for them.
        running: whether each slot ran, (slots, ring), by the number of the hop, for the same.
        out: ring of what is heard of all slots, (channels, ring).
    """

    state: Array
    slots: Array
    sound: Array
    weight: Array
    old: Array
    ran: Array
    parts: Array
    running: Array
    out: Array


class Path(NamedTuple):
    """The signal path: three groups of arrays, some of which are in several."""

    reader: GainReader
    sounds: Sound
    mix: Mix

    @property
    def state(self) -> Array:
        """See :class:`GainReader`."""
        return self.reader.state

    @property
    def slots(self) -> Array:
        """See :class:`GainReader`."""
        return self.reader.slots


@compiled()
def note(rows, state, kind, at, one, two=0.0, three=0.0):  # type: ignore[no-untyped-def]
    """Note what was decided.

    Args:
        rows: ring of the path's rows, (ROWS, VALUES).
        state: record of the path, which counts them.
        kind: of row, see :class:`engine.state.journal.Kind`.
        at: sample of the feed at which it took effect.
        one: first value, called as :data:`engine.state.journal.NAMES` says.
        two: second value.
        three: third value.
    """
    row = rows[state.noted % len(rows)]
    row[0], row[1], row[2], row[3], row[4] = kind, at, one, two, three
    fence()
    state.noted += 1
