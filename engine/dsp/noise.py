"""Shaped noise for the energy that a gain cannot make, gated by the live feed.

A snare put into silence has no input to amplify. Its mel power becomes noise of random phase in
the same frames as the gain. The phases come from a fixed table at an offset that is a hash of
the hop's index, so that a render repeats to the bit and costs no random numbers per hop.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from engine.dsp.arrays import Array

TABLE = 1 << 16
"""Numbers of the table from which a hop's phases may begin."""
KNUTH = 2654435761
"""Multiplicative hashing (Knuth, TAOCP vol. 3, 6.4)."""
_SEED = 20190610
GATE_MEMORY_S = 0.06
"""A hit may stand in a gap of the feed this long."""
SILENCE = 1e-20
"""Keeps quotients finite; a silent feed has the factor 0."""
GATE_HEADROOM = 4.0
"""+6 dB: noise may exceed the loudest of the recent feed by no more."""


@lru_cache(maxsize=4)
def phase_table(bins: int) -> Array:
    """Unit numbers of random phase, real and imaginary parts, (2, TABLE + bins); a hop takes
    ``bins`` of them in a row."""
    angle = np.random.default_rng(_SEED).uniform(0, 2 * np.pi, TABLE + bins)
    return np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
