"""The process in which the network runs: it may be slow, fall silent or die, and the music goes on.

``engine.live.network_process BOARD REQUEST``, see :mod:`engine.live.child`.
It follows what the device hears and publishes gains. One that was started again first listens to
the last phrase, which is still in the ring; what was published before is still there meanwhile.
"""

from __future__ import annotations

import gc
import time
from functools import partial

from engine.dsp.published import compile_publishing
from engine.live import board as b
from engine.live.asked import Asked
from engine.live.generator import STAGE_S
from engine.live.loading import load_slots
from engine.live.network import NetworkSession, kind_of
from engine.live.opening import IDLE_S
from engine.live.processes import hurry, serve
from engine.live.quarantine import quarantines
from engine.live.speech import say


def main(board: b.Board, asked: Asked) -> int:
    """Load the networks, say so, and follow one session after the other."""
    slots, out = len(asked.models), board.network.out
    ours = [slot for slot in range(slots) if out >> slot & 1]  # of a process before this one
    loaded = load_slots(asked.models, asked.provider, ours, (asked.tempo, asked.settings.use))
    for text in loaded.said:
        say(warning=text)
    for generator in loaded.generators:
        generator.longest_s = STAGE_S
    board.kinds[:] = [kind_of(generator) for generator in loaded.generators]
    compile_publishing()  # the first time that takes seconds, in which nothing would be published
    why = {slot: str(fault) for slot, fault in loaded.faults.items()}
    broken = sorted({*ours, *why})
    board.network.ready = 1
    say(ready=True, provider=loaded.provider, broken=broken, why=why, realtime=hurry())
    gc.collect()
    gc.freeze()
    gc.disable()
    guards = quarantines(slots, partial(_put_out, board))
    while board.controls.stop != b.ALL_END:
        if not board.device.session:
            time.sleep(IDLE_S)
            continue
        session = NetworkSession(board, loaded.generators, asked, quarantines=guards)
        session.follow()  # what it raises ends the process, whatever its threads are doing
        session.close()
        gc.collect()
    return 0


def _put_out(board: b.Board, slot: int, reason: str) -> None:
    """A slot plays dry from now on, in processes to come too."""
    board.network.out |= 1 << slot
    say(out=slot, why=reason)


if __name__ == "__main__":
    serve(main, Asked)
