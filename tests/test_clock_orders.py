"""Start, Continue and song position in every order: the bar is right on the next downbeat."""

from __future__ import annotations

import pytest

from engine.control.clock import TICKS, MidiClock
from engine.control.clock_ports import ClockPorts
from engine.control.clock_selector import ClockSelector
from engine.dsp.tempo import Tempo
from tests.clock_orders import TOLERANCE_S, cases, off_s

BPM = 174.0
TICK_S = 60.0 / (BPM * TICKS)
EVERY = 13  # of the campaign, which ``python -m tests.clock_orders`` plays whole


def test_the_bar_is_right_on_the_next_downbeat(figure):
    chosen = list(cases(1))[::EVERY]
    off = {case: off_s(case) for case in chosen}
    wrong = {case: one for case, one in off.items() if one > TOLERANCE_S}
    figure(
        f"{len(off)} MIDI starts: bar right on the next downbeat",
        f"{1 - len(wrong) / len(off):.0%}, worst {1000 * max(off.values()):.1f} ms",
    )
    assert len(off) > 100
    assert not wrong


def ticking(count, clock=None, begin=0):
    clock = clock or MidiClock()
    for n in range(begin, begin + count):
        clock.tick(n * TICK_S)
    return clock


@pytest.mark.parametrize(
    ("ticks_before", "start_ticks", "downbeat"),
    [
        (100, 99.5, 100),  # between two ticks
        (100, 99.0, 99),  # at the time of one, and after it on the wire
        (100, 99.05, 100),  # a millisecond after it: the next one, as the specification has it
        (1, 0.05, 0),  # of a clock that was silent until then, the first is meant
        (1, 0.5, 1),
    ],
)
def test_which_tick_is_the_downbeat(ticks_before, start_ticks, downbeat):
    clock = ticking(ticks_before)
    clock.start(start_ticks * TICK_S)
    ticking(100, clock, ticks_before)
    assert clock.beat_at(downbeat * TICK_S) == pytest.approx(0.0, abs=1e-6)


def test_of_three_messages_of_one_time_the_tick_after_the_start_counts():
    clock = ticking(100)
    for _ in range(2):  # a block of an audio server that is longer than a tick
        clock.tick(100 * TICK_S)
    clock.start(100 * TICK_S)
    clock.tick(100 * TICK_S)
    for n in range(101, 160):
        clock.tick(n * TICK_S)
    assert clock.beat_at(160 * TICK_S) == pytest.approx(60 / TICKS, abs=0.01)


def test_a_song_position_while_it_runs_counts_from_the_next_tick():
    clock = MidiClock()
    clock.start(-1e-3)
    ticking(100, clock)
    clock.song_position(32)
    ticking(50, clock, 100)
    assert clock.beat_at(100 * TICK_S) == pytest.approx(8.0, abs=1e-6)


def test_a_stop_before_the_first_tick_undoes_the_start():
    clock = ticking(100)
    clock.start(99.5 * TICK_S)
    clock.stop()
    ticking(50, clock, 100)
    assert clock.beat_at(150 * TICK_S) is None


def place_s(tempo, time_s):
    """How long after the nearest beginning of a phrase a time is."""
    place = (time_s - tempo.downbeat_s + 0.5 * tempo.phrase_s - 1e-6) % tempo.phrase_s
    return place - 0.5 * tempo.phrase_s + 1e-6


def sent(ports, port, kind, *times):
    return [ports.hear(port, kind, time) for time in times]


def every(bpm, begin_s, count):
    return [begin_s + n * 60.0 / (bpm * TICKS) for n in range(count)]


def merged(ports, *clocks, until_s):
    """Ticks of several ports, (port, BPM, begin), as they come."""
    ticks = [(t, p) for p, bpm, begin in clocks for t in every(bpm, begin, 5000) if t < until_s]
    for time, port in sorted(ticks):
        ports.hear(port, "clock", time)
        ports.choose(time, 2.0)


def test_ticks_of_two_ports_are_never_mixed():
    ports = ClockPorts()
    merged(ports, ("a", 120.0, 0.0), ("b", 171.0, 0.003), until_s=4.0)
    assert ports.port == "a"  # it was there first
    assert ports.lead.bpm == pytest.approx(120.0)


def test_the_port_that_is_started_leads_until_it_stops():
    ports = ClockPorts()
    merged(ports, ("a", 120.0, 0.0), ("b", 171.0, 0.003), until_s=4.0)
    sent(ports, "b", "start", 4.0)
    assert ports.port == "a"  # it has not begun
    merged(ports, ("b", 171.0, 4.003), ("a", 120.0, 4.0), until_s=6.0)
    assert (ports.port, ports.lead.running) == ("b", True)
    assert ports.lead.bpm == pytest.approx(171.0)
    sent(ports, "a", "start", 6.0)
    merged(ports, ("b", 171.0, 6.003), ("a", 120.0, 6.01), until_s=8.0)
    assert ports.port == "b"  # one that plays is not interrupted
    sent(ports, "b", "stop", 8.0)
    assert ports.choose(8.0, 2.0)
    assert (ports.port, ports.lead.bpm) == ("a", pytest.approx(120.0, abs=0.5))


def test_a_port_that_falls_silent_is_held_before_another_leads():
    ports = ClockPorts()
    sent(ports, "a", "start", 0.0)
    merged(ports, ("a", 120.0, 0.001), ("b", 171.0, 0.003), until_s=4.0)
    merged(ports, ("b", 171.0, 4.003), until_s=5.5)
    assert ports.port == "a"
    merged(ports, ("b", 171.0, 5.503), until_s=8.0)
    assert (ports.port, ports.lead.bpm) == ("b", pytest.approx(171.0, abs=1.0))


def test_a_start_on_a_second_port_sets_the_bar():
    conductor = ClockSelector(Tempo(150.0), ("midi", "fixed"))
    times = sorted([(t, "a") for t in every(120.0, 0.0, 400)])
    for time, port in times:
        conductor.hear_clock(port, "clock", time)
        conductor.update(time)
    begin = times[-1][0] + 0.1
    conductor.hear_clock("b", "start", begin - 0.01)
    for time in every(171.0, begin, 96):
        conductor.hear_clock("b", "clock", time)
        conductor.update(time + 0.001)
    assert conductor.lead.source == "midi"
    assert conductor.tempo.bpm == pytest.approx(171.0, abs=0.02)
    assert place_s(conductor.tempo, begin) == pytest.approx(0.0, abs=1e-3)


def played(conductor, begin_s, count, bpm=120.0):
    for time in every(bpm, begin_s, count):
        conductor.hear_clock("pads", "clock", time)
        conductor.update(time)
    return begin_s + count * 60.0 / (bpm * TICKS)


def test_the_tempo_is_held_while_a_clock_begins_anew():
    conductor = ClockSelector(Tempo(150.0), ("midi", "fixed"), hold_s=5.0)
    end = played(conductor, 0.0, 200)
    conductor.hear_clock("pads", "stop", end)
    for n in range(400):
        conductor.update(end + 0.01 * n)
        assert conductor.tempo.bpm == pytest.approx(120.0)
    conductor.hear_clock("pads", "start", end + 4.0)
    for time in every(120.0, end + 4.0, 96):
        conductor.hear_clock("pads", "clock", time)
        conductor.update(time)
        assert conductor.lead.source == "midi"
        assert conductor.tempo.bpm == pytest.approx(120.0, abs=0.01)


def test_downbeat_now_places_a_clock_that_runs_until_it_is_started_again():
    conductor = ClockSelector(Tempo(120.0), ("midi", "fixed"))
    conductor.hear_clock("pads", "start", 0.0)
    end = played(conductor, 0.0, 240)  # ten beats
    conductor.downbeat_now(end)
    end = played(conductor, end, 960)  # forty
    assert abs(place_s(conductor.tempo, end)) == pytest.approx(8 * 0.5, abs=0.01)  # half of it
    conductor.hear_clock("pads", "start", end - 0.005)
    played(conductor, end, 48)
    assert place_s(conductor.tempo, end) == pytest.approx(0.0, abs=1e-3)
