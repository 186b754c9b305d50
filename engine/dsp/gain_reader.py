"""The gains for an instant, from what inference has published: in machine code, hop by hop.

They fall back in order: fresh, predicted, held, dry; and are addressed by the time of the output.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.gain_answers import read_answers
from engine.dsp.gain_images import read_images
from engine.dsp.path_state import DRY, KIND_STREAMING, KIND_WINDOW, PREDICTED
from engine.dsp.published import NONE
from engine.machine_code import compiled, internal

_FADE_S = 0.030  # from wet to dry and back


@compiled()
def read(reader, slot, instant):  # type: ignore[no-untyped-def]
    """The gains of a slot for an instant into ``reader.gain``, and its noise into ``reader.noise``.

    Args:
        reader: of the signal path.
        slot: its number.
        instant: in samples of the feed; called once a hop, in order.

    Returns:
        How much of the effect there is, 0 … 1, and the mean square of the feed that the noise was
        made for, below 0 where there is none.
    """
    me = reader.slots[slot]
    quality = DRY
    if me.kind == KIND_STREAMING:
        quality = read_answers(reader, slot, instant)
    elif me.kind == KIND_WINDOW:
        quality = read_images(reader, slot, instant)
    wet = _fade(reader.state[0], me, instant, quality != DRY)
    if wet == 0.0:
        quality = DRY
    me.quality = quality
    if instant >= 0 and me.heard:
        me.hops[quality] += 1
    noisy = me.row_noisy and wet > 0.0 and quality <= PREDICTED
    return wet, me.row_level if noisy else -1.0


@internal()
def forget(me):  # type: ignore[no-untyped-def]
    """As if there had never been gains of a slot: they are heard as soon as they are there."""
    me.images_kept = 0
    me.current = me.before = NONE
    me.blend = 1.0
    me.had = me.lost = 0
    me.wet = 0.0
    me.pair[:] = NONE
    me.known[:] = 0
    me.row_noisy = 0


@internal()
def wake(reader, slot):  # type: ignore[no-untyped-def]
    """A slot that was not heard is heard again: with what is published from now on."""
    state, me = reader.state[0], reader.slots[slot]
    images = reader.published.image[slot]
    newest = reader.published.newest[slot]
    while me.taken < newest:
        record = images[(me.taken + 1) % len(images)]
        if record.number == me.taken + 1 and record.from_sample > state.at:
            break
        me.taken += 1
    forget(me)


@internal()
def _fade(state, me, instant, known):  # type: ignore[no-untyped-def]
    """How much of the effect there is: less and less where nothing is known of an instant; with a
    clock it comes back at the next bar."""
    step = state.hop / (_FADE_S * state.rate)
    clock = state.tempo_known and not state.edge
    bar = 0
    if clock:
        bar = int(np.floor((instant / state.rate - state.downbeat_s) / state.bar_s))
    if not known:
        me.lost = 1 if me.lost or me.had else 0
        me.lost_bar = bar
        if instant >= 0:  # before the feed begins there is nothing to fade from
            me.wet = max(0.0, me.wet - step)
    elif not me.lost or bar != me.lost_bar or not clock:
        me.lost = 0
        me.wet = min(1.0, me.wet + step)
    else:
        me.wet = max(0.0, me.wet - step)
    return me.wet
