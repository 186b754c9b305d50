"""The process of a rig's effects: they may be slow or raise, and the music goes on without them.

``engine.live.effects_process BOARD REQUEST``, see :mod:`engine.live.child`.
Only rigs that have effects have it. Plugins run in processes of their own behind it.
"""

from __future__ import annotations

import gc
import time

from engine.live import board as b
from engine.live.asked import Asked
from engine.live.effects_session import EffectsSession
from engine.live.opening import IDLE_S
from engine.live.processes import hurry, serve
from engine.live.speech import say


def main(board: b.Board, asked: Asked) -> int:
    """Follow one session after the other."""
    say(ready=True, realtime=hurry())
    while board.controls.stop != b.ALL_END:
        if not board.device.session:
            time.sleep(IDLE_S)
            continue
        session = EffectsSession(board, asked)
        gc.collect()
        gc.freeze()
        gc.disable()
        session.follow()
        gc.enable()
    return 0


if __name__ == "__main__":
    serve(main, Asked)
