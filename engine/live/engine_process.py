"""The process in which the network runs: it may be slow, fall silent or die, and the music goes on.

``python -m engine.live.engine_process BOARD REQUEST``. It follows what the device hears, hop by
hop, and writes what it makes of it to the place where the device will look. One that was started
again first listens to the last phrase, which is still in the ring.
"""

from __future__ import annotations

import gc
import os
import sys
import time

from engine.live import board as b
from engine.live.asked import Asked
from engine.live.generator import load_slots
from engine.live.processes import hurry, say, serve
from engine.live.session import IDLE_S, Session
from engine.stages.restyle import shown_columns

_SWITCH_S = 0.0005  # the interpreter's turn-taking between hop loop and inference


def main(board: b.Board, asked: Asked) -> int:
    """Load the networks, say so, and follow one session after the other."""
    generators, provider, broken = load_slots(asked.models, asked.provider)
    for slot, fault in broken.items():
        say(warning=f"slot {slot + 1} plays dry: {fault}")
    for generator in generators:
        generator.warm(shown_columns(generator, asked.tempo, asked.settings.use))
    sys.setswitchinterval(_SWITCH_S)
    say(ready=True, provider=provider, broken=list(broken), realtime=hurry())
    gc.collect()
    gc.freeze()
    gc.disable()
    while board.get(b.STOP) != b.ALL_END and os.getppid() == board.get(b.OWNER):
        if not board.get(b.SESSION):
            time.sleep(IDLE_S)
            continue
        session = Session(board, generators, asked)
        session.follow()  # what it raises ends the process, whatever its threads are doing
        session.close()
        gc.collect()
    return 0


if __name__ == "__main__":
    serve(main, Asked)
