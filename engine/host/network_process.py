"""The process in which the network runs: it may be slow, fall silent or die, and the music goes on.

``engine.host.network_process MEMORY REQUEST``, see :mod:`engine.processes.child`.
It follows what the device hears and publishes gains. One that was started again first listens to
the last phrase, which is still in the ring; what was published before is still there meanwhile.
"""

from __future__ import annotations

import gc
import time
from functools import partial

from engine.config.request import EngineConfig
from engine.dsp.published import compile_publishing
from engine.host.network import NetworkSession
from engine.host.session import IDLE_S
from engine.models.generator import STAGE_S, kind_of
from engine.models.loading import load_slots
from engine.models.quarantine import quarantines
from engine.processes.children import hurry
from engine.processes.speech import say
from engine.state import shared_state as b
from engine.state.serving import serve


def main(shared: b.SharedState, config: EngineConfig) -> int:
    """Load the networks, say so, and follow one session after the other."""
    slots, out = len(config.models), shared.network.out
    ours = [slot for slot in range(slots) if out >> slot & 1]  # of a process before this one
    loaded = load_slots(config.models, config.provider, ours, (config.tempo, config.settings.use))
    for text in loaded.said:
        say(warning=text)
    for generator in loaded.generators:
        generator.longest_s = STAGE_S
    shared.kinds[:] = [kind_of(generator) for generator in loaded.generators]
    compile_publishing()  # the first time that takes seconds, in which nothing would be published
    why = {slot: str(fault) for slot, fault in loaded.faults.items()}
    broken = sorted({*ours, *why})
    shared.network.ready = 1
    say(ready=True, provider=loaded.provider, broken=broken, why=why, realtime=hurry())
    gc.collect()
    gc.freeze()
    gc.disable()
    guards = quarantines(slots, partial(_put_out, shared))
    while shared.controls.stop != b.ALL_END:
        if not shared.device.session:
            time.sleep(IDLE_S)
            continue
        session = NetworkSession(shared, loaded.generators, config, quarantines=guards)
        session.follow()  # what it raises ends the process, whatever its threads are doing
        session.close()
        gc.collect()
    return 0


def _put_out(shared: b.SharedState, slot: int, reason: str) -> None:
    """A slot plays dry from now on, in processes to come too."""
    shared.network.out |= 1 << slot
    say(out=slot, why=reason)


if __name__ == "__main__":
    serve(main, EngineConfig)
