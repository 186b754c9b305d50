"""The signal path of the stage: in shared memory, and in that of the process that plays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.config.request import EngineConfig
from engine.dsp.frontend import FrontEnd
from engine.dsp.latency import NO_TRIPS, Trips, budget
from engine.dsp.path_setup import Arrangement, path_of
from engine.dsp.stft import STFT
from engine.dsp.true_peak import TABLE
from engine.host.callback import Ends, Live, PathControls
from engine.state.shared_state import Shape, SharedState


def shape_of(config: EngineConfig) -> Shape:
    """What the shared state is made for."""
    behind = bool(config.master) or any(strip.after for strip in config.strips)
    return Shape(len(config.models), 1 + len(sources_of(config)), int(behind))


def sources_of(config: EngineConfig) -> list[int]:
    """The slots that have effects before their generator, in the order of their feeds."""
    return [slot for slot, strip in enumerate(config.strips) if strip.before]


def live_of(
    shared: SharedState,
    config: EngineConfig,
    trips: Trips = NO_TRIPS,
    decided: Sequence[Sequence[tuple[int, int]]] | None = None,
) -> Live:
    """A signal path for the session that is about to begin.

    Args:
        shared: of the stage.
        config: what is played with.
        trips: through the effects' process, at this rate.
        decided: for a take: of each slot, what its columns were heard by.
    """
    device, settings = shared.device, config.settings
    analyser = FrontEnd().at(device.rate)
    stft = STFT.low_delay(device.rate, settings.synthesis)
    parts = budget(device.rate, device.block, settings, trips)
    sources = sources_of(config)
    arrangement = Arrangement(
        slots=len(config.models),
        channels=max(1, device.inputs),
        held_back=parts["look-ahead"] + parts["before"],
        use=settings.use,
        law=config.law,
        sides=config.sides,
        sources=1 + len(sources),
    )
    path = path_of(
        analyser,
        stft,
        arrangement,
        shared.published,
        shared.feeds,
        shared.sound,
        parts=(shared.shares, shared.running),
        decided=decided,
        state=shared.state,
        slots=shared.slots,
        rows=shared.device_rows,
    )
    path.slots["match"] = config.match
    if config.levels_db:
        path.slots["level"] = 10 ** (np.array(config.levels_db) / 20)
    for number, slot in enumerate(sources, 1):
        path.slots["source"][slot] = number
    path.state["at"] = device.heard
    path.state["active"] = shared.called().slot % len(config.models)
    shared.device.effects = int(shared.shares.shape[-1] > 0)
    tempo_read, wish_read = shared.tempo.array.copy(), shared.wish.array.copy()
    tempo_read["count"] = wish_read["count"] = -1
    device_, network, effects = shared.device.array, shared.network.array, shared.effects.array
    wishes = PathControls(
        device=device_,
        network=network,
        tempo=shared.tempo.array,
        tempo_read=tempo_read,
        wish=shared.wish.array,
        wish_read=wish_read,
        amounts=shared.amounts,
        kinds=shared.kinds,
    )
    ends = Ends(
        device=device_,
        effects=effects,
        controls=shared.controls.array,
        effected=shared.effected,
        out=shared.out,
        ceiling=shared.ceiling,
        ahead=shared.ahead,
        table=TABLE,
        mix=shared.mix,
        measured=shared.measured,
        clock=np.zeros(2, np.int64),
    )
    return Live(path, wishes, ends)
