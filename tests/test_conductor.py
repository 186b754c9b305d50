"""Which clock leads, and when a switch falls."""

from __future__ import annotations

import numpy as np
import pytest

from engine.control.clock import TICKS
from engine.control.clock_selector import ClockSelector
from engine.control.follow_clock import FollowClock, TempoEstimate
from engine.control.link_clock import LinkClock
from engine.control.switching import Switching, next_s
from engine.dsp.tempo import Tempo


class Band:
    """A conductor whose clock ticks as told, updated every 5 ms; ``heard`` is what it told."""

    def __init__(self, **options):
        self.clocks = ClockSelector(Tempo(150.0), **options)
        self.heard, self.now, self.told = Tempo(150.0), 0.0, 0
        self.jumps = []

    def go(self, until_s, ticks=()):
        ticks = list(ticks)
        while self.now < until_s:
            self.now += 0.005
            while ticks and ticks[0] <= self.now:
                self.clocks.hear_clock("pads", "clock", ticks.pop(0))
            tempo = self.clocks.update(self.now)
            if tempo is not None:
                places = [(self.now - t.downbeat_s) / t.phrase_s for t in (self.heard, tempo)]
                jump = places[1] - places[0]
                self.jumps.append((jump - round(jump)) * tempo.phrase_s)
                self.heard, self.told = tempo, self.told + 1
        return self


def ticks(begin_s, bars, bpm=174.0, jitter_s=0.0):
    true = begin_s + np.arange(bars * 4 * TICKS) * 60 / (bpm * TICKS)
    return true + np.random.default_rng(0).uniform(-1, 1, len(true)) * jitter_s


def test_a_midi_clock_leads_and_is_told_seldom():
    band = Band()
    band.clocks.hear_clock("pads", "start", band.now)
    band.go(22.0, ticks(1.0, 16, jitter_s=2e-3))
    assert band.clocks.lead.source == "midi"
    assert band.heard.bpm == pytest.approx(174.0, abs=0.03)
    off = (band.heard.downbeat_s - 1.0) / band.heard.phrase_s
    assert abs(off - round(off)) * band.heard.phrase_s < 1.5e-3
    assert band.told < 60


def test_only_start_makes_the_place_jump():
    band = Band()
    band.go(12.0, ticks(1.0, 8))
    assert band.heard.bpm == pytest.approx(174.0, abs=0.01)
    assert max(map(abs, band.jumps)) < 1e-6  # a DJ mixer's ticks are a tempo, and no place
    band.clocks.hear_clock("pads", "start", band.now)
    begin = 1.0 + 8 * 4 * 60 / 174.0
    band.go(20.0, ticks(begin, 6))
    off = (band.heard.downbeat_s - begin) / band.heard.phrase_s
    assert abs(off - round(off)) * band.heard.phrase_s < 1e-3


def test_a_lost_clock_is_held_and_then_the_hand_leads():
    band = Band(hold_s=2.0)
    for tap in (0.0, 0.5, 1.0, 1.5):
        band.clocks.tap(tap)
    band.go(1.6)
    assert band.heard.bpm == pytest.approx(120.0)
    clock = ticks(2.0, 3)
    band.go(float(clock[-1]) + 1.0, clock)
    assert (band.clocks.lead.source, band.clocks.lead.held) == ("midi", True)
    assert band.heard.bpm == pytest.approx(174.0, abs=0.1)
    band.go(band.now + 2.0)
    assert band.clocks.lead.source == "tap"
    assert band.heard.bpm == pytest.approx(120.0)
    assert max(map(abs, band.jumps)) < 1e-6


def test_without_taps_the_fixed_tempo_is_left():
    band = Band(hold_s=1.0).go(8.0, ticks(0.0, 3))
    assert band.clocks.lead.source == "fixed"
    assert band.heard.bpm == 150.0


def test_downbeat_now_and_nudge_are_told_at_once():
    band = Band().go(3.3)
    band.clocks.downbeat_now(3.3)
    band.go(3.31)
    assert (3.3 - band.heard.downbeat_s) % band.heard.phrase_s == pytest.approx(0.0, abs=1e-9)
    band.clocks.nudge(0.010)
    band.go(3.32)
    assert band.heard.downbeat_s == pytest.approx(3.31)


def test_a_clock_that_drifts_is_followed_in_small_steps():
    """Two clocks that differ by a thousandth: no step of the place is above 2.5 ms."""
    band = Band()
    band.clocks.hear_clock("pads", "start", band.now)
    band.go(3.0, ticks(0.0, 2))
    band.jumps.clear()
    begin = 2 * 4 * 60 / 174.0
    band.go(40.0, ticks(begin, 26, bpm=174.2))
    assert band.heard.bpm == pytest.approx(174.2, abs=0.021)
    assert max(map(abs, band.jumps)) < 2.5e-3


TEMPO = Tempo(120.0, 0.25)


@pytest.mark.parametrize(
    ("quantise", "wanted"), [("now", 3.0), ("beat", 3.25), ("bar", 4.25), ("phrase", 8.25)]
)
def test_the_next_one(quantise, wanted):
    assert next_s(quantise, 3.0, TEMPO) == pytest.approx(wanted)


def test_who_presses_just_after_the_beat_meant_it():
    assert next_s("bar", 4.255, TEMPO) == pytest.approx(4.25)
    assert next_s("bar", 4.30, TEMPO) == pytest.approx(6.25)


def test_a_second_press_hurries_and_the_active_slot_cancels():
    switching = Switching(4, "bar")
    pending = switching.call(2, 3.0, TEMPO)
    assert (pending.slot, pending.at_s) == (2, pytest.approx(4.25))
    assert switching.countdown(3.0, TEMPO) == pytest.approx(2.5)
    assert switching.call(2, 3.1, TEMPO).at_s is None
    assert switching.call(0, 3.2, TEMPO) is None
    switching.call(1, 3.3, TEMPO)
    switching.heard(1)
    assert (switching.active, switching.pending) == (1, None)
    assert switching.step(-1, 3.4, TEMPO).slot == 0
    assert switching.step(-1, 3.5, TEMPO).slot == 3
    switching.cancel()
    assert switching.pending is None
    assert switching.call(9, 3.6, TEMPO) is None


def test_a_switch_follows_the_tempo():
    switching = Switching(2, "phrase")
    switching.call(1, 3.0, TEMPO)
    faster = TEMPO.changed(150.0, 4.0)
    at_s = switching.retime(4.0, faster).at_s
    assert at_s == pytest.approx(4.0 + (8.25 - 4.0) * 120 / 150)


@pytest.mark.parametrize("beats", [4, 3, 7])
def test_a_link_session_gives_tempo_and_bar(beats):
    """Whoever joins is in the bar at once, keeps beat 1 of its phrase, and follows."""
    band = Band(sources=("link", "fixed"))
    band.clocks.tempo = band.heard = Tempo(150.0, beats_per_bar=beats)
    bars = 60 / 128 * beats
    for now in np.arange(0.05, 12.0, 0.05):
        bpm, since = (128.0, now) if now < 8.0 else (130.0, now - 8.0)
        beat = since * bpm / 60 + (0.0 if now < 8.0 else 8.0 * 128 / 60)
        peers = int(1.0 < now < 10.0)
        band.clocks.hear_link(peers, bpm, (beat + 0.3) % beats, now)
        band.go(now)
        if now > 1.2 and now < 8.0:
            off = (now - band.heard.downbeat_s) / bars - (beat + 0.3) / beats
            assert abs(off - round(off)) * bars < 1e-3
            assert band.heard.bpm == 128.0
    assert band.heard.bpm == 130.0
    assert band.clocks.lead.held
    assert max(map(abs, band.jumps[1:])) < 0.02  # the first is the joining
    band.go(20.0)
    assert (band.clocks.lead.source, band.heard.bpm) == ("fixed", 150.0)


def look(bpm, downbeat_s):
    return TempoEstimate(bpm, downbeat_s)


def test_looks_that_agree_are_followed():
    """Three of four; a wrong one between them changes nothing, another piece does."""
    band = Band(sources=("midi", "tap", "follow"))
    assert not band.clocks.update(0.1)
    assert not band.clocks.lead.known
    bar = 240 / 172.0
    for n in range(8):
        now = 4.0 + 1.5 * n
        wrong = n in (1, 5)
        found = look(115.0, 0.4) if wrong else look(172.0, 0.5 + n * bar + 0.004 * (-1) ** n)
        band.clocks.hear_look(found, now)
        band.go(now + 1.5)
        assert band.clocks.lead.known == (n >= 3)
    assert band.heard.bpm == 172.0
    off = (band.heard.downbeat_s - 0.5) / bar
    assert abs(off - round(off)) * bar < 0.01
    assert band.clocks.follow.confidence == 0.75
    other = 240 / 140.0
    for n in range(4):
        band.clocks.hear_look(look(140.0, 0.9 - n * other), band.now)
        band.go(band.now + 1.5)
    assert band.heard.bpm == 140.0
    off = (band.heard.downbeat_s - 0.9) / other
    assert abs(off - round(off)) * other < 0.005  # at once: it is another piece
    for _ in range(4):
        band.clocks.hear_look(None, band.now)
        band.go(band.now + 1.5)
    assert not band.clocks.lead.known
    assert band.clocks.follow.confidence == 0.0


def test_hands_override_what_is_heard():
    band = Band(sources=("tap", "follow"))
    for n in range(4):
        band.clocks.hear_look(look(120.0, 0.0), 4.0 + n)
        band.go(5.0 + n)
    band.clocks.downbeat_now(band.now + 0.53)  # the bar is elsewhere, and the beat a little
    placed = band.clocks.tempo.downbeat_s
    for _ in range(8):
        band.clocks.hear_look(look(120.0, 0.0), band.now)
        band.go(band.now + 1.0)
    off = band.clocks.tempo.downbeat_s - placed
    assert abs(off) <= 0.036  # the beat comes back, the bar stays
    band.clocks.nudge(0.015)
    before = band.clocks.tempo.downbeat_s
    for _ in range(8):
        band.clocks.hear_look(look(120.0, 0.0), band.now)
        band.go(band.now + 1.0)
    assert band.clocks.tempo.downbeat_s == pytest.approx(before, abs=2e-3)
    for n in range(5):
        band.clocks.tap(band.now + 0.4 * n)
    band.go(band.now + 2.0)
    assert band.clocks.lead.source == "tap"
    assert band.heard.bpm == pytest.approx(150.0)


def test_who_is_on_the_beat_waits_for_it_and_for_no_other():
    switching = Switching(4, "bar")
    assert switching.countdown(3.0, TEMPO) == 0.0
    switching.call(2, 3.0, TEMPO)
    assert switching.countdown(9.0, TEMPO) == 0.0  # it is due since long
    switching.heard(1)  # what somebody called before
    assert switching.pending.slot == 2
    assert switching.retime(3.5, TEMPO).slot == 2
    switching.call(2, 3.6, TEMPO)  # a second press: at once
    assert switching.countdown(3.6, TEMPO) == 0.0
    assert switching.retime(3.7, TEMPO).at_s is None
    switching.cancel()
    assert switching.retime(3.8, TEMPO) is None


@pytest.mark.parametrize(("bpm", "since", "waits"), [(60.0, 0.019, False), (60.0, 0.021, True)])
@pytest.mark.parametrize("quantise", ["beat", "bar", "phrase"])
def test_just_after_is_a_share_of_a_beat_whatever_is_waited_for(bpm, since, waits, quantise):
    tempo = Tempo(bpm)
    assert (next_s(quantise, since * tempo.beat_s, tempo) > 0.0) == waits


def test_looks_agree_within_a_hundredth_and_forty_milliseconds():
    one = look(120.0, 10.0)
    assert one.agrees(look(121.1, 10.0), 10.0)
    assert not one.agrees(look(121.3, 10.0), 10.0)
    assert one.agrees(look(120.0, 10.0 - 3 * 2.0 + 0.039), 10.0)
    assert one.agrees(look(120.0, 10.0 + 5 * 2.0 - 0.039), 10.0)
    assert not one.agrees(look(120.0, 10.041), 10.0)
    assert not one.agrees(look(120.0, 9.959), 10.0)
    assert not one.agrees(look(120.0, 11.0), 10.0)  # half a bar off
    # At other tempi they are where they are now, not where they were.
    assert one.agrees(look(121.0, 10.0), 10.5)
    assert not one.agrees(look(121.0, 10.0), 10.0 + 30 * 2.0)
    assert one.latest(19.3).downbeat_s == pytest.approx(18.0)


def test_the_follower_says_how_many_looks_agree():
    follow = FollowClock()
    assert (follow.locked, follow.bpm, follow.beat_at(1.0)) == (False, None, None)
    assert not follow.hear(look(120.0, 0.0), 1.0)
    assert follow.confidence == 0.25
    assert not follow.hear(look(90.0, 0.3), 2.0)
    assert not follow.hear(look(120.2, 0.0), 3.0)
    assert follow.confidence == 0.5
    assert follow.hear(look(119.8, 0.0), 4.0)
    assert (follow.locked, follow.confidence, follow.last_s) == (True, 0.75, 4.0)
    assert follow.bpm == pytest.approx(120.0)  # the one in the middle
    assert follow.beat_at(4.5) % 4.0 == pytest.approx(1.0, abs=0.02)
    assert not follow.hear(None, 5.0)
    assert follow.last_s == 4.0
    assert not follow.hear(None, 6.0)
    assert (follow.locked, follow.confidence) == (True, 0.5)
    assert not follow.is_lost(13.9)
    assert follow.is_lost(14.1)
    follow.hear(None, 7.0)  # one look of four is nobody any more
    assert (follow.locked, follow.confidence) == (False, 0.25)
    follow.hear(None, 8.0)
    assert follow.confidence == 0.0


def test_of_two_pieces_with_as_many_looks_the_newer_counts():
    follow = FollowClock()
    for now, bpm in ((1.0, 120.0), (2.0, 120.0), (3.0, 90.0), (4.0, 90.0)):
        assert not follow.hear(look(bpm, 0.0), now)
    assert follow.hear(look(90.0, 0.0), 5.0)
    assert follow.bpm == 90.0


def test_what_is_followed_is_said_to_be_sure_and_other_clocks_need_no_word():
    band = Band(sources=("midi", "follow"))
    band.go(0.1)
    assert (band.clocks.lead.source, band.clocks.lead.held) == ("follow", True)
    assert (band.clocks.lead.known, band.clocks.lead.sure) == (False, 0.0)
    for n in range(4):
        band.clocks.hear_look(look(120.0, 0.0), 1.0 + n)
        band.go(1.5 + n)
    lead = band.clocks.lead
    assert (lead.source, lead.held, lead.known, lead.sure) == ("follow", False, True, 1.0)
    clock = ticks(5.0, 2)
    band.go(float(clock[-1]), clock)
    lead = band.clocks.lead
    assert (lead.source, lead.held, lead.known, lead.sure) == ("midi", False, True, None)
    band.go(band.now + 3.0)
    assert (band.clocks.lead.source, band.clocks.lead.held) == ("midi", True)
    assert band.clocks.lead.sure is None
    band.go(band.now + 6.0)
    lead = band.clocks.lead  # of four looks all agree, and nobody has looked for a while
    assert (lead.source, lead.known, lead.sure) == ("follow", False, 1.0)


def test_without_a_follower_the_last_clock_stays_the_one_that_is_known():
    band = Band(sources=("midi", "tap"), hold_s=1.0)
    clock = ticks(0.1, 3)
    band.go(float(clock[-1]) + 9.0, clock)
    lead = band.clocks.lead
    assert (lead.source, lead.held, lead.known, lead.sure) == ("midi", True, True, None)
    for n in range(4):
        band.clocks.tap(band.now + 0.4 * n)
    band.go(band.now + 2.0)
    assert (band.clocks.lead.source, band.clocks.lead.held) == ("tap", False)
    assert Band(sources=("fixed",)).go(0.1).clocks.lead.held is False


def test_the_port_of_a_clock_and_its_song_position_count():
    band = Band()
    band.go(3.0, ticks(0.0, 4, bpm=120.0))  # of the port "pads"
    for n in range(48):
        band.clocks.hear_clock("other", "clock", 3.0 + n / 90.0)
    band.clocks.hear_clock("pads", "stop", band.now)
    band.clocks.hear_clock("pads", "songpos", band.now, 8)
    band.clocks.hear_clock("pads", "continue", band.now)
    begin = band.now + 0.02
    band.go(begin + 4.0, ticks(begin, 2, bpm=120.0))
    assert band.heard.bpm == pytest.approx(120.0, abs=0.05)
    off = (band.heard.downbeat_s - (begin - 8 / 4 * 0.5)) / band.heard.phrase_s
    assert abs(off - round(off)) * band.heard.phrase_s < 5e-3


def test_a_wrong_place_is_made_good_by_a_fiftieth_of_the_time():
    """A follower's place moves by 30 ms: so much is made good in a second and a half."""
    band = Band(sources=("follow",))
    for n in range(4):
        band.clocks.hear_look(look(120.0, 0.0), 1.0 + n)
        band.go(1.5 + n)
    begun, wrong = band.now, band.clocks.tempo.downbeat_s
    for _ in range(4):
        band.clocks.hear_look(look(120.0, 0.03), band.now)
        band.go(band.now + 0.25)
    moved = (band.clocks.tempo.downbeat_s - wrong + 1.0) % 2.0 - 1.0
    assert moved == pytest.approx(0.02 * (band.now - begun), abs=0.005)
    assert 0.002 < max(map(abs, band.jumps[-10:])) < 0.0045  # at most 2 % of two tenths of a second


def test_a_link_session_is_left_after_a_second_and_counts_beats():
    link = LinkClock()
    assert (link.hear(0, 120.0, 1.0, 0.0), link.locked) == (False, False)
    assert link.hear(1, 120.0, 3.0, 1.0)
    assert not link.hear(2, 120.0, 4.0, 1.5)
    assert link.beat_at(2.0) == 5.0
    assert (link.is_lost(2.49), link.is_lost(2.51)) == (False, True)
    assert link.hear(1, 120.0, 0.0, 4.0)  # joined again


def test_joining_a_session_takes_its_place_unless_a_midi_clock_leads():
    band = Band(sources=("midi", "link", "fixed"))
    clock = ticks(0.1, 4, bpm=120.0)
    band.go(4.0, clock[clock < 4.0])
    place = band.heard.downbeat_s
    band.clocks.hear_link(1, 120.0, 0.7, band.now)
    band.go(band.now + 0.5, clock[(clock >= 4.0) & (clock < 4.5)])
    assert band.clocks.lead.source == "midi"
    assert band.heard.downbeat_s == pytest.approx(place, abs=2e-3)
