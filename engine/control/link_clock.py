"""Ableton Link as a clock: a tempo and a place in the bar that all peers share.

Link aligns the phase of a bar, not the number of a beat: beat 1 of a phrase stays the performer's.
"""

from __future__ import annotations

_SILENT_S = 1.0


class LinkClock:
    """Follows what a peer says. Times are seconds of any monotonic clock.

    Attributes:
        bpm: of the session; None while nobody else is in it.
        last_s: when it was last heard of.
    """

    def __init__(self) -> None:
        self.bpm: float | None = None
        self.last_s = self._beat = 0.0

    def hear(self, peers: int, bpm: float, beat: float, time_s: float) -> bool:
        """The session at a time.

        Args:
            peers: number of others in it.
            bpm: its tempo, beats per minute.
            beat: its place in beats, of any origin; bars begin on multiples of their length.
            time_s: the time of all this, seconds.

        Returns:
            Whether it has just been joined.
        """
        if not peers:
            return False
        joined = self.bpm is None or self.is_lost(time_s)
        self.bpm, self._beat, self.last_s = bpm, beat, time_s
        return joined

    @property
    def locked(self) -> bool:
        """Whether there was ever a session."""
        return self.bpm is not None

    def is_lost(self, now_s: float) -> bool:
        """Whether the session has fallen silent, or everybody has left."""
        return self.locked and now_s - self.last_s > _SILENT_S

    def beat_at(self, time_s: float) -> float | None:
        """Beats at a time; None without a session."""
        if self.bpm is None:
            return None
        return self._beat + (time_s - self.last_s) * self.bpm / 60.0
