"""MIDI clock as tempo and position: a delay-locked loop that begins as a least-squares line.

A clock sends 24 ticks a quarter note, each some milliseconds early or late. The line through them
is followed by an alpha-beta filter. Its gains are those of a least-squares line through all ticks
so far (Brookner, "Tracking and Kalman Filtering Made Easy", 1998, section 1.2.10), until there are
as many as it is to remember; then they stay, which is a delay-locked loop of second order
(Adriaensen, "Using a DLL to filter time", LAC 2005). When ticks stay off the line, it forgets, and
locks anew.
"""

from __future__ import annotations

import math

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
_TOGETHER_S = 0.0002  # two messages closer than this were sent at the same time
_JUST_S = 0.005  # a start this soon after the first tick of a clock that was silent meant that one
_BURST = 0.5  # ticks: sooner than this after the one before, one was held up
_SILENCE = 1.5  # ticks: a clock that does not run and pauses this long was silent


class MidiClock:
    """Follows one clock. Times are seconds of any monotonic clock.

    Attributes:
        running: whether it has been started and not been stopped; ticks alone (DJ mixers send
            them) give a tempo and no position.
    """

    def __init__(self) -> None:
        self.running = False
        self._armed = self._fresh = False
        self._next_tick = 0
        self._heard_s = self._began_s = -math.inf
        self._period_before = 0.0  # of the last lock
        self._missing = 0  # ticks that never came, or may still come
        self._reset()

    def _reset(self) -> None:
        self._seen = self._weight = 0
        self._placed = _LOCK  # ticks since its place was last set; that many are as good as all
        self._time = self._period = self._off = 0.0
        self._tick: int | None = None

    def start(self, time_s: float) -> None:
        """FA: the next tick is the downbeat."""
        self._next_tick = 0
        self._begin(time_s)

    def go_on(self, time_s: float) -> None:
        """FB: the next tick is where the song stands."""
        if not self.running:
            self._begin(time_s)

    def _begin(self, time_s: float) -> None:
        """Arm for the next tick, or take the one that came along with the start.

        Ports and programs may turn the order of two messages round. A tick of the same time is
        the one that was meant, and so is the first of a clock that ticks only while it plays.
        """
        self._armed, self._tick = True, None  # where it was until now is no place any more
        since_s = time_s - self._heard_s
        if abs(since_s) <= (_JUST_S if self._fresh else _TOGETHER_S):
            self._place_at(self._heard_s)
            self._count()
            self._began_s = -math.inf if self._fresh else time_s

    def stop(self) -> None:
        """FC: the position stands still; ticks may go on."""
        self.running = self._armed = False
        self._tick = None

    def song_position(self, sixteenths: int) -> None:
        """F2: where the song stands; of one that runs, with the next tick."""
        self._next_tick, self._tick = sixteenths * TICKS_PER_SIXTEENTH, None
        self._armed = self._armed or self.running

    def tick(self, time_s: float) -> None:
        """F8, at a time."""
        if 0 <= time_s - self._began_s <= _TOGETHER_S:
            self._next_tick -= 1  # a tick before and one after it came at once: this one was meant
        self._began_s = -math.inf
        pause_s = time_s - self._heard_s
        self._heard_s = time_s
        if self._missing and not self._armed and pause_s < _BURST * self._period_before:
            self._missing -= 1  # it was held up with those before it: it has been counted
            return
        self._missing = 0
        self._follow(time_s)
        silent = not self.running and pause_s > _SILENCE * self._period
        self._fresh = self._seen == 1 or (self.locked and silent)
        if self._armed or self.running:
            self._count()
        else:
            self._tick = None

    def _count(self) -> None:
        """The last tick has a place in the song."""
        self._armed, self.running = False, True
        self._tick = self._next_tick
        self._next_tick += 1

    def _place_at(self, time_s: float) -> None:
        """The line goes through here; its slope stays."""
        self._time, self._placed, self._off = time_s, 1, 0.0

    def _follow(self, time_s: float) -> None:
        # Some a little before the last: times may be those of the blocks of an audio server.
        if self._seen and not abs(time_s - self._time) < self._patience_s():
            if self.running and not self._armed and self.locked and time_s > self._time:
                # It would have said that it stops: the ticks were lost on their way, or held up.
                self._missing = round((time_s - self._time) / self._period) - 1
                self._next_tick += self._missing
            self._period_before = self._period if self.locked else self._period_before
            self._reset()
        self._seen += 1
        if self._seen == 1:
            self._time, self._weight = time_s, 1
            return
        if self._seen == 2:  # two ticks are a line
            self._time, self._period, self._weight = time_s, _possible(time_s - self._time), 2
            return
        if (
            self._armed
        ):  # a master may begin its ticks anew with a start: their place, not their pace
            self._place_at(time_s)
            return
        off = time_s - (self._time + self._period)
        self._off += (off - self._off) / _OFF_TICKS
        if self._weight > _LOCK:
            off = min(max(off, -_STRAY_S), _STRAY_S)
        if self._weight > _AGAIN and abs(self._off) > _OFF_S:
            self._weight, self._off = _AGAIN, 0.0
        self._weight = min(self._weight + 1, _MEMORY)
        n = self._weight
        self._placed += 1
        share = max(2.0 * (2.0 * n - 1.0) / (n * (n + 1.0)), 1.0 / self._placed)
        self._time += self._period + off * share
        self._period = _possible(self._period + off * 6.0 / (n * (n + 1.0)))

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
        return self.locked and self.is_silent(now_s)

    def is_silent(self, now_s: float) -> bool:
        """Whether no tick has come for a while, or ever."""
        return now_s - self._heard_s > self._patience_s()

    def beat_at(self, time_s: float) -> float | None:
        """Quarter notes since the start; None where there is no position.

        One that begins anew counts by the tempo of before until it is locked.
        """
        period_s = self._period if self.locked else self._period_before
        if self._tick is None or not period_s:
            return None
        return (self._tick + (time_s - self._time) / period_s) / TICKS


def _period_s(bpm: float) -> float:
    return 60.0 / (bpm * TICKS)


def _possible(period_s: float) -> float:
    return min(max(period_s, _period_s(MAX_BPM)), _period_s(MIN_BPM))
