"""Crossfades: the laws, and two generators that change places."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dsp.crossfade import LAWS, fade_gains, likeness
from engine.dsp.loudness import k_weights
from tests.feeds import noise

RATE = 48000
AT = np.linspace(0.0, 1.0, 101)


def gains(positions, law, correlation=0.0):
    found = [fade_gains(at, LAWS.index(law), correlation) for at in positions]
    return np.array(found).T


def test_each_law_keeps_what_it_promises():
    f, g = gains(AT, "equal-power")
    assert f**2 + g**2 == pytest.approx(1.0)
    f, g = gains(AT, "equal-gain")
    assert f + g == pytest.approx(1.0)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.8, 1.0])
def test_the_measured_law_keeps_the_power_of_what_it_measured(rho):
    f, g = gains(AT, "measured", rho)
    assert f**2 + g**2 + 2 * rho * f * g == pytest.approx(1.0)


def test_sounds_that_cancel_out_are_not_made_louder():
    f, g = gains(AT, "measured", -0.9)
    assert max(f.max(), g.max()) <= 1.0


@pytest.mark.parametrize("law", ["equal-power", "equal-gain", "measured"])
def test_a_fade_begins_with_the_old_and_ends_with_the_new(law):
    f, g = gains(AT, law, 0.5)
    assert (f[0], g[0], f[-1], g[-1]) == pytest.approx((1, 0, 0, 1), abs=1e-12)


@pytest.mark.parametrize("rho", [0.0, 0.5, 1.0])
def test_correlation_is_measured(rng, rho):
    one, own = rng.normal(0, 0.1, (2, 2, RATE)).astype(np.float32)
    other = rho * one + np.sqrt(1 - rho**2) * own
    so_far = np.zeros(3)
    for first in range(0, RATE, 128):
        parts = (np.ascontiguousarray(x[:, first : first + 128]) for x in (one, other))
        found = likeness(so_far, float(RATE), *parts)
    assert found == pytest.approx(rho, abs=0.05)
    assert likeness(np.zeros(3), float(RATE), 0 * one, other) == 0.0


def played(it, feed, switch_at, seconds, to=1):
    out, done, states = [], False, []
    for first in range(0, feed.shape[-1] - it.hop + 1, it.hop):
        if first >= switch_at and not done:
            done = it.switch(to, seconds)
        out.append(it.process(feed[:, first : first + it.hop]))
        states.append((it.active, it.leaving))
    return np.concatenate(out, axis=-1), states


def test_two_generators_change_places(slots, rng, figure):
    """From the identity to 6 dB more: before, the feed; after, twice that; between, in between."""
    feed = 0.1 * noise(rng, 3.0, RATE)
    it = slots(["identity", "flat"])
    out, states = played(it, feed, RATE, 0.25)
    delay = it.latency
    ratio = out[:, delay:] / np.where(feed == 0, 1, feed)[:, : out.shape[-1] - delay]
    level = np.median(ratio[:, : ratio.shape[-1] // 480 * 480].reshape(2, -1, 480), axis=(0, 2))
    changed = np.flatnonzero(level > 1.01)[0] / 100
    arrived = np.flatnonzero(level > 1.99)[0] / 100
    figure("crossfade of 0.25 s, asked for at 1 s", f"from {changed:.2f} to {arrived:.2f} s")
    assert level[:95] == pytest.approx(1.0, abs=1e-3)
    assert level[-50:] == pytest.approx(10 ** (6 / 20), abs=2e-3)
    assert (np.diff(level[95:150]) > -0.01).all()
    assert 1.0 <= changed < 1.2
    assert 0.15 < arrived - changed < 0.35
    assert states[-1] == (1, None)
    assert (1, 0) in states


def test_a_slot_that_waited_has_heard_everything(slots, rng):
    """Called late, it plays as one that had played all along."""
    feed = 0.1 * noise(rng, 5.0, RATE)
    feed = feed[:, : feed.shape[-1] // 128 * 128]
    it = slots(["identity", "downbeat-filter"])
    switched, _ = played(it, feed, round(2.5 * RATE), 0.05)
    alone = slots(["downbeat-filter"])
    always = np.concatenate(
        [alone.process(feed[:, i : i + 128]) for i in range(0, feed.shape[-1], 128)], axis=-1
    )
    after = slice(round(3.0 * RATE), None)
    error = np.mean((switched[:, after] - always[:, after]) ** 2) / np.mean(always[:, after] ** 2)
    assert 10 * np.log10(error) < -30


def test_it_can_go_back(slots, rng):
    feed = 0.1 * noise(rng, 2.0, RATE)
    it = slots(["flat", "identity"])
    played(it, feed, RATE // 2, 0.1)
    out, states = played(it, feed, RATE // 2, 0.1, to=0)
    assert states[-1] == (0, None)
    late = slice(-RATE // 2, None)
    wanted = np.roll(feed, it.latency, axis=1)[:, : out.shape[-1]]
    ratio = np.median(np.abs(out[:, late]) / np.maximum(np.abs(wanted[:, late]), 1e-9))
    assert ratio == pytest.approx(10 ** (6 / 20), abs=0.01)


@pytest.mark.parametrize("at_s", [1.0, 1.2345])
def test_a_switch_falls_on_the_sample_it_was_asked_for(slots, at_s):
    """Constant sound at two levels: the first sample that differs is the instant itself."""
    at = round(at_s * RATE)
    feed = np.tile(np.float32([[0.1]]), (2, 2 * RATE))
    it = slots(["identity", "flat"])
    out = [
        (it.switch(1, 0.05, at), it.process(feed[:, first : first + it.hop]))[1]
        for first in range(0, feed.shape[-1] - it.hop + 1, it.hop)
    ]
    sound = np.concatenate(out, axis=-1)[0, it.latency :]
    changed = int(np.argmax(np.abs(sound[RATE // 2 :] - 0.1) > 1e-6)) + RATE // 2
    assert changed == at
    assert sound[at + round(0.06 * RATE)] == pytest.approx(0.2, abs=0.001)
    assert it.switches == 1


def test_a_switch_can_be_taken_back_or_made_at_once(slots, rng):
    feed = 0.1 * noise(rng, 1.5, RATE)
    blocks = [feed[:, i : i + 128] for i in range(0, feed.shape[-1] - 127, 128)]
    it = slots(["identity", "flat"])
    third = len(blocks) // 3
    for i, block in enumerate(blocks):
        if i < third:
            it.switch(1, 0.05, 10 * RATE)
        elif i < 2 * third:
            it.switch(0, 0.05)
            assert (it.active, it.leaving) == (0, None)
        elif i < 2 * third + 10:
            it.switch(1, 0.05, 10 * RATE)
        else:
            it.switch(1, 0.05)
        it.process(block)
    assert (it.active, it.leaving, it.switches) == (1, None, 1)


def test_a_switch_between_matched_slots_does_not_jump_in_loudness(slots, rng, figure):
    """From the identity to 6 dB more and back: within 1 LU at any time, 400 ms long."""
    feed = 0.1 * noise(rng, 9.0, RATE)
    it = slots(["identity", "flat"], match=True)
    out = []
    for first in range(0, feed.shape[-1] - it.hop + 1, it.hop):
        slot = int(3 * RATE <= first < 6 * RATE)
        it.switch(slot, 0.25, 4 * RATE if slot else 7 * RATE)
        out.append(it.process(feed[:, first : first + it.hop]))
    sound, window = np.concatenate(out, axis=-1)[:, it.latency :], round(0.4 * RATE)
    begins = range(RATE, sound.shape[-1] - window, RATE // 10)
    power = [[np.mean(x[:, i : i + window] ** 2) for i in begins] for x in (sound, feed)]
    level = 10 * np.log10(np.divide(*power))
    figure(
        "loudness through two switches of matched slots",
        f"{min(level):+.2f} … {max(level):+.2f} LU",
    )
    assert it.switches == 2
    assert max(np.abs(level)) <= 1.0


def test_the_weights_are_those_of_the_standard():
    """BS.1770: 0 dB at 997 Hz but for 0.691 dB; the shelf is 4 dB, and lows are cut."""
    weights = 10 * np.log10(k_weights(np.array([20.0, 100.0, 997.0, 10000.0])))
    assert weights[2] == pytest.approx(0.691, abs=0.01)
    assert weights[3] == pytest.approx(4.0, abs=0.05)
    assert weights[1] == pytest.approx(-1.1, abs=0.2)
    assert weights[0] < -12


def crossed(it, feed, gestures):
    """The sound, as gain over the feed every 10 ms, and the loudest step from sample to sample."""
    out = []
    for first in range(0, feed.shape[-1] - it.hop + 1, it.hop):
        for at, event in gestures:
            if at <= first:
                event(it)
        out.append(it.process(feed[:, first : first + it.hop]))
    sound = np.concatenate(out, axis=-1)[:, it.latency :]
    level = sound[0, : sound.shape[-1] // 480 * 480].reshape(-1, 480).mean(1) / feed[0, 0]
    return level, np.abs(np.diff(sound[0, RATE // 2 :])).max()


def test_the_crossfader_mixes_two_that_run(slots):
    """Constant sound at two levels: what is heard is where the crossfader stands."""
    feed = np.full((2, 4 * RATE), 0.1, np.float32)
    it = slots(["identity", "flat", "identity"], sides=(0, 1))
    place = [0.0]
    level, step = crossed(it, feed, [(RATE, lambda it: it.cross(place[0]))])
    assert level[60:] == pytest.approx(1.0, abs=1e-3)
    place[0] = 0.5
    level, step = crossed(it, feed, [(0, lambda it: it.cross(place[0]))])
    high = 10 ** (6 / 20)
    # One sound at two levels is correlated: the gains sum to 1.
    assert level[60:] == pytest.approx((1 + high) / 2, abs=2e-3)
    assert step < 0.1 * (high - 1) / (0.05 * RATE) * 1.5
    assert it.active == 0
    place[0] = 1.0
    level, step = crossed(it, feed, [(0, lambda it: it.cross(place[0]))])
    assert (it.active, it.leaving) == (1, None)
    assert level[5:] == pytest.approx(high, abs=2e-3)
    # At once, for both run: no longer than the latency and the shortest fade.
    assert np.flatnonzero(level > high - 0.01)[0] <= 8


def test_from_between_two_to_a_third_and_back(slots):
    feed = np.full((2, 2 * RATE), 0.1, np.float32)
    it = slots(["identity", "flat", "identity"], sides=(0, 1))
    high = 10 ** (6 / 20)
    crossed(it, feed, [(0, lambda it: it.cross(0.5))])
    level, step = crossed(it, feed, [(0, lambda it: it.switch(2, 0.1))])
    assert (it.active, it.leaving) == (2, None)
    assert level[60:] == pytest.approx(1.0, abs=1e-3)
    assert step < 0.1 * (high - 1) / (0.1 * RATE) * 1.5
    assert not it.cross(0.5)  # neither side is heard
    crossed(it, feed, [(0, lambda it: it.switch(1, 0.1))])
    level, _ = crossed(it, feed, [(0, lambda it: it.cross(0.25))])
    assert level[60:] == pytest.approx(0.75 + 0.25 * high, abs=2e-3)
    # Of the two that are crossed, one alone.
    level, _ = crossed(it, feed, [(0, lambda it: it.switch(0, 0.1))])
    assert level[60:] == pytest.approx(1.0, abs=1e-3)
    # A call that is taken back before it is heard leaves the crossfader where it was.
    crossed(it, feed, [(0, lambda it: it.cross(0.5))])
    assert it.switch(2, 0.1, 1 << 40)
    level, _ = crossed(it, feed, [])
    assert level[60:] == pytest.approx((1 + high) / 2, abs=2e-3)
    assert it.leaving == it.CROSSED
    assert it.cross(1.0)
    level, _ = crossed(it, feed, [(0, lambda it: it.cross(1.0))])
    assert level[60:] == pytest.approx(high, abs=2e-3)
    assert it.leaving is None


def test_the_amount_of_a_slot_is_between_it_and_the_feed(slots, rng):
    """Dry beside it is in time: at nothing the slot gives the feed, sample for sample."""
    feed = 0.1 * noise(rng, 1.0, RATE)
    feed = feed[:, : feed.shape[-1] // 128 * 128]
    it = slots(["flat"])
    for amount in (0.0, 0.5):
        it.amount(0, amount)
        out = it.process(feed)[:, it.latency + RATE // 2 :]
        wanted = (1 + amount * (10 ** (6 / 20) - 1)) * feed[:, RATE // 2 : -it.latency]
        assert np.abs(out - wanted).max() < 2e-4


def test_another_slot_can_be_called_instead(slots):
    """Before the first is heard: it never is."""
    feed = np.full((2, 3 * RATE), 0.1, np.float32)
    it = slots(["identity", "flat", "identity"])
    blocks = [feed[:, i : i + 128] for i in range(0, feed.shape[-1] - 127, 128)]
    levels = []
    for i, block in enumerate(blocks):
        if i > 300:
            it.switch(1 if i < 500 else 2, 0.05, 700 * 128)
        levels.append(float(it.process(block).mean()) / 0.1)
    assert levels[300:] == pytest.approx([1.0] * (len(blocks) - 300), abs=1e-3)
    assert (it.active, it.leaving, it.switches) == (2, None, 1)
