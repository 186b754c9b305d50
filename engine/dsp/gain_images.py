"""The gains for an instant from images of windows: the newest that is fresh there, or that predicts
it; see :mod:`engine.dsp.gain_reader`."""

from __future__ import annotations

import numpy as np

from engine.dsp.path_state import DRY, FRESH, HELD, HOLD_S, PREDICTED, TAKEN, note
from engine.dsp.published import NEVER, NONE
from engine.machine_code import fence, internal

_BLEND_S = 0.010  # from one predicted image to the next; a fresh gain would be late by as much
_AFTER = 1e-3  # columns: an image knows a circle but for its seam


@internal()
def read_images(reader, slot, instant):  # type: ignore[no-untyped-def]
    """The gains from images of windows.

    Args:
        reader: of the signal path; its rows of gains and noise are written.
        slot: its number, from 0.
        instant: for which the gains are, samples of the feed.

    Returns:
        FRESH, PREDICTED, HELD or DRY.
    """
    state, me = reader.state[0], reader.slots[slot]
    images = reader.published.image[slot]
    _take(reader, slot, images, instant)
    quality, chosen = DRY, NONE
    for i in range(me.images_kept - 1, -1, -1):  # the newest that is fresh, or else predicts it
        record = images[me.image_numbers[i] % len(images)]
        if record.number != me.image_numbers[i]:
            continue
        found = _knows(record, instant)
        if found == FRESH:
            quality, chosen = found, me.image_numbers[i]
            break
        if found == PREDICTED and chosen == NONE:
            quality, chosen = found, me.image_numbers[i]
    if chosen == NONE:
        if me.images_kept:
            after = instant - me.known_until
            if 0.0 < after <= HOLD_S * state.rate:
                return HELD
        return DRY
    if chosen != me.current:
        me.before, me.current, me.blend = me.current, chosen, 0.0
    _read_images(reader, slot, instant, quality)
    return quality


@internal()
def _take(reader, slot, images, instant):  # type: ignore[no-untyped-def]
    """Images that were published meanwhile, unless they come too late for anything."""
    state, me = reader.state[0], reader.slots[slot]
    newest = reader.published.newest[slot]
    fence()
    while me.taken < newest:
        count = max(me.taken + 1, newest - len(images) + 1)
        record = images[count % len(images)]
        if record.number == count and state.at < record.from_sample < NEVER:
            return
        me.taken = count
        if record.number != count or record.from_sample == NEVER:
            continue
        note(reader.rows, state, TAKEN, state.at, slot, count)
        if _knows(record, instant) == HELD and instant > record.newest:
            me.late_gains += 1
            continue
        if me.images_kept == state.images:
            for i in range(me.images_kept - 1):
                me.image_numbers[i] = me.image_numbers[i + 1]
            me.images_kept -= 1
        me.image_numbers[me.images_kept] = count
        me.images_kept += 1
        me.known_until = record.newest + record.reach
        me.newest = record.newest


@internal()
def _knows(record, instant):  # type: ignore[no-untyped-def]
    """How well an image knows an instant; the window of a column reaches one hop further."""
    ahead = (instant - record.newest) / record.hop
    oldest = np.ceil(record.period) - 1 + _AFTER
    if -oldest <= ahead <= 1.0:
        return FRESH
    return PREDICTED if 0 < ahead <= record.reach / record.hop else HELD


@internal()
def _place(record, instant):  # type: ignore[no-untyped-def]
    """Columns on both sides of an instant, and the weight of the second."""
    column = (instant - record.start) / record.hop
    if record.circular:
        column %= record.period
    column = min(max(column, 0.0), record.width - 1.0)
    left = int(column)
    return left, (left + 1) % record.width, column - left


@internal()
def _read_images(reader, slot, instant, quality):  # type: ignore[no-untyped-def]
    """Rows between two columns, while one predicted image gives way to the next."""
    state, me, what = reader.state[0], reader.slots[slot], reader.published
    images = what.image[slot]
    me.blend = min(1.0, me.blend + (state.hop / (_BLEND_S * state.rate) if state.blends else 1.0))
    before = images[me.before % len(images)]
    if me.blend >= 1.0 or quality == FRESH or before.number != me.before:
        me.before = NONE
    here = me.current % len(images)
    now = images[here]
    left, right, weight = _place(now, instant)
    share = np.float32(weight)
    between(reader.gain[slot], what.image_gain[slot, here], left, right, share)
    if now.noisy:
        between(reader.noise[slot], what.image_noise[slot, here], left, right, share)
    shown = what.generated.shape[2] > 0
    if shown:
        between(reader.generated[slot], what.generated[slot, here], left, right, share)
    level = what.image_level[slot, here]
    me.row_level = float(level[left]) * (1.0 - weight) + float(level[right]) * weight
    me.row_noisy, me.had = now.noisy, 1
    if me.before == NONE:
        return
    here = me.before % len(images)
    left, right, weight = _place(before, instant)
    share, blend = np.float32(weight), np.float32(me.blend)
    _from(reader.gain[slot], what.image_gain[slot, here], left, right, share, blend)
    if now.noisy and before.noisy:
        _from(reader.noise[slot], what.image_noise[slot, here], left, right, share, blend)
    elif now.noisy:
        row = reader.noise[slot]
        for k in range(len(row)):
            row[k] *= blend
    if shown:
        _from(reader.generated[slot], what.generated[slot, here], left, right, share, blend)


@internal()
def between(row, columns, left, right, share):  # type: ignore[no-untyped-def]
    """A row between two columns.

    Args:
        row: is written, (bands,).
        columns: (width, bands).
        left: number of the column on one side.
        right: number of the column on the other side.
        share: weight of the right one, 0 … 1, float32.
    """
    low, high = columns[left], columns[right]
    for k in range(len(row)):
        row[k] = low[k] + share * (high[k] - low[k])


@internal()
def _from(row, columns, left, right, share, blend):  # type: ignore[no-untyped-def]
    """A row on the way from the one between two columns to itself."""
    low, high = columns[left], columns[right]
    for k in range(len(row)):
        past = low[k] + share * (high[k] - low[k])
        row[k] = past + blend * (row[k] - past)
