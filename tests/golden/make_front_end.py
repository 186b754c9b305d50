"""Makes front_end.json: numbers that fail when centring, windowing or scaling changes.

Run ``python tests/golden/make_front_end.py`` only when the front end is meant to change; then
every dataset and model has to be made again.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from engine.dsp.frontend import FrontEnd

GOLDEN = Path(__file__).with_name("front_end.json")
RATES = (24000, 44100, 48000, 96000)
COLUMNS, BANDS = (0, 7, 20, 33, 40), (0, 3, 20, 47, 80, 110, 127)


def signal(rate: int) -> np.ndarray:
    """Half a second, the same at any rate: a chirp, a click, a sine, all below 10 kHz."""
    t = np.arange(rate // 2) / rate
    chirp = 0.3 * np.sin(2 * np.pi * (60 * t + 6000 * t**2))
    sine = 0.2 * np.sin(2 * np.pi * 440 * t)
    click = np.exp(-0.5 * ((t - 0.2) / 0.0002) ** 2)
    return (chirp + sine + 0.3 * click)[None].astype(np.float32)


def numbers() -> dict[str, object]:
    """The front end's fingerprint and some of its pixels at each rate."""
    front_end = FrontEnd()
    images = {
        str(rate): front_end.at(rate).log_mel(signal(rate))[np.ix_(COLUMNS, BANDS)].round(3)
        for rate in RATES
    }
    return {
        "fingerprint": front_end.fingerprint,
        "windows": {str(rate): front_end.at(rate).n for rate in RATES},
        "images": {rate: image.tolist() for rate, image in images.items()},
    }


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(numbers(), indent=1) + "\n", encoding="utf-8")
