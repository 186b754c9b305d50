"""Which slots are heard, and how much of each: one, or two while they change places or are crossed.

A slot that is called runs unheard until its frames overlap and it has gains; then it fades in.
"""

from __future__ import annotations

from engine.dsp.crossfade import fade_gains, likeness
from engine.dsp.path_state import CROSSED, KIND_DRY, NOBODY
from engine.machine_code import compiled, internal

SHORTEST_S = 0.05
"""Of a crossfade, and of the crossfader's way from end to end."""
_PATIENCE_S = 2.0  # for the first gains of a slot that is called
_NOT_BEGUN = -(1 << 62)


@compiled()
def start(state, active, side_a, side_b):  # type: ignore[no-untyped-def]
    """One slot is heard, and no other comes.

    Args:
        state: record of the signal path.
        active: number of the slot, from 0.
        side_a: slot at side A of the crossfader; NOBODY for none.
        side_b: slot at its side B; NOBODY for none.
    """
    state.active, state.leaving, state.begun, state.crossed = active, NOBODY, _NOT_BEGUN, 0
    state.side[0], state.side[1] = side_a, side_b
    state.length = 1.0


@compiled()
def switch(state, slot, seconds, at):  # type: ignore[no-untyped-def]
    """Fade to a slot; may be called again and again, with another slot or time.

    Args:
        state: of the mix.
        slot: its number.
        seconds: length of the fade, at least 50 ms.
        at: instant at which the fade begins, in samples of the feed; one that is over is now.

    Returns:
        Whether it is heard or going to be: not while another fade is under way.
    """
    length = max(seconds, SHORTEST_S) * state.rate
    if state.leaving != NOBODY and state.begun == _NOT_BEGUN:  # called, and not yet heard
        if slot == state.leaving:
            state.active, state.leaving = slot, NOBODY
            return True
        if slot != state.active:  # another was called instead
            state.active, state.called = slot, state.at
        state.due, state.length = at, length
    between = state.crossed and 0.0 < state.place < 1.0
    if state.leaving != NOBODY or (slot == state.active and not between):
        return slot == state.active
    state.leaving = CROSSED if state.crossed else state.active
    state.active, state.length = slot, length
    state.called, state.due, state.begun = state.at, at, _NOT_BEGUN
    state.fade_likeness[:] = 0.0
    return True


@compiled()
def cross(state, place):  # type: ignore[no-untyped-def]
    """The crossfader stands at a place, 0 (A) … 1 (B); from then on both run.

    Returns:
        Whether that is heard: not while another slot than the two is, or a fade is under way.
    """
    if state.leaving == CROSSED and state.begun == _NOT_BEGUN:  # it was called, and taken back
        state.leaving, state.active = NOBODY, _nearer(state)
    if state.side[0] == NOBODY or state.leaving != NOBODY:
        return False
    if not state.crossed:
        if state.active != state.side[0] and state.active != state.side[1]:
            return False
        state.crossed, state.both_since = 1, state.at
        state.place = 1.0 if state.active == state.side[1] else 0.0
        state.side_likeness[:] = 0.0
    state.hand = min(max(place, 0.0), 1.0)
    return True


@internal()
def _nearer(state):  # type: ignore[no-untyped-def]
    return state.side[1] if state.place > 0.5 else state.side[0]


@internal()
def choose(mix):  # type: ignore[no-untyped-def]
    """Which slots run in the next hop, and which of them are heard."""
    state = mix.state[0]
    for slot in range(len(mix.slots)):
        me = mix.slots[slot]
        is_side = state.crossed != 0 and (slot == state.side[0] or slot == state.side[1])
        me.runs = 1 if slot in (state.active, state.leaving) or is_side else 0
        if is_side and state.begun == _NOT_BEGUN:
            away = 1.0 if slot == state.side[0] else 0.0
            me.heard = 1 if state.place != away else 0
        else:
            entering = state.leaving != NOBODY and state.begun == _NOT_BEGUN
            is_heard = slot == state.leaving or (slot == state.active and not entering)
            me.heard = 1 if is_heard else 0


@internal()
def weigh(mix):  # type: ignore[no-untyped-def]
    """How much of each slot there is in this hop, sample by sample, into ``mix.weight``.

    Returns:
        The slot of which there is nothing but it; NOBODY where there are several.
    """
    state, hop = mix.state[0], mix.state[0].hop
    crossed = state.crossed != 0 and state.leaving in (NOBODY, CROSSED)
    if not crossed and state.leaving == NOBODY:
        return state.active
    mix.weight[:] = 0.0
    if crossed:
        _cross_weights(mix)
        if state.leaving == NOBODY:
            return NOBODY
    else:
        mix.weight[state.leaving, :hop] = 1.0
    return NOBODY if _fade_weights(mix) else (NOBODY if crossed else state.leaving)


@internal()
def _cross_weights(mix):  # type: ignore[no-untyped-def]
    """The crossfader follows the hand no faster than 50 ms."""
    state, hop = mix.state[0], mix.state[0].hop
    a, b = state.side[0], state.side[1]
    alike = likeness(state.side_likeness, state.rate, mix.sound[a], mix.sound[b])
    entering = a if state.place >= 0.5 else b
    between = 0.0 < state.place < 1.0
    moves = state.leaving == NOBODY and (between or _is_there(mix, entering, state.both_since))
    place, step = state.place, 1.0 / (SHORTEST_S * state.rate)
    for i in range(hop):
        here = place
        if moves:
            reach = step * (i + 1)
            here = min(max(state.hand, place - reach), place + reach)
            state.place = here
        of_a, of_b = fade_gains(here, state.law, alike)
        mix.weight[a, i], mix.weight[b, i] = of_a, of_b
    if moves:
        state.active = _nearer(state)


@internal()
def _is_there(mix, slot, since):  # type: ignore[no-untyped-def]
    """Whether a slot that runs since then has its overlapping frames, and its gains."""
    state, me = mix.state[0], mix.slots[slot]
    waited = state.at - since
    if waited > _PATIENCE_S * state.rate:
        return True
    playable = me.wet == 1.0 or me.kind == KIND_DRY or me.out != 0
    return waited >= state.late + state.held_back and playable


@internal()
def _fade_weights(mix):  # type: ignore[no-untyped-def]
    """From what leaves to what comes; whether the fade has begun."""
    state, hop = mix.state[0], mix.state[0].hop
    comes, before = mix.sound[state.active], mix.old
    first = state.at - hop - state.late - state.held_back
    before[:] = 0.0
    for slot in range(len(mix.slots)):
        if mix.slots[slot].runs:
            for c in range(state.channels):
                for i in range(hop):
                    before[c, i] += mix.weight[slot, i] * mix.sound[slot, c, i]
    alike = likeness(state.fade_likeness, state.rate, before, comes)
    if state.begun == _NOT_BEGUN:
        if state.due >= first + hop or not _is_there(mix, state.active, state.called):
            return False
        state.begun = max(state.due, first)
        state.switches += 1
    at = 0.0
    for i in range(hop):
        at = min(max((first + i - state.begun + 1) / state.length, 0.0), 1.0)
        leaves, enters = fade_gains(at, state.law, alike)
        for slot in range(len(mix.slots)):
            mix.weight[slot, i] *= leaves
        mix.weight[state.active, i] += enters
    if at >= 1.0:
        state.leaving, state.crossed, state.begun = NOBODY, 0, _NOT_BEGUN
    return True
