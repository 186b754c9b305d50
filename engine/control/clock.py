"""MIDI clock as tempo and position: a delay-locked loop that begins as a least-squares line.

A clock sends 24 ticks a quarter note, each some milliseconds early or late. The line through them
is followed by an alpha-beta filter. Its gains are those of a least-squares line through all ticks
so far (Brookner, "Tracking and Kalman Filtering Made Easy", 1998, section 1.2.10), until there are
as many as it is to remember; then they stay, which is a delay-locked loop of second order
(Adriaensen, "Using a DLL to filter time", LAC 2005). When ticks stay off the line, it forgets, and
locks anew.
"""

from __future__ import annotations

from engine.dsp.tempo import MAX_BPM, MIN_BPM

TICKS = 24  # a quarter note
TICKS_PER_SIXTEENTH = 6
_LOCK = 48
_MEMORY = 384  # four bars: the tempo is known to 0.02 BPM in spite of 3 ms of jitter
_AGAIN = 24  # what is remembered when the tempo has changed
_GAP = 4.0  # ticks: a clock that was away this long begins anew
_STRAY_S = 0.006  # a tick further off than this was held up on its way, and counts as this far
_OFF_S = 0.004  # mean distance from the line that no jitter explains …
_OFF_TICKS = 16  # … over about as many ticks


class MidiClock:
    """Follows one clock. Times are seconds of any monotonic clock.

    Attributes:
        running: whether it has been started and not been stopped; ticks alone (DJ mixers send
            them) give a tempo and no position.
    """

    def __init__(self) -> None:
        self.running = False
        self._armed = False
        self._next_tick = 0
        self._reset()

    def _reset(self) -> None:
        self._seen = self._weight = 0
        self._time = self._period = self._off = 0.0
        self._tick: int | None = None

    def start(self) -> None:
        """FA: the next tick is the downbeat."""
        self._armed, self._next_tick = True, 0

    def go_on(self) -> None:
        """FB: the next tick is where the song stands."""
        self._armed = True

    def stop(self) -> None:
        """FC: the position stands still; ticks may go on."""
        self.running = self._armed = False

    def song_position(self, sixteenths: int) -> None:
        """F2: where the next start after a stop begins."""
        self._next_tick = sixteenths * TICKS_PER_SIXTEENTH

    def tick(self, time_s: float) -> None:
        """F8, at a time."""
        if self._armed:
            self._armed, self.running = False, True
        self._follow(time_s)
        if self.running:
            self._tick = self._next_tick
            self._next_tick += 1
        else:
            self._tick = None

    def _follow(self, time_s: float) -> None:
        if self._seen and not 0.0 < time_s - self._time < self._patience_s():
            self._reset()  # the song stands where it stood
        self._seen += 1
        if self._seen == 1:
            self._time, self._weight = time_s, 1
            return
        if self._seen == 2:  # two ticks are a line
            self._time, self._period, self._weight = time_s, time_s - self._time, 2
            return
        off = time_s - (self._time + self._period)
        self._off += (off - self._off) / _OFF_TICKS
        if self._weight > _LOCK:
            off = min(max(off, -_STRAY_S), _STRAY_S)
        if self._weight > _AGAIN and abs(self._off) > _OFF_S:
            self._weight, self._off = _AGAIN, 0.0
        self._weight = min(self._weight + 1, _MEMORY)
        n = self._weight
        self._time += self._period + off * 2.0 * (2.0 * n - 1.0) / (n * (n + 1.0))
        self._period += off * 6.0 / (n * (n + 1.0))
        self._period = min(max(self._period, _period_s(MAX_BPM)), _period_s(MIN_BPM))

    def _patience_s(self) -> float:
        return _GAP * (self._period if self._seen > _LOCK else _period_s(MIN_BPM))

    @property
    def locked(self) -> bool:
        """Whether two beats have been heard without a gap."""
        return self._seen >= _LOCK

    @property
    def bpm(self) -> float | None:
        """Quarter notes a minute; None before it is locked."""
        return 60.0 / (TICKS * self._period) if self.locked else None

    @property
    def last_s(self) -> float:
        """When the last tick was, or should have been."""
        return self._time

    def is_lost(self, now_s: float) -> bool:
        """Whether a clock that was locked has fallen silent."""
        return self.locked and now_s - self._time > self._patience_s()

    def beat_at(self, time_s: float) -> float | None:
        """Quarter notes since the start; None where there is no position."""
        if not self.locked or self._tick is None:
            return None
        return (self._tick + (time_s - self._time) / self._period) / TICKS


def _period_s(bpm: float) -> float:
    return 60.0 / (bpm * TICKS)
