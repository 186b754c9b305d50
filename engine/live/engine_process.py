"""The process in which the network runs: it may be slow, fall silent or die, and the music goes on.

``engine.live.engine_process BOARD REQUEST``, see :mod:`engine.live.child`.
It follows what the device hears, hop by
hop, and writes what it makes of it to the place where the device will look. One that was started
again first listens to the last phrase, which is still in the ring.
"""

from __future__ import annotations

import gc
import sys
import time
from functools import partial

from engine.dsp.kernel_slot import compile_kernel
from engine.live import board as b
from engine.live.asked import Asked
from engine.live.generator import STAGE_S
from engine.live.loading import load_slots
from engine.live.opening import IDLE_S
from engine.live.processes import hurry, serve
from engine.live.quarantine import Quarantine
from engine.live.session import Session
from engine.live.speech import say

_SWITCH_S = 0.0005  # the interpreter's turn-taking between hop loop and inference


def main(board: b.Board, asked: Asked) -> int:
    """Load the networks, say so, and follow one session after the other."""
    slots, out = len(asked.models), board.get(b.BROKEN)
    ours = [slot for slot in range(slots) if out >> slot & 1]  # of an engine before this one
    loaded = load_slots(asked.models, asked.provider, ours, (asked.tempo, asked.settings.use))
    for text in loaded.said:
        say(warning=text)
    for generator in loaded.generators:
        generator.longest_s = STAGE_S
    quarantines = [Quarantine(partial(_put_out, board, slot)) for slot in range(slots)]
    compile_kernel()  # the first time that takes seconds, in which nothing would be heard
    sys.setswitchinterval(_SWITCH_S)
    why = {slot: str(fault) for slot, fault in loaded.faults.items()}
    broken = sorted({*ours, *why})
    say(ready=True, provider=loaded.provider, broken=broken, why=why, realtime=hurry())
    gc.collect()
    gc.freeze()
    gc.disable()
    while board.get(b.STOP) != b.ALL_END:
        if not board.get(b.SESSION):
            time.sleep(IDLE_S)
            continue
        session = Session(board, loaded.generators, asked, quarantines=quarantines)
        session.follow()  # what it raises ends the process, whatever its threads are doing
        session.close()
        gc.collect()
    return 0


def _put_out(board: b.Board, slot: int, reason: str) -> None:
    """A slot plays dry from now on, in engines to come too."""
    board.numbers[b.BROKEN] |= 1 << slot
    say(out=slot, why=reason)


if __name__ == "__main__":
    serve(main, Asked)
