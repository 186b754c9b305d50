"""Effects in their places: bypass, branches, latency, and what they must not add."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf

from engine.config.preset import bundled_names, load_preset
from engine.dsp.meters import LoudnessMeter
from engine.dsp.settings import Settings
from engine.effects.chain import Branches, Chain
from engine.effects.dc_blocker import DCBlocker
from engine.effects.delay import Delay
from engine.effects.insert import Absent, Insert
from engine.effects.slot_effects import EffectsBehind
from engine.effects.specs import BuiltinSpec
from engine.io.sources import demo_feed
from engine.plugins.chains import ChainBuilder
from engine.plugins.standalone import effects_of
from tests.feeds import noise, sine
from tests.processor_verifier import through, verify_blocks, verify_latency

RATE = 48000


class Late:
    """A gain that is late, and away when it is told to be."""

    def __init__(self, samples, gain=1.0, add=0.0):
        self.name, self.latency, self.tail, self.faults = "late", samples, samples, []
        self._delay, self._gain, self._add = Delay(samples, 2), gain, add
        self.away, self.resets = False, 0

    def process(self, block):
        made = self._gain * self._delay.process(block) + np.float32(self._add)
        if self.away:
            raise Absent
        return made

    def move(self, parameter, value):
        self._gain = value

    def reset(self):
        self.resets += 1


class Howl(Late):
    """Ten milliseconds later it is a little louder, again and again."""

    def __init__(self):
        super().__init__(0)
        self._ring, self._at = np.zeros((2, 480), np.float32), 0

    def process(self, block):
        places = (self._at + np.arange(block.shape[-1])) % 480
        self._at += block.shape[-1]
        self._ring[:, places] = block + 1.05 * self._ring[:, places]
        return self._ring[:, places].copy()


def chain_of(*effects):
    return Chain([Insert(effect, RATE, 2) for effect in effects], RATE)


@pytest.mark.parametrize("samples", [0, 64, 300])
def test_bypass_is_in_time_and_does_not_click(samples):
    feed = sine(220.0, 1.0, RATE).repeat(2, axis=0)
    insert, out = Insert(Late(samples, gain=-1.0), RATE, 2), []
    for n, first in enumerate(range(0, feed.shape[-1] - 127, 128)):
        insert.move("bypass", float(150 < n < 250))
        out.append(insert.process(feed[:, first : first + 128]))
    sound = np.concatenate(out, axis=-1)
    late = np.pad(feed, ((0, 0), (samples, 0)))[:, : sound.shape[-1]]
    assert sound[:, 10000:19000] == pytest.approx(-late[:, 10000:19000], abs=1e-6)
    assert sound[:, 21000:31000] == pytest.approx(late[:, 21000:31000], abs=1e-6)
    assert sound[:, 34000:] == pytest.approx(-late[:, 34000:], abs=1e-6)
    own = np.abs(np.diff(feed)).max()
    fade = 2 * 0.25 / (0.02 * RATE)  # from one sign to the other, in 20 ms
    assert np.abs(np.diff(sound)).max() < own + 1.1 * fade


def test_an_effect_that_goes_and_comes_back_does_not_click():
    feed = sine(220.0, 1.0, RATE).repeat(2, axis=0)
    effect = Late(100, gain=0.5)
    insert, out = Insert(effect, RATE, 2), []
    for n, first in enumerate(range(0, feed.shape[-1] - 127, 128)):
        effect.away = 150 < n < 250
        out.append(insert.process(feed[:, first : first + 128]))
    sound = np.concatenate(out, axis=-1)
    late = np.pad(feed, ((0, 0), (100, 0)))[:, : sound.shape[-1]]
    assert sound[:, 20000:31000] == pytest.approx(late[:, 20000:31000], abs=1e-6)
    assert sound[:, 34000:] == pytest.approx(0.5 * late[:, 34000:], abs=1e-6)
    assert np.abs(np.diff(sound)).max() < np.abs(np.diff(feed)).max() + 0.125 / (0.005 * RATE)


def test_branches_are_in_time_with_each_other(rng):
    feed = noise(rng, 0.5, RATE)
    make = lambda: Branches(  # noqa: E731
        [chain_of(), chain_of(Late(64), Late(100)), chain_of(Late(33))], [0.0, -6.0206, -6.0206], 2
    )
    assert make().latency == 164
    out = through(make(), feed, (128,))
    assert out[:, 164:] == pytest.approx(2.0 * feed[:, :-164], abs=1e-4)
    verify_blocks(make, feed)
    verify_latency(make, 2, 4096)


def test_direct_current_of_an_effect_is_taken_away_and_nothing_else(rng):
    feed = noise(rng, 2.0, RATE) + 0.05
    plain = through(Insert(Late(64), RATE, 2, direct=False), feed, (128,))
    assert np.array_equal(plain[:, 64:], feed[:, :-64])
    out = through(Insert(Late(64, add=0.3), RATE, 2, direct=False), feed, (128,))
    assert out[:, RATE:] == pytest.approx(feed[:, RATE - 64 : -64], abs=1e-3)
    verify_blocks(lambda: DCBlocker(RATE, 2), feed[:, :20000])


def test_what_runs_away_is_taken_out_within_a_second(rng):
    """An effect that feeds back, not yet at the +24 dBFS at which one is left out at once."""
    feed = np.zeros((2, 4 * RATE), np.float32)
    feed[:, : RATE // 2] = 0.05 * noise(rng, 0.5, RATE)
    insert = Insert(chain_of(Howl()), RATE, 2)
    out = through(insert, feed, (128,))
    loud = np.flatnonzero(np.abs(out).max(axis=0) > 1.0)
    assert len(loud)
    assert loud[-1] - loud[0] < RATE // 2
    assert not np.abs(out[:, loud[-1] + RATE // 2 :]).any()
    assert any("louder" in said for said in insert.faults)
    insert.reset()
    assert not insert.faults


def test_panic_clears_what_still_sounds(rng, slots):
    echo = BuiltinSpec("Delay", {"delay_seconds": 0.5, "feedback": 0.9, "mix": 0.5})
    chain = ChainBuilder(RATE, 2, 128).chain((echo,))
    it = slots(["identity"], after=[chain])
    burst, silence = 0.3 * noise(rng, 0.5, RATE), np.zeros((2, 128), np.float32)
    for first in range(0, burst.shape[-1] - 127, 128):
        it.process(burst[:, first : first + 128])
    ring = np.concatenate([it.process(silence) for _ in range(600)], axis=-1)
    assert np.abs(ring[:, -RATE:]).max() > 0.01
    it.reset()
    still = np.concatenate([it.process(silence) for _ in range(400)], axis=-1)
    assert np.abs(still[:, 1000:]).max() < 2e-3  # what the high-pass makes of the end, at 2 Hz
    assert np.abs(still[:, RATE:]).max() < 1e-6


def test_slots_of_different_chains_stay_in_step(slots, rng):
    """One with 500 samples before and 64 behind, one with nothing: no step when they change."""
    feed = noise(rng, 3.0, RATE)
    before, after = chain_of(Late(500)), chain_of(Late(64))
    it = slots(["identity", "identity"], before=[before, None], after=[after, None])
    assert (it.lead, it.latency) == (500, 384 + 564)
    out = []
    for first in range(0, feed.shape[-1] - 127, 128):
        if first > RATE:
            it.switch(1, 0.2)
        out.append(it.process(feed[:, first : first + 128]))
    assert (it.active, it.switches) == (1, 1)
    sound = np.concatenate(out, axis=-1)[:, it.latency :]
    assert sound == pytest.approx(feed[:, : sound.shape[-1]], abs=1e-3)


def test_a_slot_that_waits_gives_all_it_has():
    """What is still on its way when a slot has gone is heard, and not when it comes again."""
    it = EffectsBehind([None, chain_of(Late(300))], None, RATE, 2)
    part = np.zeros((2, 2, 128), np.float32)
    part[0] = 0.5
    silence = np.zeros_like(part)
    off = [False, False]
    heard = [it.process(part, off)] + [it.process(silence, off) for _ in range(4)]
    assert it.latency == 300
    assert np.concatenate(heard, axis=-1).sum() == pytest.approx(0.5 * 2 * 128)
    assert not heard[-1].any()


@pytest.mark.parametrize("name", [n for n in bundled_names() if load_preset(n).effects.after])
def test_the_effects_of_a_preset_are_as_loud_and_in_time(name, figure):
    """On the demo feed: within a decibel of the loudness before, and below the limiter's reach."""
    sound, rate = sf.read(demo_feed()[0], frames=44100 * 20, dtype="float32", always_2d=True)
    feed, faults = np.ascontiguousarray(sound.T), []
    with effects_of(name, Settings(), rate, 2, faults.append) as (_, after):
        out = through(Insert(after, rate, 2, direct=False), feed, (128,))
        assert after.latency == 0
        assert not after.faults + faults
    before, behind = LoudnessMeter(rate, 2), LoudnessMeter(rate, 2)
    before.hear(feed)
    behind.hear(out)
    change = behind.integrated - before.integrated
    figure(f"loudness through the effects of {name}", f"{change:+.1f} LU")
    assert abs(change) < 1.5
    assert np.abs(out).max() < 2.0
