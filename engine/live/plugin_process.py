"""The process of one plugin: it may crash or hang, and the music goes on without it.

``engine.live.plugin_process WIRE SPEC``, see :mod:`engine.live.child`.
It takes what the effects have put on the
wire, hop by hop, and puts back what the plugin made of it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from engine.dsp.ring import put, take
from engine.errors import DoubledropError, EffectError
from engine.live import wire as w
from engine.live.plugin import Plugin
from engine.live.processes import hurry
from engine.live.speech import hush, say
from engine.live.wire import Wire
from engine.stages.sanitise import CEILING

_IDLE_S = 0.0003


class Service:
    """Serves one session of the effects after the other.

    Args:
        wire: to the effects.
        plugin: what is played.
        keys: its parameters, by their places on the wire.
    """

    def __init__(self, wire: Wire, plugin: Plugin, keys: list[str]) -> None:
        self._wire, self._plugin, self._keys = wire, plugin, keys
        self._session, self._done = -1, 0
        self._not_ours = wire.there.session  # of a process that died; the effects begin another
        self._channels, self._hop, self._moved = 2, 128, 0
        plugin.begin(48000.0, 2, self._hop)  # it makes its buffers now

    def serve(self) -> bool:
        """What there is to do; whether there was something.

        Raises:
            EffectError: the plugin did harm.
        """
        wire, asked = self._wire, self._wire.asked()
        if asked is None or asked.number == self._not_ours:
            return False
        session = asked.number
        if session != self._session:
            self._hop, self._channels, self._moved = asked.hop, asked.inputs, asked.moved_before
            self._plugin.begin(float(asked.rate), self._channels, self._hop)
            self._session, self._done = session, 0
            wire.give_back(session, 0)
        n = min(wire.there.sent - self._done, self._hop)
        if n <= 0 or wire.there.session != session:
            return False
        n = self._move(n)
        made = self._plugin.process(take(wire.sent, self._done, n, self._channels))
        peak = float(np.abs(made).max())
        if not peak <= CEILING:
            raise EffectError(self._plugin.name, f"peak {peak:g}", cure="It begins anew.")
        put(wire.returned, self._done, made)
        self._done += n
        wire.give_back(session, self._done)
        return True

    def _move(self, n: int) -> int:
        """Make the moves that are due; how many samples can be played until the next one."""
        wire = self._wire
        while self._moved < wire.there.moved:
            at, place, value = wire.moves[self._moved % w.MOVES]
            oldest = wire.there.moved - w.MOVES + 1  # those before it are written over
            if self._moved < oldest:
                self._moved = oldest
                continue
            if at > self._done:
                return min(n, int(at) - self._done)
            self._plugin.move(self._keys[int(place)], float(value))
            self._moved += 1
        return n


def main(wire: Wire, spec: dict[str, Any]) -> NoReturn:
    """Load the plugin and serve until the parent is gone."""
    keys = spec.pop("parameters")
    service = Service(wire, Plugin(spec), keys)
    hurry()
    gc.collect()
    gc.freeze()
    gc.disable()
    wire.back.ready += 1
    say(ready=True)
    while True:
        if not service.serve():
            time.sleep(_IDLE_S)


if __name__ == "__main__":
    hush()
    try:
        main(Wire(Path(sys.argv[1])), json.loads(sys.argv[2]))
    except DoubledropError as trouble:
        say(fault=str(trouble))
    except Exception as trouble:
        say(fault=f"{type(trouble).__name__}: {trouble}")
    sys.stdout.flush()
    os._exit(1)  # a plugin that does not like to be unloaded has nothing more to say
