"""Where the milliseconds between line-in and line-out go."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.dsp.frontend import Analyser, FrontEnd
from engine.dsp.limiter import LOOKAHEAD
from engine.dsp.settings import Settings
from engine.dsp.stft import STFT
from engine.dsp.window import Use
from engine.errors import UsageError

LOOKAHEAD_COLUMNS = {0: 0, 23: 2, 46: 4, 93: 8}
"""Model columns of each look-ahead that can be chosen, milliseconds."""
FADE = 32
"""Samples of the way from the sound with effects to the one without. They are kept in hand: a fade
needs sound of both kinds."""


@dataclass(frozen=True)
class Trips:
    """Ways through the effects' process, and the samples that the effects take there themselves;
    None where there are no effects.

    Attributes:
        before: the generators.
        behind: them, and all slots.
    """

    before: int | None = None
    behind: int | None = None


NO_TRIPS = Trips()


def budget(rate: float, block: int, settings: Settings, trips: Trips = NO_TRIPS) -> dict[str, int]:
    """Samples of latency by part, without the device's own.

    Args:
        rate: of the device, hertz.
        block: frames that the device asks for at once; 0 where they vary.
        settings: how the feed is restyled.
        trips: through the effects' process.

    Returns:
        ``stft``, ``block`` (until a hop is whole), ``look-ahead`` (asked for by the performer),
        ``before`` and ``effects`` (a block and a small cushion for the way through the effects'
        process, and what they take themselves) and ``limiter``.
    """
    stft = STFT.low_delay(rate, settings.synthesis)
    before, behind = (
        0 if takes is None else (block or stft.hop) + FADE + takes
        for takes in (trips.before, trips.behind)
    )
    return {
        "stft": stft.reach - stft.hop,
        "block": stft.hop - math.gcd(block, stft.hop) if block else stft.hop,
        "look-ahead": held_back_by("phrase", settings.lookahead_ms, FrontEnd().at(rate)),
        "before": before,
        "effects": behind,
        "limiter": LOOKAHEAD,
    }


def held_back_by(use: Use, lookahead_ms: int, analyser: Analyser, longest_s: float = 0.0) -> int:
    """Samples by which the frames are behind the feed.

    Args:
        use: of the window; in ``late`` they are two of the longest phrases behind, in any case.
        lookahead_ms: 0, 23, 46 or 93 milliseconds.
        analyser: front end at the feed's rate.
        longest_s: the longest phrase, seconds; only ``late`` needs it.

    Raises:
        UsageError: there is no such look-ahead.
    """
    if lookahead_ms not in LOOKAHEAD_COLUMNS:
        raise UsageError(
            "lookahead",
            f"{lookahead_ms} ms",
            expected=", ".join(f"{ms}" for ms in LOOKAHEAD_COLUMNS),
            cure="Choose one of these with --lookahead.",
        )
    if use == "late":
        return round(2 * longest_s * analyser.rate)
    return round(LOOKAHEAD_COLUMNS[lookahead_ms] * analyser.hop)
