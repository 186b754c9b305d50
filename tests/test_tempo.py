"""A tempo that changes while the effect plays."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.errors import UsageError
from engine.models.executors import Scheduled
from engine.offline.signal_chain import SignalChain
from tests.feeds import noise

RATE = 44100
FROM = 240.0


def step(at_s):
    return Tempo(FROM).changed(236.0, at_s)


def ramp(at_s):
    """A tempo that rises, heard of every eighth of a second."""
    tempo = Tempo(FROM)
    for change_s in np.arange(3.0, at_s, 0.125):
        tempo = tempo.changed(tempo.bpm + 1.0, change_s)
    return tempo


def played(generator, rng, tempo_at):
    """Six seconds; the host, its feed, its output and where the phrase was, hop by hop."""
    inference = Scheduled(round(0.02 * RATE))
    host = SignalChain(generator, inference, RATE, 2, Tempo(FROM), Settings())
    feed = 0.1 * noise(rng, 6.0, RATE)
    out, told = [], Tempo(FROM)
    for first in range(0, feed.shape[-1] - 127, 128):
        wanted = tempo_at(first / RATE) if first >= 3 * RATE else told
        if wanted != told:
            host.restyle.follow(wanted)
            told = wanted
        out.append(host.process(feed[:, first : first + 128]))
    inference.close()
    return host, feed, np.concatenate(out, axis=-1)


def test_the_place_in_the_phrase_is_kept():
    tempo = Tempo(174.0, 0.3)
    for bpm in (172.0, 87.0, 300.0):
        other = tempo.changed(bpm, 33.3)
        places = [(33.3 - t.downbeat_s) / t.phrase_s for t in (tempo, other)]
        assert places[0] == pytest.approx(places[1])


@pytest.mark.parametrize("change", [step, ramp])
def test_nothing_is_heard_of_a_change_but_the_bars(generator, rng, change):
    """The identity stays the input, the flat generator flat: no gap, no click, never dry."""
    for name, gain in (("identity", 1.0), ("flat", 10 ** (6 / 20))):
        host, feed, out = played(generator(name), rng, change)
        delay, n = host.latency, out.shape[-1]
        error = out[:, 3 * RATE + delay :] - gain * feed[:, 3 * RATE : n - delay]
        assert np.abs(error).max() < 2e-4
        assert host.restyle.late == 0


@pytest.mark.parametrize("change", [step, ramp])
def test_the_bars_of_the_effect_move_with_the_tempo(generator, rng, change):
    """A filter that closes at every downbeat: where it is most closed, is the bar."""
    host, feed, out = played(generator("downbeat-filter"), rng, change)
    delay = host.latency
    high = [
        np.abs(np.fft.rfft(x.reshape(-1, 441)[:, :], axis=1))[:, 100:].mean(axis=1)
        for x in (out[0, delay:][: 441 * 580], feed[0][: 441 * 580])
    ]
    gain = 20 * np.log10(high[0] / high[1])
    tempo = change(6.0)
    beats = np.array([tempo.bar_at(i / 100) for i in range(450, 570)])
    begins = 450 + np.flatnonzero(np.diff(beats)) + 1
    assert len(begins) >= 1
    assert gain.min() < -6
    for begin in begins:  # at a downbeat the filter jumps; nowhere else
        around = np.abs(np.diff(gain[begin - 12 : begin + 13]))
        assert abs(int(np.argmax(around)) - 11) <= 3


def test_a_tempo_that_is_lost_and_found_again_is_not_heard(generator, rng):
    """From the circle to an edge and back: no gap, no click, never dry."""
    for name, gain in (("identity", 1.0), ("flat", 10 ** (6 / 20))):
        inference = Scheduled(round(0.02 * RATE))
        host = SignalChain(generator(name), inference, RATE, 2, Tempo(FROM), Settings())
        feed = 0.1 * noise(rng, 5.0, RATE)
        out = []
        for first in range(0, feed.shape[-1] - 127, 128):
            if first // 128 == 600:
                host.restyle.follow(Tempo(FROM), known=False)
            if first // 128 == 1200:
                host.restyle.follow(Tempo(230.0, 0.2))
            out.append(host.process(feed[:, first : first + 128]))
        inference.close()
        sound = np.concatenate(out, axis=-1)
        delay, n = host.latency, sound.shape[-1]
        error = sound[:, RATE + delay :] - gain * feed[:, RATE : n - delay]
        assert np.abs(error).max() < 2e-4
        share = host.restyle.share
        assert share["dry"] < 0.05  # before the first gains
        assert share["held"] == 0.0


def test_late_cannot_change_its_tempo(generator):
    inference = Scheduled(0)
    host = SignalChain(generator("identity"), inference, RATE, 2, Tempo(FROM), Settings(use="late"))
    inference.close()
    with pytest.raises(UsageError, match=r"at most 4\.00 s"):
        host.restyle.follow(Tempo(200.0))
