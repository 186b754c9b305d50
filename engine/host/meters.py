"""How loud it is that goes in and out of the stage."""

from __future__ import annotations

from dataclasses import dataclass

from engine.dsp.arrays import Audio
from engine.dsp.meters import MOMENTARY_S, LoudnessMeter, peak_db
from engine.dsp.true_peak import TruePeakMeter
from engine.state import shared_state as b


@dataclass(frozen=True)
class Levels:
    """Loudness of the last 400 ms, of the last 3 s and of everything, LUFS, and true peak, dBTP."""

    lufs: float
    true_peak_db: float
    short_term: float
    integrated: float


class LevelMeter:
    """Follows what goes in or out.

    Args:
        shared: of the stage.
        count: name of the device's number of samples that have gone through.
        ring: with the latest of them.
    """

    def __init__(self, shared: b.SharedState, count: str, ring: Audio) -> None:
        self._shared, self._count, self._ring = shared, count, ring
        self._begin(48000, 0)

    def _begin(self, rate: int, heard: int) -> None:
        self._rate, self._heard = rate, heard
        self._meter = LoudnessMeter(rate, b.CHANNELS)
        self._peaks = TruePeakMeter(MOMENTARY_S, rate, b.CHANNELS)

    def look(self) -> Levels:
        """What came since the last look, and how loud it is."""
        shared = self._shared
        rate, now = max(1, shared.device.rate), int(getattr(shared.device, self._count))
        if rate != self._rate:
            self._begin(rate, now)
        n = min(max(0, now - self._heard), self._ring.shape[-1] // 2)
        sound = shared.read(self._ring, now - n, n)
        self._meter.hear(sound)
        self._peaks.hear(sound)
        self._heard = now
        meter, peak = self._meter, peak_db(self._peaks.peak)
        return Levels(meter.momentary, peak, meter.short_term, meter.integrated)
