"""The process of a rig's effects: they may be slow or raise, and the music goes on without them.

``engine.host.effects_process MEMORY REQUEST``, see :mod:`engine.processes.child`.
Only rigs that have effects have it. Plugins run in processes of their own behind it.
"""

from __future__ import annotations

import gc
import time

from engine.config.request import EngineConfig
from engine.host.effects_session import EffectsSession
from engine.host.session import IDLE_S
from engine.processes.children import hurry
from engine.processes.speech import say
from engine.state import shared_state as b
from engine.state.serving import serve


def main(shared: b.SharedState, config: EngineConfig) -> int:
    """Follow one session after the other."""
    say(ready=True, realtime=hurry())
    while shared.controls.stop != b.ALL_END:
        if not shared.device.session:
            time.sleep(IDLE_S)
            continue
        session = EffectsSession(shared, config)
        gc.collect()
        gc.freeze()
        gc.disable()
        session.follow()
        gc.enable()
    return 0


if __name__ == "__main__":
    serve(main, EngineConfig)
