"""The process of one plugin: it may crash or hang, and the music goes on without it.

``engine.plugins.plugin_process CHANNEL SPEC``, see :mod:`engine.processes.child`.
It takes what the effects have put on the
channel, hop by hop, and puts back what the plugin made of it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np

from engine.dsp.ring import put, take
from engine.effects.sanitise import CEILING
from engine.effects.specs import PluginSpec, chain_of
from engine.errors import DoubledropError, EffectError
from engine.plugins import channel as w
from engine.plugins.channel import AudioChannel
from engine.plugins.plugin import Plugin
from engine.processes.children import hurry
from engine.processes.speech import hush, say

_IDLE_S = 0.0003


class Service:
    """Serves one session of the effects after the other.

    Args:
        audio: to the effects.
        plugin: what is played.
        keys: its parameters, by their places in the channel.
    """

    def __init__(self, audio: AudioChannel, plugin: Plugin, keys: Sequence[str]) -> None:
        self._audio, self._plugin, self._keys = audio, plugin, keys
        self._session, self._done = -1, 0
        self._not_ours = audio.there.session  # of a process that died; the effects begin another
        self._channels, self._hop, self._moved = 2, 128, 0
        plugin.begin(48000.0, 2, self._hop)  # it makes its buffers now

    def serve(self) -> bool:
        """What there is to do; whether there was something.

        Raises:
            EffectError: the plugin did harm.
        """
        audio, config = self._audio, self._audio.asked()
        if config is None or config.number == self._not_ours:
            return False
        session = config.number
        if session != self._session:
            self._hop, self._channels, self._moved = config.hop, config.inputs, config.moved_before
            self._plugin.begin(float(config.rate), self._channels, self._hop)
            self._session, self._done = session, 0
            audio.give_back(session, 0)
        n = min(audio.there.sent - self._done, self._hop)
        if n <= 0 or audio.there.session != session:
            return False
        n = self._move(n)
        made = self._plugin.process(take(audio.sent, self._done, n, self._channels))
        peak = float(np.abs(made).max())
        if not peak <= CEILING:
            raise EffectError(self._plugin.name, f"peak {peak:g}", cure="It begins anew.")
        put(audio.returned, self._done, made)
        self._done += n
        audio.give_back(session, self._done)
        return True

    def _move(self, n: int) -> int:
        """Make the moves that are due; how many samples can be played until the next one."""
        audio = self._audio
        while self._moved < audio.there.moved:
            at, place, value = audio.moves[self._moved % w.MOVES]
            oldest = audio.there.moved - w.MOVES + 1  # those before it are written over
            if self._moved < oldest:
                self._moved = oldest
                continue
            if at > self._done:
                return min(n, int(at) - self._done)
            self._plugin.move(self._keys[int(place)], float(value))
            self._moved += 1
        return n


def main(audio: AudioChannel, spec: PluginSpec) -> NoReturn:
    """Load the plugin and serve until the parent is gone."""
    service = Service(audio, Plugin(spec), spec.movable)
    hurry()
    gc.collect()
    gc.freeze()
    gc.disable()
    audio.back.ready += 1
    say(ready=True)
    while True:
        if not service.serve():
            time.sleep(_IDLE_S)


if __name__ == "__main__":
    hush()
    try:
        (wanted,) = chain_of([json.loads(sys.argv[2])])
        assert isinstance(wanted, PluginSpec)
        main(AudioChannel(Path(sys.argv[1])), wanted)
    except DoubledropError as trouble:
        say(fault=str(trouble))
    except Exception as trouble:
        say(fault=f"{type(trouble).__name__}: {trouble}")
    sys.stdout.flush()
    os._exit(1)  # a plugin that does not like to be unloaded has nothing more to say
