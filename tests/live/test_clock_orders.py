"""A clock on a real port: Start, Continue and song position in every order, and a second clock."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from engine.config.rig import Rig, Slot
from engine.control.clock import TICKS
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.host.controller import Controller
from engine.offline.unpaced import offline_board
from engine.state.timeline import FileTime
from tests.live.midi_device import MidiDevice

BPM = 174.0
TICK_S = 60.0 / (BPM * TICKS)
BAR = 4 * TICKS
TICK, START, CONTINUE, STOP = [0xF8], [0xFA], [0xFB], [0xFC]


class Score:
    """What a master sends, and the ticks on which its bars begin."""

    def __init__(self):
        self.at, self.sent, self.downbeats = 0.0, [], []

    def send(self, *messages, after_s=0.0):
        self.at += after_s
        self.sent += [(self.at, message) for message in messages]
        return self

    def ticks(self, count, downbeat=None):
        """Ticks; the one with a number is the next downbeat after what came before."""
        for n in range(count):
            if n == downbeat:
                self.downbeats.append(len(self.sent))
            self.sent.append((self.at, TICK))
            self.at += TICK_S
        return self


def while_playing():
    """Ticks only while it plays."""
    score = Score().send(START).ticks(110, BAR)
    score.send(STOP).send(START, after_s=2.0).ticks(110, BAR)  # with the first tick
    score.send(STOP).send(TICK, START, after_s=2.0)  # with it, the other way round
    score.at += TICK_S
    score.ticks(110, BAR - 1)
    score.send(STOP).send(TICK, after_s=2.0).send(START, after_s=0.001)
    score.at += TICK_S - 0.001
    score.ticks(110, BAR - 1)
    score.send(START).ticks(130, BAR)  # a second Start while it runs
    score.send(STOP).send([0xF2, 9, 0], CONTINUE, after_s=1.0).ticks(140, 2 * BAR - 54)
    score.send(STOP).send(START, after_s=2.5 * TICK_S).ticks(110, BAR)
    return score


def always():
    """Ticks all the time."""
    score = Score().ticks(60).send(START).ticks(110, BAR)
    score.send(STOP).ticks(70).send(START).ticks(110, BAR)
    score.send(START).ticks(110, BAR)
    score.send(STOP).ticks(50).send(CONTINUE).ticks(110, BAR - 14)
    score.send([0xF2, 3, 0]).ticks(130, BAR - 18)  # a song position while it runs
    score.send(STOP).ticks(30).send(START).ticks(1).send(START).ticks(110, BAR)
    return score


@pytest.mark.parametrize("master", [while_playing, always])
def test_the_bar_is_right_on_the_next_downbeat(server, tmp_path, master, figure):
    score, rig = master(), Rig(slots=[Slot(preset="a")])
    log, over = [], threading.Event()
    with offline_board(rig.config("cpu", Tempo(rig.clock.bpm), Settings())) as shared:
        controller = Controller(shared, rig, timeline=FileTime())

        def look():
            while not over.wait(0.002):
                tempo = controller.clocks.tempo
                log.append((time.monotonic(), tempo.downbeat_s, tempo.phrase_s))

        thread = threading.Thread(target=look, daemon=True)
        controller.start()
        thread.start()
        try:
            beat = 60.0 / (97.0 * TICKS)
            second = [(float(at), TICK) for at in np.arange(0.0, score.at, beat)]
            other = MidiDevice(tmp_path, "mixer", second)  # another clock, of another tempo
            sent = MidiDevice(tmp_path, "drums", score.sent).sent()
            other.sent()
        finally:
            over.set()
            thread.join()
            controller.stop()
    # When they were meant to be sent: the machine takes either process away now and then. For how
    # long, who sent and who looked say themselves.
    meant = np.array([at for at, _ in score.sent])
    began = np.median(sent - meant)
    late = np.abs(sent - meant - began)
    looks = np.array(log)
    off, own = [], []
    for number in score.downbeats:
        at = began + meant[number]
        look = int(np.searchsorted(looks[:, 0], at))
        _, downbeat_s, phrase_s = looks[look]
        place = (at - downbeat_s) / phrase_s * 16  # beats
        off.append(abs(place - 4 * round(place / 4)) * phrase_s / 16)
        away = np.diff(looks[max(0, look - 250) : look + 1, 0]).max()
        own.append(late[max(0, number - TICKS) : number + 1].max() + away)
    worst, spare = 1000 * max(off), 1000 * max(own)
    name = f"bars of a real clock, ticks {master.__name__}"
    figure(name, f"worst {worst:.0f} ms, the machine away for {spare:.0f}")
    assert len(off) == len(score.downbeats) >= 6
    # Of a beat of 345 ms; a lost start is a beat or more away.
    assert max(np.subtract(off, own)) < 0.1
    assert np.median(off) < 0.02
