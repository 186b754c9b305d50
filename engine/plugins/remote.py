"""An effect that runs in a process of its own, as the others see it: a hop later, and harmless."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path

import numpy as np

from engine.dsp.arrays import Audio
from engine.dsp.ring import put, take
from engine.effects.chain import TAIL_S
from engine.effects.insert import Absent
from engine.effects.specs import PluginSpec
from engine.plugins import channel as w
from engine.plugins.channel import AudioChannel

OFFLINE_S = 10.0
"""How long an answer is waited for where nobody listens."""
_LOOK_S = 0.0001
_ROOM = w.RING // 2


class PluginTransition(IntEnum):
    """What becomes of an effect; a take notes it."""

    AWAY = 0
    BACK = 1
    ANEW = 2


class RemoteEffect:
    """The effects' end of the channel to a plugin's process.

    Args:
        spec: of a plugin that has a process.
        latency: of the plugin alone, samples at this rate.
        rate: hertz.
        channels: number of channels.
        hop: samples, at most, that go there at once; the sound is so much later for it.
        patience_s: how long to wait for an answer that is due; by default half a hop, and not at
            all while the effect is away.

    Attributes:
        latency: samples, with the hop.
        told: called with each turn, by whoever takes notes.
    """

    def __init__(
        self,
        spec: PluginSpec,
        latency: int,
        rate: float,
        channels: int,
        hop: int,
        patience_s: float | None = None,
    ) -> None:
        self.name = spec.name
        self.latency = hop + latency
        self.tail = round(TAIL_S * rate)
        self.faults: list[str] = []
        self.told: Callable[[PluginTransition], None] = lambda turn: None
        self._audio, self._channels, self._hop = AudioChannel(Path(spec.channel)), channels, hop
        self._rate, self._steadfast = round(rate), patience_s is not None
        self._patience_s = 0.5 * hop / rate if patience_s is None else patience_s
        self._places = {key: place for place, key in enumerate(spec.movable)}
        self._moves: dict[int, float] = {}  # that the process has not been told of
        self._standing: dict[int, float] = {}
        self._led: PluginTransition | None = None
        self._paused = False
        self._away = False
        self._lives = -1
        self._begin()

    @property
    def paused(self) -> bool:
        """Whether it is left alone: nobody hears it. It begins anew afterwards."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._paused = paused
        if paused:
            self._away = True
        else:
            self._begin()

    def lead(self, turn: PluginTransition) -> None:
        """Do what was noted, instead of looking for oneself."""
        if turn is PluginTransition.ANEW:
            self._begin()
            self._settle()
        self._led = PluginTransition.AWAY if turn is PluginTransition.ANEW else turn

    def move(self, parameter: str, value: float) -> None:
        """Let a parameter go to a value, in its units; the process ramps it."""
        place = self._places[parameter]
        self._moves[place] = self._standing[place] = value

    def reset(self) -> None:
        """No tail."""
        self._begin()
        self.told(PluginTransition.ANEW)

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n).

        Raises:
            Absent: the answer is not there.
        """
        if self._paused:
            raise Absent
        audio, n = self._audio, block.shape[-1]
        if self._led is None and (audio.back.ready != self._lives or self._is_far_behind()):
            self.reset()
        out, there = np.zeros_like(block), True
        for at in range(0, n, self._hop):
            part = block[:, at : at + self._hop]
            until = self._sent - self._hop + part.shape[-1]
            there = self._is_there(until) and there
            self._say_moves()
            put(audio.sent, self._sent, part)
            self._sent += part.shape[-1]
            audio.there.sent = self._sent
            if there and until > 0:
                some = min(until, part.shape[-1])
                end = at + part.shape[-1]
                out[:, end - some : end] = take(audio.returned, until - some, some, self._channels)
        self._turn(there)
        if self._away:
            raise Absent
        return out

    def _say_moves(self) -> None:
        for place, value in self._moves.items():
            moved = self._audio.there.moved
            self._audio.moves[moved % w.MOVES] = self._sent, place, value
            self._audio.there.moved = moved + 1
        self._moves.clear()

    def _turn(self, there: bool) -> None:
        away = not there or self._led is PluginTransition.AWAY
        if away != self._away:
            self._away = away
            self.told(PluginTransition.AWAY if away else PluginTransition.BACK)

    def _begin(self) -> None:
        """The process is to begin anew, with what comes now."""
        there = self._audio.there
        self._lives, self._sent = self._audio.back.ready, 0
        self._moves = dict(self._standing)
        self._session = there.session + 1
        there.beginning |= 1
        there.rate, there.hop, there.inputs = self._rate, self._hop, self._channels
        there.sent, there.moved_before = 0, there.moved
        there.session = self._session
        there.beginning += 1

    def _settle(self) -> None:
        """Wait for a process that is just being replaced, as it was replaced then."""
        deadline = time.monotonic() + self._patience_s
        while self._audio.given_back(self._session) < 0 and time.monotonic() < deadline:
            if self._audio.back.ready != self._lives:
                self._begin()
            if self._audio.care.disabled:
                return
            time.sleep(_LOOK_S)

    def _is_far_behind(self) -> bool:
        return self._sent - max(0, self._audio.given_back(self._session)) > _ROOM

    def _is_there(self, until: int) -> bool:
        """Whether the session's samples up to there have come back."""
        audio = self._audio
        if self._led is PluginTransition.AWAY:  # only that the ring does not overflow
            until = self._sent - _ROOM
        waits = self._steadfast or not self._away
        deadline = time.monotonic() + (self._patience_s if waits else 0.0)
        while audio.given_back(self._session) < max(until, 0):
            replaced = audio.back.ready != self._lives
            if replaced or audio.care.disabled or time.monotonic() >= deadline:
                return False
            time.sleep(_LOOK_S)
        return True
