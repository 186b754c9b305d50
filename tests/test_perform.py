"""Performances without a device: repeated bit by bit, and on the beat."""

from __future__ import annotations

import json

import mido
import numpy as np
import pytest
import soundfile as sf

from engine.config.rig import Clock, Rig, Slot, Switch
from engine.config.rig_chain import Effect, Macro, MacroMove
from engine.control.clock import TICKS
from engine.diagnostics.bench import peak_rss_mib
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.errors import DoubledropError
from engine.offline.replay import replay
from engine.offline.unpaced import perform
from engine.state.journal import FORMAT
from engine.takes.take import read_take
from export import handmade
from tests.feeds import noise, sine

RATE = 24000
BPM = 174.0
SWITCHES = 24


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """The identity and 6 dB more, as files."""
    made = []
    for name, build in (("a", handmade.identity), ("b", handmade.flat(6.0))):
        folder = tmp_path_factory.mktemp(name)
        handmade.write(build, folder / "generator.onnx")
        made.append(str(folder))
    return made


def played(
    tmp_path,
    presets,
    feed,
    score,
    name="out.wav",
    chain=(),
    chain_all=(),
    progress=None,
    rate=RATE,
    **rig,
):
    source = tmp_path / "feed.wav"
    sf.write(source, feed.T, rate, subtype="FLOAT")
    slots = [Slot(preset=presets[0]), Slot(preset=presets[1], chain=chain)]
    played_with = Rig(slots=slots, chain=list(chain_all), **rig)
    tempo = Tempo(played_with.clock.bpm)
    config = played_with.config("cpu", tempo, Settings())
    done = perform(
        source, tmp_path / name, config, played_with, score, inference_ms=20.0, progress=progress
    )
    return done, sf.read(tmp_path / name, always_2d=True, dtype="float32")[0].T


def message(*data):
    return mido.Message.from_bytes(list(data))


def test_effects_before_behind_and_master_are_in_step(tmp_path, presets, rng):
    """Each takes its level off; what a slot without them gives lies on it, sample for sample."""
    feed = noise(rng, 6.0, RATE)
    source = tmp_path / "feed.wav"
    sf.write(source, feed.T, RATE, subtype="FLOAT")
    down = Effect(effect="Gain", gain_db=-6.0)
    slots = [Slot(preset=presets[0]), Slot(preset=presets[0], before=[down], chain=[down])]
    rig = Rig(slots=slots, chain=[down])
    config = rig.config("cpu", Tempo(rig.clock.bpm), Settings())
    score = [(3.0, message(0xC0, 1))]
    done = perform(source, tmp_path / "out.wav", config, rig, score, inference_ms=20.0)
    out = sf.read(tmp_path / "out.wav", always_2d=True, dtype="float32")[0].T
    assert done.switches == 1
    assert done.latency_samples == 192 + 2 * 160 + 64
    step, before, after = 10 ** (-6 / 20), slice(RATE, 2 * RATE), slice(5 * RATE, 6 * RATE)
    assert out[:, before] == pytest.approx(
        step * feed[:, before], abs=0.01
    )  # the high-pass for 0 Hz
    assert out[:, after] == pytest.approx(
        step**3 * feed[:, after], abs=0.01
    )  # the high-pass for 0 Hz


def test_a_file_does_not_fade_in(tmp_path, presets, rng):
    feed = noise(rng, 1.0, RATE)
    _, out = played(tmp_path, presets, feed, [(0.0, message(0xB0, 16, 0))])
    assert np.abs(out[:, :4000] - feed[:, :4000]).max() < 1e-6


def test_a_performance_is_repeated_bit_by_bit(tmp_path, presets, rng):
    """Controls of every kind, twice: the same file, to the last bit."""
    feed = noise(rng, 8.0, RATE)
    score = [
        (1.0, message(0xC0, 1)),
        (3.0, message(0xB0, 17, 127)),
        *((3.0 + 0.01 * i, message(0xB0, 17, 127 - i)) for i in range(1, 90)),
        (4.5, message(0xB0, 16, 127)),
        *((4.5 + 0.01 * i, message(0xB0, 16, 127 - i)) for i in range(1, 60)),
        (5.5, message(0xB0, 107, 127)),
        (6.5, message(0xB0, 107, 0)),
        (6.6, message(0xB0, 107, 127)),
        (6.7, message(0xB0, 18, 0)),
        *((6.7 + 0.01 * i, message(0xB0, 18, i)) for i in range(1, 128)),
    ]
    chain = [Effect(effect="Chorus"), Effect(effect="Reverb", wet_level=0.1)]
    moves = [
        MacroMove(slot=2, effect=2, parameter="room_size", low=0.5, high=0.9),
        MacroMove(slot=2, effect=1, parameter="rate_hz", low=0.5, high=8.0, curve="exponential"),
    ]
    rig = {"chain": chain, "macros": [Macro(moves=moves)]}
    done, out = played(tmp_path, presets, feed, score, "one.wav", **rig)
    played(tmp_path, presets, feed, score, "two.wav", **rig)
    assert (tmp_path / "one.wav").read_bytes() == (tmp_path / "two.wav").read_bytes()
    assert (done.switches, done.messages) == (1, len(score))
    assert out.shape == feed.shape
    level = np.abs(out).mean(0)[: len(out[0]) // 240 * 240].reshape(-1, 240).mean(1)
    level /= np.abs(feed).mean(0)[: len(out[0]) // 240 * 240].reshape(-1, 240).mean(1)
    assert level[40:90] == pytest.approx(1.0, abs=0.01)
    assert level[200:290].max() < 0.7  # slot 2 and its chain
    assert level[570:640] == pytest.approx(1.0, abs=0.02)  # killed, and dry
    # On the input, sample for sample.
    assert np.abs(out[:, RATE : RATE + 9000] - feed[:, RATE : RATE + 9000]).max() < 1e-3


def test_switches_fall_on_the_beats_of_a_jittery_clock(tmp_path, presets, rng, figure):
    """Ticks with 2 ms of jitter; slots are called between the beats, and heard on them."""
    switches, every, first = SWITCHES, 2, 32
    beats = first + switches * every + 4
    tick_s = 60.0 / (BPM * TICKS)
    ticks = 0.05 + np.arange(beats * TICKS) * tick_s + rng.uniform(-2e-3, 2e-3, beats * TICKS)
    clock = [(float(at), message(0xF8)) for at in np.maximum.accumulate(ticks)]
    called = first + every * np.arange(switches)
    beat_s = TICKS * tick_s
    calls = [
        (0.05 + (n + 0.4) * beat_s, message(0xC0, int(i % 2 == 0)))
        for i, n in enumerate(called.tolist())
    ]
    score = sorted([(0.0, message(0xFA)), *clock, *calls], key=lambda pair: pair[0])
    feed = (0.05 * rng.normal(size=(1, round((beats * beat_s + 1.0) * RATE)))).astype(np.float32)
    done, out = played(
        tmp_path,
        presets,
        feed,
        score,
        clock=Clock(bpm=150.0),
        switch=Switch(quantise="beat", fade_s=0.05, match=False),
    )
    assert done.switches == switches
    assert done.bpm == pytest.approx(BPM, abs=0.03)
    ratio = np.divide(out[0], feed[0], out=np.ones(len(feed[0])), where=np.abs(feed[0]) > 0.01)
    off = []
    for i, n in enumerate(called.tolist()):
        was = 1.0 if i % 2 == 0 else 10 ** (6 / 20)
        begins = round((0.05 + (n + 1) * beat_s - 0.1) * RATE)
        piece = ratio[begins : begins + RATE // 4]
        loud = np.abs(feed[0][begins : begins + RATE // 4]) > 0.01
        # A fade of 50 ms begins unheard: where it is at 1 %, half a millisecond has passed.
        changed = np.flatnonzero(loud & (np.abs(piece - was) > 0.01))[0]
        off.append(1000 * (changed / RATE - 0.1) - 0.5)
    worst = max(off, key=abs)
    figure("switches against the true beat, 2 ms of jitter", f"{worst:+.2f} ms at worst")
    assert len(off) == switches
    assert abs(worst) <= 1.0


@pytest.mark.parametrize("broken", ["empty", "json", "format", "sound"])
def test_a_take_that_cannot_be_played_is_named(tmp_path, presets, broken):
    take = tmp_path / "take"
    take.mkdir()
    facts = {"format": FORMAT + (broken == "format"), "rate": RATE, "block": 128}
    facts |= {"first_sample": -900}
    model = f"{presets[0]}/generator.onnx"
    config = {"models": [model], "provider": "cpu", "bpm": 174.0, "downbeat_s": 0.0, "settings": {}}
    facts |= {"inputs": 2, "outputs": 2, "models_sha256": [""], "asked": config}
    if broken != "empty":
        (take / "take.json").write_text("{" if broken == "json" else json.dumps(facts))
        (take / "decisions.jsonl").write_text("")
    with pytest.raises(DoubledropError) as caught:
        replay(read_take(take), tmp_path / "out.wav", "cpu")
    assert str(take) in str(caught.value)
    assert not (tmp_path / "out.wav").exists()


def test_a_parameter_is_automated_at_1_khz_for_a_minute(tmp_path, presets, figure):
    """By MIDI, up and down: no step above the ramp's own slope, no growth of memory."""
    seconds, rate = 60, 8000
    feed = sine(55.0, seconds, rate, 0.5)
    turns = [round(63.5 - 63.5 * np.cos(2 * np.pi * ms / 700)) for ms in range(1000 * seconds)]
    score = [(ms / 1000, message(0xB0, 18, value)) for ms, value in enumerate(turns)]
    moves = [MacroMove(effect=1, parameter="gain_db", low=-24.0, high=0.0)]
    rig = {"chain_all": [Effect(effect="Gain")], "macros": [Macro(moves=moves)]}
    held = []

    def told(done, of):
        if done * 4 >= of * (len(held) + 1):
            held.append(peak_rss_mib())

    _, out = played(tmp_path, presets, feed, score, progress=told, rate=rate, **rig)
    step = np.abs(np.diff(out[0])).max()
    own = np.abs(np.diff(feed[0])).max()
    largest = f"{step / own:.2f} × the feed's"
    figure("a gain automated by MIDI at 1 kHz for 60 s: largest step", largest)
    figure("… memory after a quarter, at the end", f"{held[0]:.0f}, {held[-1]:.0f} MiB")
    # 24 dB in 20 ms, in steps of 32 samples, near full gain: what a ramp of 20 ms may take.
    assert step < own + 0.5 * (1 - 10 ** (-24 / 20 * 32 / (0.02 * rate)))
    assert np.abs(out[0, rate:]).max() == pytest.approx(0.5, abs=0.02)
    assert held[-1] < held[0] + 10
