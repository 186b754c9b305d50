"""The contract of processors: what everything in the signal path promises.

A processor takes blocks of any size and gives back blocks of the same size, ``latency`` samples
late:

* the same feed in blocks of any size gives the same output;
* an impulse comes out ``latency`` samples later;
* a longer input never changes earlier output;
* a NaN that enters is gone once its window is over;
* silence in is silence out, at the latest ``tail`` samples after the sound.

``tests/processor_verifier.py`` holds every processor to it.
"""

from __future__ import annotations

from typing import Protocol

from engine.dsp.arrays import Audio


class Processor(Protocol):
    """A part of the signal path."""

    @property
    def latency(self) -> int:
        """Samples by which the output lies behind the input."""
        ...

    @property
    def tail(self) -> int:
        """Samples after ``latency`` for which the end of the sound can still be heard."""
        ...

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n), for any n."""
        ...
