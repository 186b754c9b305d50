"""The gains for an instant from answers to columns: column c is heard by the one that was given
``LEADS[0]`` columns before, and where that is not there in time by one from farther back, then by
what was heard a phrase ago; see :mod:`engine.dsp.gain_reader`."""

from __future__ import annotations

import numpy as np

from engine.dsp.gain_images import between
from engine.dsp.path_state import (
    DRY,
    FRESH,
    HEARD_BY,
    HELD,
    HOLD_S,
    NOTHING,
    PHRASE_AGO,
    PREDICTED,
    note,
)
from engine.dsp.streaming import LEADS
from engine.machine_code import fence, internal

_LEADS = np.array(LEADS)


@internal()
def read_answers(reader, slot, instant):  # type: ignore[no-untyped-def]
    """The gains between two columns of a stream, each heard by the answer that was decided for it
    when it was first needed.

    Args:
        reader: of the signal path; its rows of gains and noise are written.
        slot: its number, from 0.
        instant: for which the gains are, samples of the feed.

    Returns:
        FRESH, PREDICTED, HELD or DRY.
    """
    state, me = reader.state[0], reader.slots[slot]
    place = instant / state.column
    left = int(np.floor(place))
    if me.pair[0] != left:
        is_next = me.pair[1] == left
        if is_next:
            _move_up(reader, slot)
        for side in range(1 if is_next else 0, 2):
            _decide(reader, slot, side, left + side)
    if not (me.known[0] or me.known[1]):
        return HELD if me.had and instant < me.known_until else DRY
    one = 0 if me.known[0] else 1
    other = 1 if me.known[1] else 0
    weight = place - left
    share = np.float32(weight)
    between(reader.gain[slot], reader.pair_gain[slot], one, other, share)
    me.row_noisy = 1 if me.noisy[one] or me.noisy[other] else 0
    if me.row_noisy:
        between(reader.noise[slot], reader.pair_noise[slot], one, other, share)
    me.row_level = me.answer_level[one] * (1.0 - weight) + me.answer_level[other] * weight
    me.newest = max(me.answered[one], me.answered[other]) * state.column
    me.known_until = instant + HOLD_S * state.rate
    me.had = 1
    fresh = me.known[0] and me.known[1] and me.by[0] == 0 and me.by[1] == 0
    return FRESH if fresh else PREDICTED


@internal()
def _move_up(reader, slot):  # type: ignore[no-untyped-def]
    """What was decided for the right column, which is the left one now."""
    me = reader.slots[slot]
    me.pair[0], me.known[0], me.by[0] = me.pair[1], me.known[1], me.by[1]
    me.noisy[0], me.answer_level[0], me.answered[0] = (
        me.noisy[1],
        me.answer_level[1],
        me.answered[1],
    )
    _copy(reader.pair_gain[slot, 1], reader.pair_gain[slot, 0])
    _copy(reader.pair_noise[slot, 1], reader.pair_noise[slot, 0])


@internal()
def _copy(row, to):  # type: ignore[no-untyped-def]
    for k in range(len(row)):
        to[k] = row[k]


@internal()
def _decide(reader, slot, side, column):  # type: ignore[no-untyped-def]
    """What a column is heard by."""
    state, me = reader.state[0], reader.slots[slot]
    by = _choose(reader, slot, side, column)
    me.pair[side], me.by[side], me.known[side] = column, by, 1 if by != NOTHING else 0
    awaited = column >= reader.published.answered_from[slot] + _LEADS[0]
    if by > 0 and awaited:
        me.late_gains += 1
    if by != me.last_by:
        me.last_by = by
        note(reader.rows, state, HEARD_BY, state.at, slot, column, by)


@internal()
def _choose(reader, slot, side, column):  # type: ignore[no-untyped-def]
    """Copy the answer for a column into the pair; by which it is."""
    state, me = reader.state[0], reader.slots[slot]
    decided = reader.decided[slot]
    forced = -1
    if len(decided):
        while me.decided < len(decided) and decided[me.decided, 0] <= column:
            me.last_by = decided[me.decided, 1]
            me.decided += 1
        forced = me.last_by
    for lead in range(len(_LEADS)):
        wanted = forced < 0 or lead == forced
        if wanted and _copied(reader, slot, side, column - _LEADS[lead], lead):
            return lead
    clock = state.tempo_known and not state.edge
    if clock and (forced < 0 or forced == PHRASE_AGO):
        ago = column - state.phrase_columns
        nearest: np.int64 = np.int64(0)  # of the type that a loop gives: compiled once for both
        if ago > state.changed and _copied(reader, slot, side, ago - _LEADS[0], nearest):
            return PHRASE_AGO
    return NOTHING


@internal()
def _copied(reader, slot, side, answered, lead):  # type: ignore[no-untyped-def]
    """Copy an answer, if it is there, and whole."""
    me, what = reader.slots[slot], reader.published
    at = answered % what.answer.shape[1]
    record = what.answer[slot, at]
    if record.column != answered or record.from_sample > reader.state[0].at:
        return False
    fence()
    near = answered % what.ahead.shape[1]
    if lead and what.ahead[slot, near] != answered:
        return False
    me.noisy[side], me.answer_level[side], me.answered[side] = record.noisy, record.level, answered
    gain, noise = reader.pair_gain[slot, side], reader.pair_noise[slot, side]
    if lead:
        _copy(what.ahead_gain[slot, near, lead - 1], gain)
    else:
        _copy(what.answer_gain[slot, at], gain)
    if not record.noisy:
        noise[:] = 0.0
    elif lead:
        _copy(what.ahead_noise[slot, near, lead - 1], noise)
    else:
        _copy(what.answer_noise[slot, at], noise)
    fence()
    return record.column == answered and (lead == 0 or what.ahead[slot, near] == answered)
