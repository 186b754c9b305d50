"""How clock masters start, stop and go on: every order of the messages, as a campaign.

``python -m tests.clock_orders SEEDS`` plays all of them and says how many bars were right.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from engine.control.clock import TICKS
from engine.control.clock_selector import ClockSelector
from engine.control.follow_clock import TempoEstimate
from engine.dsp.tempo import Tempo

HABITS = ("while playing", "always", "always, in step with the start")
STATES = (
    "new",
    "ticking",
    "running",
    "stopped a moment ago",
    "stopped",
    "stopped long ago",
    "unplugged",
)
ORDERS = ("long before", "before", "same time", "same time, tick first", "first tick first")
ACTIONS = ("start", "continue", "song position", "position while running")
OTHERS = ("nobody", "fixed", "hand", "line-in", "link", "second port", "second port plays")
TOLERANCE_S = 0.005  # with 3 ms of jitter; a tick is 8 ms at 300 BPM, and 20 at 125
_LOOK_S = 0.005
_BAR = 4 * TICKS


@dataclass
class Master:
    """A clock: what it sends, and where its bars are.

    Attributes:
        sent: (seconds, message, sixteenths), in the order in which they are sent.
    """

    habit: str
    bpm: float
    jitter_s: float
    rng: np.random.Generator
    sent: list[tuple[float, str, int]] = field(default_factory=list)

    @property
    def tick_s(self) -> float:
        return 60.0 / (self.bpm * TICKS)

    def send(self, at_s: float, kind: str, sixteenths: int = 0) -> None:
        before = self.sent[-1][0] if self.sent else 0.0
        self.sent.append((max(at_s, before), kind, sixteenths))

    def ticks(self, begin_s: float, until_s: float) -> float:
        """Ticks from a time on; the time of the next one."""
        count = max(0, round((until_s - begin_s) / self.tick_s))
        for n in range(count):
            late = self.rng.uniform(-self.jitter_s, self.jitter_s)
            self.send(begin_s + n * self.tick_s + late, "clock")
        return begin_s + count * self.tick_s


@dataclass(frozen=True)
class Case:
    """One of them; ``block_s`` is how coarse the times are, as of an audio server's blocks."""

    habit: str
    state: str
    order: str
    action: str
    other: str
    bpm: float = 174.0
    jitter_s: float = 0.0
    block_s: float = 0.0
    seed: int = 0

    def possible(self) -> bool:
        plays = self.state == "running"
        if self.habit == "while playing" and self.state == "ticking":
            return False
        if self.order == "first tick first":  # of one that ticks always, it is not the first
            silent = self.state in ("new", "stopped", "stopped long ago", "unplugged")
            if self.habit != "while playing" or not silent or self.jitter_s > 1e-3:
                return False
        if (self.action == "position while running") != plays and self.action != "start":
            return False
        return self.state != "new" or self.action in ("start", "song position")


def cases(seeds: int) -> Iterator[Case]:
    """All that are possible, each with several seeds."""
    kinds = HABITS, STATES, ORDERS, ACTIONS, OTHERS
    for number, (habit, state, order, action, other) in enumerate(itertools.product(*kinds)):
        for seed in range(seeds):
            rng = np.random.default_rng((number, seed))
            bpm = float(rng.choice([61.3, 90.0, 120.0, 128.0, 174.0, 176.5, 200.0]))
            rough = float(rng.choice([0.0, 1e-3, 3e-3])), 0.0
            jitter_s, block_s = rough if rng.random() < 0.7 else (0.0, 128 / 48000)
            case = Case(habit, state, order, action, other, bpm, jitter_s, block_s, seed)
            if case.possible():
                yield case


def off_s(case: Case) -> float:
    """How far the bar is from the master's on the next downbeat, seconds."""
    rng = np.random.default_rng(case.seed)
    master = Master(case.habit, case.bpm, case.jitter_s, rng)
    begins_s, first = _play(master, case)
    bar_s = _BAR * master.tick_s
    # The tempo of a clock that is new to us is known after two beats.
    known_s = begins_s + 2.1 * TICKS * master.tick_s if _begins_anew(case) else begins_s
    song_s = begins_s - first * master.tick_s
    downbeat_s = song_s + np.ceil((known_s - song_s) / bar_s + 1e-6) * bar_s
    tempo = _conduct(case, master.sent, downbeat_s)
    off = (downbeat_s - song_s) / (4 * bar_s) - (downbeat_s - tempo.downbeat_s) / tempo.phrase_s
    return float(abs(off - round(off)) * tempo.phrase_s)


def _begins_anew(case: Case) -> bool:
    """Whether its tempo has to be found first."""
    return case.state in ("new", "stopped long ago") or case.other.startswith("second port")


def _play(master: Master, case: Case) -> tuple[float, int]:
    """Send all; when the song begins, or goes on, and with which tick of it."""
    always, song, at = master.habit != "while playing", 0, 1.0
    if case.state != "new":
        begun = at
        if case.state != "ticking":
            master.send(at - 0.002, "start")
        at = master.ticks(at, at + 6.0 + master.rng.uniform(0.0, 4.0))
        song = round((at - begun) / master.tick_s)
        if case.state.startswith("stopped"):
            master.send(at - 0.4 * master.tick_s, "stop")
        pause = {"stopped a moment ago": 2.5 * master.tick_s, "stopped": 2.0, "unplugged": 2.0}
        pause |= {"stopped long ago": 8.0}
        silent = pause.get(case.state, 0.0) + master.rng.uniform(0.0, 1.0) * (case.state in pause)
        if case.state == "ticking":
            song = 0
        if always and case.state != "unplugged":
            at = master.ticks(at, at + silent)
            if master.habit.endswith("start") and case.action != "position while running":
                at += master.rng.uniform(0.0, 0.9) * master.tick_s
        else:
            at += silent
            if case.state == "unplugged":
                song += round(silent / master.tick_s)
    sixteenths = int(master.rng.integers(1, 300))
    messages = {
        "start": ["start"],
        "continue": ["continue"],
        "song position": ["songpos", "continue"],
        "position while running": ["songpos"],
    }[case.action]
    first = song if case.action == "continue" else 0
    first = 6 * sixteenths if "songpos" in messages else first
    swapped = "first" in case.order and "songpos" not in messages
    ticks_on = case.state == "running" or (always and case.state not in ("new", "unplugged"))
    ahead = {"long before": 0.6 * master.tick_s if ticks_on else 0.3, "before": 1e-3}
    for kind in [] if swapped else messages:
        master.send(at - ahead.get(case.order, 0.0), kind, sixteenths)
    if swapped:
        master.send(at, "clock")
        for kind in messages:
            master.send(at + (1e-3 if case.order == "first tick first" else 0.0), kind, sixteenths)
        master.ticks(at + master.tick_s, at + 12 * 60 / master.bpm)
    else:
        master.ticks(at, at + 12 * 60 / master.bpm)
    return at, first


def _conduct(case: Case, sent: list[tuple[float, str, int]], until_s: float) -> Tempo:
    """What the conductor makes of it by a time."""
    bar = ["fixed"] if case.other == "fixed" else []
    clocks = ClockSelector(Tempo(150.0, 0.123), ["midi", "link", "tap", "follow", *bar])
    events = [(at, ("one", kind, sixteenths)) for at, kind, sixteenths in sent]
    if case.other.startswith("second port"):
        plays = case.other.endswith("plays")
        ticks = 0.2 + np.arange(0.0, until_s, 60.0 / (97.0 * TICKS))
        events += [(float(at), ("two", "clock", 0)) for at in ticks]
        if plays:  # and stops before the first is started
            events += [(0.1, ("two", "start", 0)), (0.9, ("two", "stop", 0))]
    events.sort(key=lambda event: event[0])
    now, told = 0.0, 0
    while now < until_s:
        now += _LOOK_S
        while told < len(events) and events[told][0] <= now:
            at, message = events[told]
            at = np.ceil(at / case.block_s) * case.block_s if case.block_s else at
            clocks.hear_clock(message[0], message[1], float(at), message[2])
            told += 1
            clocks.update(now)  # between any two messages
        if case.other == "hand" and abs(now % 0.5 - _LOOK_S) < 1e-6 and now < 4.0:
            clocks.tap(now)
        if case.other == "line-in" and now % 0.5 < _LOOK_S:
            clocks.hear_look(TempoEstimate(111.0, 0.37), now)
        if case.other == "link" and now % 0.05 < _LOOK_S and now % 6.0 < 3.0:
            clocks.hear_link(1, 133.0, now * 133.0 / 60.0, now)
        clocks.update(now)
    return clocks.tempo


def main(seeds: int) -> None:
    wrong = []
    count = 0
    worst = 0.0
    for case in cases(seeds):
        count += 1
        off = off_s(case)
        worst = max(worst, off)
        if off > TOLERANCE_S:
            wrong.append((off, case))
    for off, case in wrong[:40]:
        print(f"{1000 * off:8.1f} ms  {case}")
    print(f"{count} starts: {count - len(wrong)} bars right, worst {1000 * worst:.1f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
