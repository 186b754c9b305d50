"""How long calls take: the percentiles that all figures give."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array

_POINTS = {"p50": 50.0, "p99": 99.0, "p999": 99.9}


def percentiles_ms(times_s: Array) -> dict[str, float]:
    """Of times in seconds, (n,), the 50th, 99th and 99.9th percentile in ms; 0 of none."""
    found = np.percentile(times_s, list(_POINTS.values())) if len(times_s) else np.zeros(3)
    return {name: 1e3 * float(time_s) for name, time_s in zip(_POINTS, found, strict=True)}
