"""Between wet and dry where nothing is known of an instant, and back."""

from __future__ import annotations

from engine.dsp.tempo import Tempo

HOLD_S = 0.5  # how long the last gain is held once nothing knows the instant
_FADE_S = 0.030  # from wet to dry and back


class Fade:
    """How much of the effect there is, hop by hop.

    Args:
        rate: sample rate, hertz.
        hop: samples between readings.
        tempo: after a fall to dry the effect comes back at the next downbeat; without a tempo as
            soon as it can.

    Attributes:
        tempo: see above; may be changed.
    """

    def __init__(self, rate: float, hop: int, tempo: Tempo | None) -> None:
        self._rate, self.tempo = rate, tempo
        self._step = hop / (_FADE_S * rate)
        self._wet, self._lost, self._lost_bar = 1.0, False, 0

    def forget(self) -> None:
        """As if there had never been an effect: it comes as soon as it is there."""
        self._lost, self._wet = False, 0.0

    def follow(self, sample: float, is_known: bool, had_any: bool) -> float:
        """How much there is at the next hop, 0 … 1.

        Args:
            sample: its time in the feed.
            is_known: whether there is a gain to put on it.
            had_any: whether there has ever been one.
        """
        if not is_known:
            self._lost = self._lost or had_any
            self._lost_bar = self._bar(sample)
            if sample >= 0:  # before the feed begins there is nothing to fade from
                self._wet = max(0.0, self._wet - self._step)
        elif not self._lost or self._bar(sample) != self._lost_bar or self.tempo is None:
            self._lost = False
            self._wet = min(1.0, self._wet + self._step)
        else:
            self._wet = max(0.0, self._wet - self._step)
        return self._wet

    def _bar(self, sample: float) -> int:
        return self.tempo.bar_at(sample / self._rate) if self.tempo else 0
