"""What the audio callback costs, beside machine code that does nothing but spin for as long."""

from __future__ import annotations

import gc
import time
from typing import Any

import numpy as np

from engine.config.request import EngineConfig
from engine.dsp.arrays import Audio
from engine.dsp.frontend import FrontEnd
from engine.dsp.gain import GainImage
from engine.dsp.path_state import KIND_WINDOW
from engine.dsp.published import Publisher
from engine.dsp.settings import Settings
from engine.dsp.window import WindowSnapshot
from engine.host.callback import Live, exchange
from engine.host.live_path import shape_of
from engine.host.percentiles import percentiles_ms
from engine.host.session import begin_session
from engine.machine_clock import now_s
from engine.machine_code import compiled
from engine.state import shared_state as b

_RATE = 48000
_BLOCK = 128
_COLUMNS = 500


@compiled()
def _spin(seconds, clock):  # type: ignore[no-untyped-def]
    until = now_s(clock) + seconds
    while now_s(clock) < until:
        pass


def callback_ms(feed: Audio, calls: int) -> dict[str, dict[str, float]]:
    """Times of a callback in milliseconds, stereo at 48 kHz, by what it has to do.

    Args:
        feed: sound, (2, n).
        calls: of each.

    Returns:
        For one slot at 128, 64 and 32 frames, two that are crossed, and one of sixteen that are
        loaded: percentiles, ``budget``, and the same percentiles of a callback that spins for the
        median, called after each (``spin_…``).
    """
    forms: dict[str, dict[str, Any]] = {
        "one": {},
        "one_64": {"block": 64},
        "one_32": {"block": 32},
        "crossed": {"slots": 2, "crossed": True},
        "one_of_sixteen": {"slots": 16},
    }
    return {name: _measured(feed, calls, **form) for name, form in forms.items()}


def _stage(slots: int, block: int, crossed: bool) -> tuple[b.SharedState, Live]:
    """Slots with gains that last for ever."""
    sides = (0, 1) if crossed else None
    config = EngineConfig([""] * slots, "cpu", 120.0, 0.0, Settings(), sides=sides)
    shared = b.private(shape_of(config))
    live = begin_session(shared, _RATE, block, (2, 2), config, 0)
    shared.kinds[:] = KIND_WINDOW
    spec = FrontEnd()
    rng = np.random.default_rng(4)
    gains = rng.uniform(-12.0, 12.0, (_COLUMNS, spec.n_mels)).astype(np.float32)
    noise, level = np.full_like(gains, 1e-5), np.full(_COLUMNS, 0.01, np.float32)
    hop = spec.at(_RATE).hop
    source = WindowSnapshot(gains, level, 0.0, hop, 0.0, 1e12, float(_COLUMNS), True)
    for slot in range(slots):
        Publisher(shared.published, slot).image(GainImage(gains, gains, noise, level, source), 0)
    if crossed:
        shared.call(cross=0.5)
    return shared, live


def _measured(
    feed: Audio, calls: int, slots: int = 1, block: int = _BLOCK, crossed: bool = False
) -> dict[str, float]:
    _, live = _stage(slots, block, crossed)
    blocks = np.ascontiguousarray(feed.T)[: feed.shape[-1] // block * block]
    blocks = blocks.reshape(-1, block, 2)
    taken, clock = np.zeros((block, 2), np.float32), np.zeros(2, np.int64)
    warm = min(calls, 2000)
    times, spun = np.zeros(warm + calls), np.zeros(warm + calls)
    gc.collect()
    target = 0.0
    for i in range(warm + calls):
        begun = time.perf_counter()
        exchange(blocks[i % len(blocks)], taken, live)
        between = time.perf_counter()
        _spin(target, clock)
        times[i], spun[i] = between - begun, time.perf_counter() - between
        if i == warm:
            target = float(np.median(times[:warm]))
    spinning = percentiles_ms(spun[warm:]).items()
    found = percentiles_ms(times[warm:]) | {f"spin_{name}": time_ms for name, time_ms in spinning}
    return found | {"budget": 1e3 * block / _RATE}
