"""The effects of a rig beside one session of the device: what it heard goes through those before
the generators, each slot's share of what it made through those behind them, and back.

The signal path waits for a block of it, and no longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from engine.config.request import EngineConfig
from engine.dsp.stft import STFT
from engine.effects.slot_effects import EffectsBefore, EffectsBehind
from engine.host.session import IDLE_S, opened_session
from engine.plugins.chains import ChainBuilder, RigChains
from engine.processes.speech import say
from engine.state import shared_state as b
from engine.state.journal import Kind, note

_BACKLOG_S = 0.5  # further behind than this, what was missed is left out


class EffectsSession:
    """The effects at one rate.

    Args:
        shared: the shared memory.
        config: see :class:`EngineConfig`.
        patience_s: how long the answer of a plugin is waited for, where nobody listens.
        tell: told what goes wrong; by default whoever started this process.
        led: of a take: the samples with which they began, of what was made and of what was heard;
            macros and panics are the take's too.

    Attributes:
        fed, made: next sample of what was heard, and of what was made of it.
        hop: samples that are worked on at once.
        plugins: effects in processes of their own, in the order of the rig.
    """

    def __init__(
        self,
        shared: b.SharedState,
        config: EngineConfig,
        patience_s: float | None = None,
        tell: Callable[[str], None] = lambda text: say(fault=text),
        led: tuple[int, int] | None = None,
    ) -> None:
        opened = opened_session(shared)
        self._shared, self.number, self._rate = shared, opened.number, opened.rate
        self._channels, self._tell, self._led = max(1, opened.inputs), tell, led
        self.hop = hop = STFT.low_delay(self._rate, config.settings.synthesis).hop
        builder = ChainBuilder(self._rate, self._channels, hop, patience_s)
        built = RigChains(config, builder)
        self._macros, self.plugins = built.macros, builder.plugins
        chains = [chain for chain in built.before if chain is not None]
        form = self._rate, self._channels
        self._before = EffectsBefore(chains, *form)
        self._behind = EffectsBehind(built.after, built.master, *form)
        self._lead = max(self._before.latencies, default=0)
        self._has_behind = shared.shares.shape[-1] > 0
        for number, plugin in enumerate(self.plugins):
            plugin.told = partial(self._happened, number)
        self._panics = shared.controls.panics
        self._turned: dict[int, float] = {}
        self._said = {""}
        self._start()

    def _start(self) -> None:
        """With what is heard, and made, from now on."""
        device = self._shared.device
        self.made, self.fed = self._led or (device.made, device.heard // self.hop * self.hop)
        note(self._shared, Kind.EFFECTS, self.made, self.fed)

    def follow(self) -> None:
        """Until the session is over or the program ends."""
        shared = self._shared
        while shared.device.session == self.number and shared.controls.stop != b.ALL_END:
            if max(self._feed_behind, self._sound_behind) > _BACKLOG_S * self._rate:
                self.reset()
                self._start()
            elif not self.step():
                time.sleep(IDLE_S)

    @property
    def _feed_behind(self) -> int:
        return self._shared.device.heard - self.fed if self._before.latencies else 0

    @property
    def _sound_behind(self) -> int:
        return self._shared.device.made - self.made if self._has_behind else 0

    def advance(self) -> None:
        """All hops that are there."""
        while self.step():
            pass

    def is_at(self, row: Mapping[str, float]) -> bool:
        """Whether what a take noted there is due."""
        there = not self._has_behind or self.made >= row["at"]
        return there and (not self._before.latencies or self.fed >= row["fed"])

    def step(self, row: Mapping[str, float] | None = None) -> bool:
        """One hop; whether there was one.

        Args:
            row: what a take notes next, up to which it goes; None for nothing more.
        """
        if self._feed_behind >= self.hop and (row is None or self.fed < row["fed"]):
            self.feed_hop()
        elif self._sound_behind >= self.hop and (row is None or self.made < row["at"]):
            self.sound_hop()
        else:
            return False
        self._report()
        return True

    def feed_hop(self) -> None:
        """The next hop of what was heard through the effects before the generators."""
        shared, hop = self._shared, self.hop
        self._choose()
        sounds = self._before.process(shared.read(shared.feed, self.fed, hop, self._channels))
        for ring, sound, late in zip(shared.feeds[1:], sounds, self._before.latencies, strict=True):
            shared.write(ring, self.fed - late, sound)
        self.fed += hop
        shared.effects.fed = self.fed - self._lead

    def sound_hop(self) -> None:
        """The next hop of each slot's share through the effects behind the generators."""
        shared, hop = self._shared, self.hop
        self._choose()
        shares = [shared.read(ring, self.made, hop, self._channels) for ring in shared.shares]
        runs = shared.running[:, self.made // hop % shared.running.shape[1]]
        out = self._behind.process(np.stack(shares), runs.tolist())
        late = self._behind.latency
        shared.write(shared.effected, self.made - late, out)
        self.made += hop
        shared.effects.made = self.made - late

    def _choose(self) -> None:
        """Where the knobs stand, and whether everything is to be cleared."""
        if self._led:
            return
        for number in range(len(self._macros)):
            self.turn(number, float(self._shared.macros[number]))
        if self._shared.controls.panics != self._panics:
            self._panics = self._shared.controls.panics
            self.panic()

    def turn(self, number: int, place: float) -> None:
        """Turn a knob, if there is one of that number."""
        if number < len(self._macros) and self._turned.get(number) != place:
            self._turned[number] = place
            self._macros.turn(number, place)
            note(self._shared, Kind.MACRO, self.made, self.fed, number, place)

    def panic(self) -> None:
        """Clear everything that still sounds."""
        note(self._shared, Kind.PANIC, self.made, self.fed)
        self.reset()

    def reset(self) -> None:
        """Clear all tails, and try again what has failed."""
        self._before.reset()
        self._behind.reset()

    def _happened(self, number: int, turn: int) -> None:
        note(self._shared, Kind.PLUGIN, self.made, self.fed, number, turn)

    def _report(self) -> None:
        for trouble in (*self._before.faults, *self._behind.faults):
            if trouble not in self._said:
                self._said.add(trouble)
                self._tell(trouble)
