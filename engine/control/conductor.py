"""Which clock leads, and what the band does when it falls silent: one tempo at any time.

Sources in the order of the rig: Ableton Link, a MIDI clock, the hand (tap), the line-in itself
(follow), a fixed tempo. One that is lost is held for a while, then the next leads. The place in the
phrase never jumps of itself: what a clock says of it is approached a little a beat; only Start, the
joining of a Link session, another piece on the line-in and "downbeat now" set it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.control.clock import MidiClock
from engine.control.follow_clock import FollowClock, Look
from engine.control.link_clock import LinkClock
from engine.control.tap import Tap
from engine.dsp.tempo import Tempo

Source = Literal["link", "midi", "tap", "follow", "fixed"]
Clock = MidiClock | LinkClock | FollowClock
_SLEW = 0.02  # of the time that passes: how fast a wrong place is made good
_TOLD_S = 0.0005  # a place that is this far off is worth telling the engine …
_TOLD_BPM = 0.02  # … or a tempo …
_TELL_S = 0.1  # … but not more often


@dataclass(frozen=True)
class Lead:
    """Who leads.

    Attributes:
        source: the clock.
        held: whether it has fallen silent and its tempo is held.
        known: whether anybody knows where the bar is.
    """

    source: Source
    held: bool
    known: bool = True


class Conductor:
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
        self.clock, self.link, self.follow = MidiClock(), LinkClock(), FollowClock()
        self._tap = Tap()
        self._clocks: dict[Source, Clock] = {
            "midi": self.clock,
            "link": self.link,
            "follow": self.follow,
        }
        self._placed = False  # by hand: then whoever listens knows the beat, and no better the bar
        self.tempo = tempo
        self._fixed_bpm, self._tapped = tempo.bpm, 0.0
        self._sources, self._hold_s = sources, hold_s
        self._told_s = 0.0
        self._set = self._started = False
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

    def nudge(self, seconds: float) -> None:
        """The band is late (positive) or early by so much."""
        self.tempo = replace(self.tempo, downbeat_s=self.tempo.downbeat_s + seconds)
        self._set, self._nudged_s = True, self._nudged_s + seconds

    def start(self, go_on: bool = False) -> None:
        """FA or FB of the MIDI clock: with its next tick its place is ours, wherever we were."""
        if go_on:
            self.clock.go_on()
        else:
            self.clock.start()
        self._started = True

    def hear_link(self, peers: int, bpm: float, beat: float, time_s: float) -> None:
        """An Ableton Link session; whoever joins takes over its place in the bar."""
        if self.link.hear(peers, bpm, beat, time_s):
            self._started = self._started or self.lead.source != "midi"

    def hear_look(self, look: Look | None, time_s: float) -> None:
        """What the follower has found on the line-in; where that is new, it is taken at once."""
        if self.follow.hear(look, time_s):
            self._placed, self._nudged_s = False, 0.0
            listening = self.lead.source == "follow" or not self.lead.known
            self._started = self._started or listening

    def update(self, now_s: float) -> Tempo | None:
        """Once every few milliseconds.

        Returns:
            The tempo, where it has changed by something that can be heard.
        """
        self.lead = self._leader(now_s)
        passed_s = now_s - self._told_s
        if not self._set and passed_s < _TELL_S:
            return None
        wanted, bpm = self.tempo, self._bpm()
        if bpm is not None and abs(bpm - wanted.bpm) > _TOLD_BPM:
            wanted = wanted.changed(bpm, now_s)
        clock = self._clocks.get(self.lead.source)
        if clock is not None and not self.lead.held:
            wanted = self._approach(clock, wanted, now_s, min(passed_s, 2.0 * _TELL_S))
        if wanted == self.tempo and not self._set:
            return None
        self.tempo, self._told_s, self._set = wanted, now_s, False
        return wanted

    def _leader(self, now_s: float) -> Lead:
        for source in self._sources:
            clock = self._clocks.get(source)
            if clock is not None and clock.locked:
                lost = clock.is_lost(now_s)
                if not lost or now_s - clock.last_s < self._hold_s:
                    return Lead(source, lost)
            if source == "tap" and self._tapped:
                return Lead("tap", False)
            if source == "fixed":
                return Lead("fixed", False)
        known = self.lead.known and self.lead.source != "follow"
        return replace(self.lead, held=True, known=known)

    def _bpm(self) -> float | None:
        if self.lead.held:
            return None
        clock = self._clocks.get(self.lead.source)
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
            circle_s = tempo.beat_s if self._placed else tempo.bar_s
        off = (begins - tempo.downbeat_s) % circle_s
        off -= circle_s * (off > 0.5 * circle_s)
        if self._started:
            self._started, self._set = False, True
        elif abs(off) < _TOLD_S:
            return tempo
        else:
            off = min(max(off, -_SLEW * passed_s), _SLEW * passed_s)
        return replace(tempo, downbeat_s=tempo.downbeat_s + off)
