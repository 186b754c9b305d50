"""What the audio device calls: machine code that needs no interpreter and waits for nobody.

For each block: what was heard is written down; what the controls want is taken over; the hops that
are whole now are made, see :mod:`engine.dsp.signal_path`; the effects' sound is taken where there
are any and it is there; dry beside wet, the ceiling, out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.latency import FADE
from engine.dsp.limiter import LOOKAHEAD, limit
from engine.dsp.path_state import AMOUNT, CROSS, FED, SWITCH, TEMPO, TURNED, Path, note
from engine.dsp.signal_path import advance, follow, made_until
from engine.dsp.slot_mix import cross, switch
from engine.effects.sanitise import CEILING
from engine.machine_clock import now_s
from engine.machine_code import compiled, fence, internal
from engine.processes.records import read_together
from engine.state.shared_state import CALL_S

_RETURN_S = 0.02  # from dry to wet, from silence to sound, a control from end to end


class PathControls(NamedTuple):
    """What the controls and the network want of the signal path.

    Attributes:
        device, network: records of the shared state, (1,) each.
        tempo, wish: what the controls want, and the same as it was read last, (1,) each.
        amounts, kinds: of the shared state.
    """

    device: Array
    network: Array
    tempo: Array
    tempo_read: Array
    wish: Array
    wish_read: Array
    amounts: Array
    kinds: Array


class Ends(NamedTuple):
    """What lies between the signal path and the device.

    Attributes:
        device, effects, controls: records of the shared state, (1,) each.
        effected, out: rings, (2, n).
        ceiling, ahead, table: of the limiter.
        mix: (2, MOST).
        measured: of the latest callbacks, see :class:`engine.state.shared_state.SharedState`.
        clock: (2,), to read the clock with.
    """

    device: Array
    effects: Array
    controls: Array
    effected: Array
    out: Array
    ceiling: Array
    ahead: Array
    table: Array
    mix: Array
    measured: Array
    clock: Array


class Live(NamedTuple):
    """All that the callback reads and writes."""

    path: Path
    wishes: PathControls
    ends: Ends


@internal()
def _obey(path, wishes):  # type: ignore[no-untyped-def]
    """Take over what the controls want, and note what is new."""
    device = wishes.device[0]
    state, slots, rows = path.reader.state[0], path.reader.slots, path.reader.rows
    at = state.at
    for slot in range(len(slots)):
        me, wanted = slots[slot], wishes.amounts[slot]
        me.kind, me.out = wishes.kinds[slot], (wishes.network[0].out >> slot) & 1
        if wanted != me.wanted:
            me.wanted = wanted
            note(rows, state, AMOUNT, at, slot, wanted)
    read_together(wishes.tempo, wishes.tempo_read)
    tempo = wishes.tempo_read[0]
    if tempo.count != device.taken_tempo and tempo.count > 0:
        device.taken_tempo = tempo.count
        follow(state, tempo.edge == 0, tempo.phrase_s, tempo.bar_s, tempo.downbeat_s)
        note(rows, state, TEMPO, at, tempo.bpm, tempo.downbeat_s, 1.0 - tempo.edge)
    read_together(wishes.wish, wishes.wish_read)
    wish = wishes.wish_read[0]
    if wish.count <= 0:
        return
    if wish.count != device.taken_call:
        device.taken_call = wish.count
        note(rows, state, SWITCH, at, wish.slot, wish.fade_s, float(wish.at))
        note(rows, state, CROSS, at, wish.cross)
    if wish.cross >= 0.0:
        cross(state, wish.cross)
    elif wish.at - at < CALL_S * state.rate:
        switch(state, wish.slot % len(slots), wish.fade_s, wish.at)


@internal()
def _look(state, rows, ends, until):  # type: ignore[no-untyped-def]
    """How far the sound of effects before the generators is there, for hops that end by a sample;
    noted while it is not all there."""
    device = ends.device[0]
    state.fed = ends.effects[0].fed
    fence()
    there = state.fed >= until - state.held_back
    if not there or device.fed_noted == 0:
        note(rows, state, FED, state.at, -1.0 if there else float(state.fed))
    device.fed_noted = 1 if there else 0


@internal()
def _turn(state, rows, ends, due, ready, there):  # type: ignore[no-untyped-def]
    """Take over what is wanted for this block, and note it if it is something new.

    A block for which the effects' sound is not all there is noted as long as some is still heard.
    """
    device, controls = ends.device[0], ends.controls[0]
    short = not there and device.available > 0.0
    wet, level = controls.wet, controls.level
    changed = wet != device.wet_noted or level != device.level_noted
    is_there = 1 if there else 0
    if not changed and not short and is_there == device.ready_noted:
        return
    device.wet_noted, device.level_noted, device.ready_noted = wet, level, is_there
    note(rows, state, TURNED, due, wet, level, -1.0 if there else float(max(0, ready)))


@compiled(nogil=True)
def exchange(given, taken, live):  # type: ignore[no-untyped-def]
    """One block of the device, of up to :data:`engine.state.shared_state.MOST` frames.

    Args:
        given: (frames, inputs), float32, from the device.
        taken: (frames, outputs), float32, to the device.
        live: see there.
    """
    path, ends = live.path, live.ends
    reader, feeds, device = path.reader, path.sounds.feed, ends.device[0]
    state, frames, began_s = reader.state[0], len(given), now_s(ends.clock)
    heard = device.heard
    _take(given, feeds[0], device, heard)
    _obey(path, live.wishes)
    if len(feeds) > 1:
        _look(state, reader.rows, ends, heard + frames)
    advance(path, heard + frames)
    fence()
    device.made = made_until(state)
    active = reader.slots[state.active]
    if active.wet == 0.0:
        device.dry_samples += frames
    age = state.at - state.held_back - state.centre - active.newest
    measured = ends.measured[device.callbacks % len(ends.measured)]
    measured[0] = max(0.0, age / state.rate) if active.had else 0.0
    due = heard - device.behind
    ready = ends.effects[0].made - due if device.effects else frames + FADE
    fence()
    there = ready >= frames + FADE
    if not there and device.available >= 1.0:
        device.gaps += 1
    _turn(state, reader.rows, ends, due, ready, there)
    _mix(state, feeds[0], path.mix.out, ends, due, frames, ready, there)
    limit(ends.mix[:, :frames], ends.ahead, ends.ceiling, ends.table)
    _leave(ends, due, taken, frames)
    fence()
    device.played = due - LOOKAHEAD + frames
    measured[1], measured[2] = now_s(ends.clock) - began_s, began_s
    measured[3] = heard + frames
    fence()
    device.callbacks += 1


@internal()
def _take(given, feed, device, heard):  # type: ignore[no-untyped-def]
    """What was heard, into its ring; what is no number or too loud to be any is silence."""
    frames, inputs, ring = len(given), given.shape[1], feed.shape[1]
    peak = device.peak_in
    for c in range(2):
        for i in range(frames):
            x = given[i, min(c, inputs - 1)] if inputs else np.float32(0.0)
            if not abs(x) <= CEILING:
                x = np.float32(0.0)
                device.repaired += 1
            feed[c, (heard + i) % ring] = x
            peak = max(peak, abs(x))
    device.peak_in = peak
    fence()
    device.heard = heard + frames
    fence()


@internal()
def _mix(state, feed, sound, ends, due, frames, ready, there):  # type: ignore[no-untyped-def]
    """Dry beside wet; with effects where their sound is there, else without."""
    device, last = ends.device[0], state.channels - 1
    step = 1.0 / (_RETURN_S * device.rate)
    available, share, level = device.available, device.wet_now, device.level_now
    for i in range(frames):
        at = due + i
        if there:
            available = min(1.0, available + step)
        else:
            available = max(0.0, available - 1.0 / FADE) if i < ready else 0.0
        share += max(-step, min(step, device.wet_noted - share))
        level += max(-step, min(step, device.level_noted - level))
        for c in range(2):
            mixed = np.float32(0.0)
            if at >= 0:
                dry = feed[c, at % feed.shape[1]]
                made = sound[min(c, last), at % sound.shape[1]]
                if device.effects and available > 0.0:
                    behind = ends.effected[c, at % ends.effected.shape[1]]
                    if abs(behind) <= CEILING:
                        made += np.float32(available) * (behind - made)
                    else:
                        available = 0.0
                        device.refused += 1
                if abs(made) <= CEILING:
                    mixed = dry + np.float32(share) * (made - dry)
                else:
                    mixed = dry
                    device.refused += 1
            ends.mix[c, i] = mixed * np.float32(level)
    device.available, device.wet_now, device.level_now = available, share, level


@internal()
def _leave(ends, due, taken, frames):  # type: ignore[no-untyped-def]
    """What goes out, and into its ring."""
    device, out, mix, outputs = ends.device[0], ends.out, ends.mix, taken.shape[1]
    peak = device.peak_out
    for i in range(frames):
        for c in range(2):
            peak = max(peak, abs(mix[c, i]))
            out[c, (due - LOOKAHEAD + i) % out.shape[1]] = mix[c, i]
        for c in range(outputs):
            taken[i, c] = (
                0.5 * (mix[0, i] + mix[1, i]) if outputs == 1 else mix[c, i] if c < 2 else 0.0
            )
    device.peak_out = peak
