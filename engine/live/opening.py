"""A session of the device begins: counters, fades and the ceiling from the start."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from engine.dsp.limiter import LOOKAHEAD, reset
from engine.dsp.streaming import columns_needed
from engine.dsp.tempo import Tempo
from engine.live import board as b
from engine.live.budget import budget
from engine.live.generator import AnyGenerator, StreamingOnnx, Through
from engine.stages.host import Settings

IDLE_S = 0.0003  # between looks for the next hop: a ninth of one


def begin_session(
    board: b.Board,
    rate: int,
    block: int,
    channels: tuple[int, int],
    settings: Settings,
    heard: int,
    chains: int = 0,
) -> None:
    """Set the board to the beginning of a session.

    Args:
        board: the shared memory.
        rate: hertz.
        block: frames.
        channels: of line-in and line-out.
        settings: decide the latency.
        heard: the sample with which it begins.
        chains: samples that the effects take.
    """
    with board.changing(b.OPENING):
        _silence_between(board, rate, heard)
        board.numbers[b.RATE], board.numbers[b.BLOCK] = rate, block
        board.numbers[b.INPUTS], board.numbers[b.OUTPUTS] = channels
        board.numbers[b.BEHIND] = sum(budget(rate, block, settings, chains).values()) - LOOKAHEAD
        board.levels[b.AVAILABLE] = board.levels[b.LEVEL_NOW] = 0.0
        board.levels[b.WET_NOW] = board.levels[b.WET_WANTED]
        board.levels[b.WET_NOTED], board.levels[b.READY_NOTED] = -1.0, 0.0
        board.ahead[:] = 0.0
        reset(board.ceiling, rate)
        row = board.turns[board.get(b.TURNS) % b.ROWS]
        row[0], row[1], row[2] = b.OPENED, heard, board.levels[b.WET_WANTED]
        board.publish(b.TURNS, board.get(b.TURNS) + 1)
        board.publish(b.MADE, -(1 << 60))  # whatever was made, was made of another session
        board.publish(b.PLAYED, heard - board.get(b.BEHIND) - LOOKAHEAD)
        board.publish(b.HEARD, heard)
        board.publish(b.SESSION, board.get(b.SESSION) + 1)


def _silence_between(board: b.Board, rate: int, heard: int) -> None:
    """Nothing was heard, made or played between two sessions."""
    before, same = board.get(b.HEARD), board.get(b.RATE) == rate
    for ring in (board.feed, board.wet, board.out):
        begins = before - (0 if ring is board.feed else board.get(b.BEHIND) + LOOKAHEAD)
        gap = heard - begins
        if same and 0 <= gap < ring.shape[-1]:
            board.write(ring, begins, np.zeros((b.CHANNELS, gap), np.float32))
        else:
            ring[:] = 0.0


def past_needed(generators: Sequence[AnyGenerator | Through], tempo: Tempo, rate: int) -> int:
    """Samples of the feed after which a session is as if it had always been there: a phrase; and
    for a streaming generator all that its state, its level and its memory depend on."""
    columns_s = 0.0
    for generator in generators:
        if isinstance(generator, StreamingOnnx):
            hop_s = generator.front_end.hop_s
            columns_s = max(columns_s, columns_needed(generator.receptive, hop_s) * hop_s)
    return round((1.1 * tempo.phrase_s + columns_s) * rate)


def opened_session(board: b.Board) -> b.Opened:
    """The session that there is, once it has begun."""
    while (opened := board.opened()) is None:
        time.sleep(IDLE_S)
    return opened
