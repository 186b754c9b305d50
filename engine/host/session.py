"""A session of the device begins: counters, fades and the ceiling from the start."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from engine.config.request import EngineConfig
from engine.dsp.latency import NO_TRIPS, Trips, budget
from engine.dsp.limiter import LOOKAHEAD, reset
from engine.dsp.path_state import OPENED, note
from engine.dsp.published import clear
from engine.dsp.signal_path import made_until
from engine.dsp.stft import STFT
from engine.host.callback import Live
from engine.host.live_path import live_of
from engine.state import shared_state as b
from engine.state.stage_records import Opened

IDLE_S = 0.0003  # between looks for the next hop: a ninth of one


def begin_session(
    shared: b.SharedState,
    rate: int,
    block: int,
    channels: tuple[int, int],
    config: EngineConfig,
    heard: int,
    trips: Trips = NO_TRIPS,
    decided: Sequence[Sequence[tuple[int, int]]] | None = None,
    level: float = 0.0,
) -> Live:
    """Set the shared state to the beginning of a session; all that the callback needs for it.

    Args:
        shared: the shared memory.
        rate: hertz.
        block: frames; 0 where they vary.
        channels: of line-in and line-out.
        config: what is played with.
        heard: the sample with which it begins, at the earliest: hops are counted from 0.
        trips: through the effects' process.
        decided: for a take: of each slot, what its columns were heard by.
        level: of the output with which it begins: a device fades in, a file has no need to.
    """
    device, hop = shared.device, STFT.low_delay(rate, config.settings.synthesis).hop
    heard = -(-heard // hop) * hop
    device.opening |= 1
    _silence_between(shared, rate, heard)
    if device.rate != rate:
        clear(shared.published)
    device.rate, device.block = rate, block
    device.inputs, device.outputs = channels
    device.behind = sum(budget(rate, block, config.settings, trips).values()) - LOOKAHEAD
    device.available, device.level_now = 0.0, level
    device.wet_now = shared.controls.wet
    device.wet_noted, device.ready_noted, device.fed_noted = -1.0, 0, 1
    device.taken_tempo = device.taken_call = 0
    shared.ahead[:] = 0.0
    reset(shared.ceiling, rate)
    shared.effects.made = shared.effects.fed = -(
        1 << 60
    )  # whatever was made, was of another session
    device.heard = heard
    live = live_of(shared, config, trips, decided)
    note(shared.device_rows, shared.state[0], OPENED, heard, shared.controls.wet, level)
    device.made = int(made_until(live.path.state[0]))
    device.played = heard - device.behind - LOOKAHEAD
    device.session += 1
    device.opening += 1
    return live


def _silence_between(shared: b.SharedState, rate: int, heard: int) -> None:
    """Nothing was heard, made or played between two sessions."""
    device = shared.device
    before, same = device.heard, device.rate == rate
    later = device.behind + LOOKAHEAD
    rings = [(ring, 0) for ring in shared.feeds]
    rings += [(ring, later) for ring in (shared.sound, shared.effected, shared.out)]
    rings += [(ring, later) for ring in shared.shares if ring.size]
    for ring, behind in rings:
        begins = before - behind
        gap = heard - begins
        if same and 0 <= gap < ring.shape[-1]:
            shared.write(ring, begins, np.zeros((b.CHANNELS, gap), np.float32))
        else:
            ring[:] = 0.0


def opened_session(shared: b.SharedState) -> Opened:
    """The session that there is, once it has begun."""
    while (opened := shared.opened()) is None:
        time.sleep(IDLE_S)
    return opened
