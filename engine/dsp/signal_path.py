"""The signal path, hop by hop: from the ring of the feed to the ring of what is heard.

For each hop: which slots run; of each of them the gains for the instant that leaves now, and its
sound; how much of each is heard. The same machine code plays on a device, renders files and replays
takes. It takes any number of samples, and gives what is whole by then.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.gain_reader import read, wake
from engine.dsp.kernel import render
from engine.dsp.path_state import NOBODY
from engine.dsp.slot_mix import choose, weigh
from engine.machine_code import compiled, internal


@compiled(nogil=True)
def advance(path, until):  # type: ignore[no-untyped-def]
    """Make all hops that end by a sample of the feed.

    Args:
        path: the signal path.
        until: how far the feed is there.
    """
    reader, sounds, mix = path.reader, path.sounds, path.mix
    state, slots, ran = mix.state[0], mix.slots, mix.ran
    while state.at + state.hop <= until:
        state.at += state.hop
        frame_end = state.at - state.held_back
        for slot in range(len(slots)):
            ran[slot] = slots[slot].runs != 0
        choose(mix)
        for slot in range(len(slots)):
            if slots[slot].runs:
                if not ran[slot]:
                    sounds.tail[slot, :] = 0.0
                    wake(reader, slot)
                wet, level = read(reader, slot, frame_end - state.centre)
                render(sounds, slot, wet, level, frame_end)
        _put(mix, weigh(mix), frame_end - state.hop - state.late)


@compiled()
def follow(state, known, phrase_s, bar_s, downbeat_s):  # type: ignore[no-untyped-def]
    """From now on the music goes at another tempo, or nobody knows at which.

    Args:
        state: record of the signal path.
        known: whether anybody knows the tempo.
        phrase_s: length of a phrase, seconds.
        bar_s: length of a bar, seconds.
        downbeat_s: time of a downbeat, seconds of the feed.
    """
    state.tempo_known, state.bar_s, state.downbeat_s = 1 if known else 0, bar_s, downbeat_s
    state.phrase_columns = round(phrase_s * state.rate / state.column)
    state.changed = round(state.at / state.column)


@compiled()
def made_until(state):  # type: ignore[no-untyped-def]
    """Up to which sample the sound is there."""
    return state.at - state.late - state.held_back


@internal()
def _put(mix, alone, first):  # type: ignore[no-untyped-def]
    """What is heard into the ring, and each slot's share in it where that is asked for."""
    state, ring = mix.state[0], mix.out.shape[1]
    asked, hop_number = mix.parts.shape[2], first // state.hop
    for slot in range(len(mix.slots)):
        if asked:
            mix.running[slot, hop_number % mix.running.shape[1]] = mix.slots[slot].runs != 0
    for c in range(state.channels):
        for i in range(state.hop):
            at = (first + i) % ring
            if alone != NOBODY:
                sample = mix.sound[alone, c, i]
                mix.slots[alone].energy += sample * sample
                mix.out[c, at] = sample
            else:
                total = np.float32(0.0)
                for slot in range(len(mix.slots)):
                    if mix.slots[slot].runs:
                        total += mix.weight[slot, i] * mix.sound[slot, c, i]
                mix.out[c, at] = total
            if asked:
                for slot in range(len(mix.slots)):
                    share = np.float32(0.0)
                    if slot == alone:
                        share = mix.sound[slot, c, i]
                    elif alone == NOBODY and mix.slots[slot].runs:
                        share = mix.weight[slot, i] * mix.sound[slot, c, i]
                    mix.parts[slot, c, at] = share
