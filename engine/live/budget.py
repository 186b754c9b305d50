"""Where the milliseconds between line-in and line-out go."""

from __future__ import annotations

import math

from engine.dsp.frontend import FrontEnd
from engine.dsp.limiter import LOOKAHEAD
from engine.dsp.stft import STFT
from engine.stages.host import Settings
from engine.stages.restyle import LOOKAHEAD_COLUMNS

FADE = 32
"""Samples of the way from wet to dry. They are kept in hand: a fade needs sound of both kinds."""


def budget(rate: float, block: int, settings: Settings, chains: int = 0) -> dict[str, int]:
    """Samples of latency by part, without the device's own.

    Args:
        rate: of the device, hertz.
        block: frames that the device asks for at once.
        settings: how the feed is restyled.
        chains: samples that the effects take.

    Returns:
        ``stft``, ``look-ahead`` (asked for by the performer), ``chains``, ``block`` (until a hop is
        whole, and the time of one block to work on it), ``cushion`` (one more hop, and the fade)
        and ``limiter``.
    """
    stft = STFT.low_delay(rate, settings.synthesis)
    columns = LOOKAHEAD_COLUMNS[settings.lookahead_ms]
    return {
        "stft": stft.reach - stft.hop,
        "look-ahead": round(columns * FrontEnd().at(rate).hop),
        "chains": chains,
        "block": block + stft.hop - math.gcd(block, stft.hop),
        "cushion": stft.hop + FADE,
        "limiter": LOOKAHEAD,
    }
