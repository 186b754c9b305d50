"""How the feed is restyled, as the user asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.dsp.window import Use

Every = Literal["column", "eighth", "quarter"]
"""How often a window goes through its generator: with each new column, if the last has ended by
then, or at most once a note."""
MIN_RATE, MAX_RATE = 8000, 384000
RendererName = Literal["gain", "paper", "griffin-lim"]


@dataclass(frozen=True)
class Settings:
    """How a host renders.

    Attributes:
        use: of the window.
        lookahead_ms: 0, 23, 46 or 93.
        renderer: ``gain``, ``paper`` for the way of the paper, or ``griffin-lim`` for what the
            paper compares its way with.
        noise_branch: whether ``gain`` fills missing energy with noise.
        synthesis: synthesis window at 48 kHz, 512 (10.7 ms) or 256 (5.3 ms) samples.
        wet: 0 (dry) … 1.
        every: how often a window is restyled, by generators that restyle windows.
    """

    use: Use = "phrase"
    lookahead_ms: int = 0
    renderer: RendererName = "gain"
    noise_branch: bool = True
    synthesis: int = 512
    wet: float = 1.0
    every: Every = "column"
