"""What the audio device calls: machine code that needs no interpreter and waits for nobody.

For each block: what was heard is written down; what the engine made of the instant that is due is
taken where it is there, and the heard itself, delayed as much, where it is not; the ceiling; out.
"""

from __future__ import annotations

import numba
import numpy as np
from numba import carray, types  # type: ignore[attr-defined]

from engine.dsp.arrays import Array
from engine.dsp.limiter import LOOKAHEAD, STATE, TABLE, limit
from engine.live import board as b
from engine.live.budget import FADE
from engine.live.memory import fence
from engine.machine_code import compiled
from engine.stages.sanitise import CEILING

_RETURN_S = 0.02  # from dry to wet, from silence to sound, a control from end to end
_BAD_FLAGS = 1 | 2 | 4 | 8  # input and output, underflow and overflow; 16 is the beginning
_AT_LEVELS, _AT_CEILING, _AT_TURNS = (
    b.OFFSETS[name] // 8 for name in ("levels", "ceiling", "turns")
)
_AT_AHEAD, _AT_FEED, _AT_WET, _AT_OUT, _AT_MIX = (
    b.OFFSETS[name] // 4 for name in ("ahead", "feed", "wet", "out", "mix")
)


@compiled()
def turn(due, ready, there, numbers, levels, turns):  # type: ignore[no-untyped-def]
    """Take over what is wanted for this block, and note it if it is something new.

    A block for which the engine's sound is not all there is noted as long as some is still heard.
    """
    short = not there and levels[b.AVAILABLE] > 0.0
    wet, level = levels[b.WET_WANTED], levels[b.LEVEL_WANTED]
    changed = wet != levels[b.WET_NOTED] or level != levels[b.LEVEL_NOTED]
    if not changed and not short and there == (levels[b.READY_NOTED] != 0.0):
        return
    levels[b.WET_NOTED], levels[b.LEVEL_NOTED] = wet, level
    levels[b.READY_NOTED] = 1.0 if there else 0.0
    row = turns[numbers[b.TURNS] % b.ROWS]
    row[0], row[1], row[2], row[3] = b.TURNED, due, wet, level
    row[4] = -1.0 if there else max(0, ready)
    fence()  # type: ignore[call-arg]
    numbers[b.TURNS] += 1


@compiled()
def exchange(  # type: ignore[no-untyped-def]  # noqa: PLR0912  (one pass, no calls to pay for)
    given, taken, numbers, levels, turns, ceiling, ahead, feed, wet, played, mix, table
):
    """One block of the device, of up to :data:`engine.live.board.MOST` frames.

    Args:
        given: (frames, inputs), float32, from the device.
        taken: (frames, outputs), float32, to the device.
        numbers, levels, turns, ceiling, ahead, feed, wet, played, mix: of the board.
        table: of the limiter.
    """
    frames, inputs, outputs = len(given), given.shape[1], taken.shape[1]
    heard = numbers[b.HEARD]
    step = 1.0 / (_RETURN_S * numbers[b.RATE])
    for i in range(frames):
        for c in range(2):
            x = given[i, min(c, inputs - 1)] if inputs else np.float32(0.0)
            if not abs(x) <= CEILING:
                x = np.float32(0.0)
                numbers[b.REPAIRED] += 1
            feed[c, (heard + i) % b.FEED] = x
            levels[b.PEAK_IN] = max(levels[b.PEAK_IN], abs(x))
    fence()  # type: ignore[call-arg]
    numbers[b.HEARD] = heard + frames
    fence()
    due = heard - numbers[b.BEHIND]
    ready = numbers[b.MADE] - due
    fence()
    there = ready >= frames + FADE
    if not there and levels[b.AVAILABLE] >= 1.0:
        numbers[b.GAPS] += 1
    turn(due, ready, there, numbers, levels, turns)
    available, share, level = levels[b.AVAILABLE], levels[b.WET_NOW], levels[b.LEVEL_NOW]
    out = mix[:, :frames]
    for i in range(frames):
        at = due + i
        if there:
            available = min(1.0, available + step)
        else:
            available = max(0.0, available - 1.0 / FADE) if i < ready else 0.0
        share += max(-step, min(step, levels[b.WET_NOTED] - share))
        level += max(-step, min(step, levels[b.LEVEL_NOTED] - level))
        for c in range(2):
            dry = feed[c, at % b.FEED] if at >= 0 else np.float32(0.0)
            mixed = dry
            if available > 0.0 and at >= 0:
                made = wet[c, at % b.WET]
                if abs(made) <= CEILING:
                    mixed = dry + np.float32(available * share) * (made - dry)
                else:
                    available = 0.0
                    numbers[b.REFUSED] += 1
            out[c, i] = mixed * np.float32(level)
        if available == 0.0:
            numbers[b.DRY_SAMPLES] += 1
    levels[b.AVAILABLE], levels[b.WET_NOW], levels[b.LEVEL_NOW] = available, share, level
    limit(out, ahead, ceiling, table)
    for i in range(frames):
        for c in range(2):
            levels[b.PEAK_OUT] = max(levels[b.PEAK_OUT], abs(out[c, i]))
            played[c, (due - LOOKAHEAD + i) % b.OUT] = out[c, i]
        for c in range(outputs):
            taken[i, c] = (
                0.5 * (out[0, i] + out[1, i]) if outputs == 1 else out[c, i] if c < 2 else 0.0
            )
    fence()
    numbers[b.PLAYED] = due - LOOKAHEAD + frames
    numbers[b.CALLBACKS] += 1


_STATUS = types.uint64  # unsigned long, where it has 64 bits; the flags fit into the lower half
_SIGNATURE = types.int32(
    types.voidptr, types.voidptr, types.uint64, types.voidptr, _STATUS, types.voidptr
)


@numba.cfunc(_SIGNATURE, cache=True)
def callback(given, taken, frames, time, flags, memory):  # type: ignore[no-untyped-def]
    """``PaStreamCallback``; the user's pointer is the board's address."""
    whole = carray(memory, (b.SIZE // 4,), np.float32)
    wide = carray(memory, (b.SIZE // 8,), np.float64)
    numbers = carray(memory, (b.NUMBERS,), np.int64)
    numbers[b.FLAGS] += flags & _BAD_FLAGS != 0
    heard = carray(given, (frames, numbers[b.INPUTS]), np.float32)
    due = carray(taken, (frames, numbers[b.OUTPUTS]), np.float32)
    for first in range(0, frames, b.MOST):
        exchange(
            heard[first : first + b.MOST],
            due[first : first + b.MOST],
            numbers,
            wide[_AT_LEVELS : _AT_LEVELS + b.NUMBERS],
            wide[_AT_TURNS : _AT_TURNS + b.ROWS * b.COLUMNS].reshape(b.ROWS, b.COLUMNS),
            wide[_AT_CEILING : _AT_CEILING + STATE],
            whole[_AT_AHEAD : _AT_AHEAD + 4 * LOOKAHEAD].reshape(2, 2 * LOOKAHEAD),
            whole[_AT_FEED : _AT_FEED + 2 * b.FEED].reshape(2, b.FEED),
            whole[_AT_WET : _AT_WET + 2 * b.WET].reshape(2, b.WET),
            whole[_AT_OUT : _AT_OUT + 2 * b.OUT].reshape(2, b.OUT),
            whole[_AT_MIX : _AT_MIX + 2 * b.MOST].reshape(2, b.MOST),
            TABLE,
        )
    return 0


def exchange_on(board: b.Board, given: Array, taken: Array) -> None:
    """:func:`exchange` with a board's parts."""
    exchange(
        *(given, taken, board.numbers, board.levels, board.turns, board.ceiling),
        *(board.ahead, board.feed, board.wet, board.out, board.mix, TABLE),
    )
