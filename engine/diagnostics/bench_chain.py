"""What a chain of effects costs, beside the same effects in pedalboard's own chain."""

from __future__ import annotations

import gc
import time
from typing import Any

import numpy as np

from engine.effects.insert import Insert
from engine.effects.specs import BuiltinSpec
from engine.host.percentiles import percentiles_ms
from engine.plugins.chains import ChainBuilder

_RATE, _BLOCK = 48000, 128
_USUAL = ("HighpassFilter", "Compressor", "Distortion", "Chorus", "Reverb", "Gain")


def chain_ms(blocks: int) -> dict[str, float]:
    """Percentiles of a block of 128 frames, stereo at 48 kHz, through six usual effects.

    Args:
        blocks: to time.

    Returns:
        ``p50``, ``p99``, ``p999`` and ``budget``, and ``bare_p50``, ``bare_p99`` of pedalboard's
        own chain, a block of it timed after each of ours.
    """
    import pedalboard

    chain = ChainBuilder(_RATE, 2, _BLOCK).chain(tuple(BuiltinSpec(name) for name in _USUAL))
    assert chain is not None
    ours = Insert(chain, _RATE, 2, direct=False)
    plugins: Any = [getattr(pedalboard, name)() for name in _USUAL]
    bare = pedalboard.Pedalboard(plugins)  # type: ignore[attr-defined]
    rng = np.random.default_rng(0)
    block = (0.1 * rng.standard_normal((2, _BLOCK))).astype(np.float32)
    times = np.empty((2, blocks))
    gc.collect()
    for n in range(blocks):
        begun = time.perf_counter()
        ours.process(block)
        between = time.perf_counter()
        bare.process(block, _RATE, _BLOCK, False)
        times[:, n] = between - begun, time.perf_counter() - between
    ours_ms, bare_ms = map(percentiles_ms, times)
    beside = {f"bare_{name}": bare_ms[name] for name in ("p50", "p99")}
    return ours_ms | {"budget": 1e3 * _BLOCK / _RATE} | beside
