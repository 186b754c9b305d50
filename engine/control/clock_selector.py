"""Which clock leads, and what the band does when it falls silent: one tempo at any time.

Sources in the order of the rig: Ableton Link, a MIDI clock, the hand (tap), the line-in itself
(follow), a fixed tempo. One that is lost is held for a while, then the next leads. The place in the
phrase never jumps of itself: what a clock says of it is approached a little a beat; only Start, the
joining of a Link session, another piece on the line-in and "downbeat now" set it. Where a clock
sets it that does not lead yet, it does so once it leads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.control.clock import MidiClock
from engine.control.clock_ports import ClockPorts
from engine.control.follow_clock import FollowClock, TempoEstimate
from engine.control.link_clock import LinkClock
from engine.control.tap import Tap
from engine.dsp.tempo import Tempo

Source = Literal["link", "midi", "tap", "follow", "fixed"]
Clock = MidiClock | LinkClock | FollowClock
_SLEW = 0.02  # of the time that passes: how fast a wrong place is made good
_TOLD_S = 0.0005  # a place that is this far off is worth telling the engine …
_TOLD_BPM = 0.02  # … or a tempo …
_TELL_S = 0.1  # … but not more often
_ROUGH_S = 0.005  # as well as a place is known by a few ticks


@dataclass(frozen=True)
class Lead:
    """Who leads.

    Attributes:
        source: the clock.
        held: whether it has fallen silent and its tempo is held.
        known: whether anybody knows where the bar is.
        sure: share of the last looks at the line-in that agree, 0 … 1, while it is followed or
            listened to; None where another clock leads, which knows.
    """

    source: Source
    held: bool
    known: bool = True
    sure: float | None = None


class ClockSelector:
    """Keeps one tempo from several clocks. Times are seconds of one monotonic clock.

    Args:
        tempo: to begin with; its downbeat is a time of that clock.
        sources: in order of priority.
        hold_s: for how long a lost clock's tempo is held before the next source leads.
    """

    def __init__(
        self,
        tempo: Tempo,
        sources: Sequence[Source] = ("midi", "tap", "fixed"),
        hold_s: float = 5.0,
    ) -> None:
        self._ports, self.link, self.follow = ClockPorts(), LinkClock(), FollowClock()
        self._tap = Tap()
        self._placed = False  # by hand: then whoever listens knows the beat, and no better the bar
        self.tempo = tempo
        self._fixed_bpm, self._tapped = tempo.bpm, 0.0
        self._sources, self._hold_s = sources, hold_s
        self._told_s = 0.0
        self._set = False
        self._new: set[Source] = set()  # whose place is taken at once when it leads
        self._locked_s: dict[Source, float] = {}  # when it was last known
        self._nudged_s = 0.0  # how much later the beat is than whoever listens thinks
        self.lead = Lead(sources[-1], False, known="fixed" in sources)

    def tap(self, time_s: float) -> None:
        """A tap of the hand."""
        self._tapped = self._tap.tap(time_s) or self._tapped

    def downbeat_now(self, time_s: float) -> None:
        """Here is beat 1 of a phrase."""
        self.tempo = replace(self.tempo, downbeat_s=time_s)
        self._set = self._placed = True

    def place(self, downbeat_s: float) -> None:
        """Where a downbeat is, as everybody knows already."""
        self.tempo = replace(self.tempo, downbeat_s=downbeat_s)

    def fix(self, tempo: Tempo) -> None:
        """The fixed tempo is another from now on, and while it leads the bars are its own."""
        self._fixed_bpm = tempo.bpm
        if self.lead.source == "fixed":
            self.tempo, self._set = tempo, True

    def hint(self, bpm: float, now_s: float) -> None:
        """A song begins, whose tempo is this where nobody else knows one; the bars stay."""
        self.fix(self.tempo.changed(bpm, now_s))

    def nudge(self, seconds: float) -> None:
        """The band is late (positive) or early by so much."""
        self.tempo = replace(self.tempo, downbeat_s=self.tempo.downbeat_s + seconds)
        self._set, self._nudged_s = True, self._nudged_s + seconds

    @property
    def clock(self) -> MidiClock:
        """The MIDI clock that leads the others."""
        return self._ports.lead

    def follow_again(self) -> None:
        """The hand gives way: its tempo is forgotten, and whoever else leads places the bar."""
        self._tap, self._tapped = Tap(), 0.0
        self._placed, self._nudged_s = False, 0.0
        self._new |= {"midi", "link", "follow"}

    def hear_clock(self, port: str, kind: str, time_s: float, sixteenths: int = 0) -> None:
        """A message of a MIDI clock; the arguments are those of
        :meth:`engine.control.clock_ports.ClockPorts.hear`.

        With the first tick after a start its place is ours, wherever we were.
        """
        if self._ports.hear(port, kind, time_s, sixteenths):
            self._new.add("midi")

    def hear_link(self, peers: int, bpm: float, beat: float, time_s: float) -> None:
        """An Ableton Link session; whoever joins takes over its place in the bar. The arguments are
        those of :meth:`engine.control.link_clock.LinkClock.hear`."""
        if self.link.hear(peers, bpm, beat, time_s) and self.lead.source != "midi":
            self._new.add("link")

    def hear_look(self, look: TempoEstimate | None, time_s: float) -> None:
        """What the follower has found on the line-in; where that is new, it is taken at once."""
        if self.follow.hear(look, time_s):
            self._placed, self._nudged_s = False, 0.0
            if self.lead.source == "follow" or not self.lead.known:
                self._new.add("follow")

    def update(self, now_s: float) -> Tempo | None:
        """Once every few milliseconds.

        Returns:
            The tempo, where it has changed by something that can be heard.
        """
        if self._ports.choose(now_s, self._hold_s):
            self._new.add("midi")
        self.lead = self._leader(now_s)
        passed_s = now_s - self._told_s
        if not self._set and passed_s < _TELL_S:
            return None
        wanted, bpm = self.tempo, self._bpm()
        if bpm is not None and abs(bpm - wanted.bpm) > _TOLD_BPM:
            wanted = wanted.changed(bpm, now_s)
        clock = self._clock(self.lead.source)
        begins = clock is self.clock and "midi" in self._new  # anew, and is held until it is sure
        if clock is not None and (begins or not self.lead.held):
            wanted = self._approach(clock, wanted, now_s, min(passed_s, 2.0 * _TELL_S))
        if wanted == self.tempo and not self._set:
            return None
        self.tempo, self._told_s, self._set = wanted, now_s, False
        return wanted

    def _clock(self, source: Source) -> Clock | None:
        clocks: dict[Source, Clock] = {
            "midi": self.clock,
            "link": self.link,
            "follow": self.follow,
        }
        return clocks.get(source)

    def _leader(self, now_s: float) -> Lead:
        for source in self._sources:
            clock = self._clock(source)
            if clock is not None and (clock.locked or source == "midi"):
                # A MIDI clock that begins anew is held until it is known again.
                if clock.locked:
                    self._locked_s[source] = clock.last_s
                known = clock.locked and not clock.is_lost(now_s)
                if known or now_s - self._locked_s.get(source, -math.inf) < self._hold_s:
                    return Lead(source, not known, sure=self._sure(source))
            if source == "tap" and self._tapped:
                return Lead("tap", False)
            if source == "fixed":
                return Lead("fixed", False)
        source, known = self.lead.source, self.lead.known and self.lead.source != "follow"
        if not known and "follow" in self._sources:
            source = "follow"
        return Lead(source, True, known, self._sure(source))

    def _sure(self, source: Source) -> float | None:
        return self.follow.confidence if source == "follow" else None

    def _bpm(self) -> float | None:
        if self.lead.held:
            return None
        clock = self._clock(self.lead.source)
        if clock is not None:
            return clock.bpm
        return self._tapped if self.lead.source == "tap" else self._fixed_bpm

    def _approach(self, clock: Clock, tempo: Tempo, now_s: float, passed_s: float) -> Tempo:
        """The tempo, its place nearer to where the clock is."""
        beat = clock.beat_at(now_s)
        if beat is None:
            return tempo
        begins = now_s - beat * tempo.beat_s  # of the clock's beat 0
        circle_s = tempo.phrase_s if clock is self.clock else tempo.bar_s
        if clock is self.follow:
            begins += self._nudged_s
        if clock is not self.link and self._placed and self.lead.source not in self._new:
            circle_s = tempo.beat_s
        off = (begins - tempo.downbeat_s) % circle_s
        off -= circle_s * (off > 0.5 * circle_s)
        if self.lead.source in self._new and not self.lead.held:
            self._new.discard(self.lead.source)
            self._set, self._placed = True, False
        elif self.lead.held and abs(off) > _ROUGH_S:
            self._set = True
        elif abs(off) < _TOLD_S:
            return tempo
        else:
            off = min(max(off, -_SLEW * passed_s), _SLEW * passed_s)
        return replace(tempo, downbeat_s=tempo.downbeat_s + off)
