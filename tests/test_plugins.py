"""Plugins: real VST3s, built here, that are tried, refused, compensated, moved and survived."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from engine.cli import main
from engine.config.request import EngineConfig
from engine.config.rig import read_rig
from engine.config.rig_chain import Effects
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.effects.insert import Insert
from engine.effects.specs import BuiltinSpec, MoveSpec, PluginSpec
from engine.errors import EffectError, RigError
from engine.offline.unpaced import perform
from engine.plugins import admission
from engine.plugins.admission import admit, find_plugin, judge
from engine.plugins.approval import approve
from engine.plugins.chains import ChainBuilder, trips_of
from engine.plugins.plugin import Plugin
from engine.plugins.pool import PluginPool, pooled
from engine.plugins.remote import OFFLINE_S
from tests.feeds import noise
from tests.plugins import vst3
from tests.processor_verifier import through, verify_causality, verify_latency
from tests.program import doubledrop

RATE, HOP = 48000, 128
pytestmark = pytest.mark.usefixtures("own_cache")


def asking(*effects, macros=()):
    """What a rig with one slot and these effects asks for."""
    strips = [Effects(after=effects).strip()]
    return EngineConfig(["x"], "cpu", 174.0, 0.0, Settings(), strips=strips, macros=macros)


@pytest.mark.parametrize(
    ("name", "latency", "note"),
    [
        ("gain", 0, ""),
        ("late64-says64", 64, ""),
        ("late64-says0", 64, "says 0 samples of latency and has 64"),
        ("late0-says64", 0, "says 64 samples of latency and has 0"),
        ("late300-says200", 300, "says 200 samples of latency and has 300"),
    ],
)
def test_latency_is_measured_and_not_believed(made, name, latency, note):
    (verdict,) = judge([PluginSpec(vst3(made, name))], (44100, 48000))
    assert not verdict.fault
    assert verdict.latency == {"44100": latency, "48000": latency}
    assert " ".join(verdict.notes).startswith(note)
    assert verdict.parameters["gain_db"]["unit"] == "dB"


def test_what_does_harm_is_refused_with_its_reason(made, monkeypatch):
    monkeypatch.setattr(admission, "PROBE_S", 3.0)
    names = ("crash-now", "gain", "nan-now", "hang-now", "huge-now", "crash")
    told = []
    specs = [PluginSpec(vst3(made, name)) for name in names]
    verdicts = judge(specs, (48000,), told=told.append)
    wanted = ("crashed", "", "no number", "hung", "dBFS", "")
    for verdict, said in zip(verdicts, wanted, strict=True):
        assert bool(verdict.fault) == bool(said)
        assert said in verdict.fault
    assert told == list(names)
    assert judge(specs, (48000,), told=told.append)[0].fault == verdicts[0].fault
    assert len(told) == len(names)  # it is known now
    judge(specs, (48000,), told=told.append, again=True)
    assert len(told) == len(names) + 4


def test_a_plugin_that_was_changed_is_tried_again(made):
    bundle, told = vst3(made, "changing"), []
    judge([PluginSpec(bundle)], (48000,), told.append)
    with open(f"{bundle}/Contents/x86_64-linux/changing.so", "ab") as file:
        file.write(b"a newer one")
    (verdict,) = judge([PluginSpec(bundle)], (48000,), told.append)
    assert "has changed since it was approved" in verdict.fault
    assert told == ["changing"]
    approve(Path(bundle))
    judge([PluginSpec(bundle)], (48000,), told.append)
    assert told == ["changing", "changing"]


def test_effects_of_pedalboard_are_tried_too():
    specs = [BuiltinSpec("Reverb"), BuiltinSpec("Chorus"), BuiltinSpec("Gain", {"gain_db": 24.0})]
    reverb, chorus, gain = judge(specs, (48000,))
    assert (reverb.fault, chorus.fault, gain.fault) == ("", "", "")
    assert reverb.tail_s > 0.2 > gain.tail_s
    assert set(reverb.cost_ms) == {"64", "128", "256"}


@pytest.mark.parametrize("name", ["late64-says64", "late64-says0", "late0-says64"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_plugin_is_a_stage_of_its_measured_latency(made, name, channels):
    """In a process of its own: one hop later than the plugin itself; error 0 samples."""
    config = admit(asking({"plugin": vst3(made, name), "gain_db": -6.0}), (RATE,))
    with pooled(config, pytest.fail) as wired:
        (spec,) = wired.strips[0].after

        def make():
            return ChainBuilder(RATE, channels, HOP, OFFLINE_S).chain((spec,))

        assert make().latency == HOP + spec.latency[RATE]
        assert make().latency == trips_of(wired, RATE).behind
        verify_latency(make, channels, 4096)
        feed = noise(np.random.default_rng(3), 0.5, RATE)[:channels]
        verify_causality(make, feed)
        late, out = make().latency, through(make(), feed, (HOP,))
        wanted = 10 ** (-6 / 20) * feed[:, :-late]
        # What a plugin says it is late is not given at the beginning, true or not.
        assert out[:, late + 64 :] == pytest.approx(wanted[:, 64:], abs=1e-3)


def test_branches_with_a_late_plugin_do_not_comb(made, rng):
    feed = noise(rng, 0.5, RATE)
    late = {"plugin": vst3(made, "late64-says0")}
    branches = [{"gain_db": 0.0, "chain": []}, {"gain_db": 0.0, "chain": [late]}]
    with pooled(admit(asking({"branches": branches}), (RATE,)), pytest.fail) as wired:
        chain = ChainBuilder(RATE, 2, HOP, OFFLINE_S).chain(wired.strips[0].after)
        out = through(chain, feed, (HOP,))
        assert chain.latency == HOP + 64
        assert out[:, chain.latency :] == pytest.approx(2 * feed[:, : -chain.latency], abs=1e-5)


@pytest.mark.parametrize("harm", ["crash", "hang", "nan", "huge"])
def test_a_plugin_that_does_harm_is_replaced_and_after_the_third_time_not(made, harm, rng):
    """The sound without it is in time; the step is small; it comes back with a fade."""
    config, notes = admit(asking({"plugin": vst3(made, harm), "gain_db": -20.0}), (RATE,)), []
    pool = PluginPool(config, notes.append)
    pool.start()
    try:
        insert = Insert(ChainBuilder(RATE, 2, HOP).chain(pool.config.strips[0].after), RATE, 2)
        block = np.full((2, HOP), 0.5, np.float32)

        def play(until):
            heard, deadline = [], time.monotonic() + 20.0
            while not until(heard):
                assert time.monotonic() < deadline, notes
                heard.append(insert.process(block))
                pool.tend()
                time.sleep(HOP / RATE / 4)
            return np.concatenate(heard, axis=-1)

        inserts, quiet = insert.effect.inserts[0], 0.5 * 10 ** (-20 / 20)
        is_back = lambda heard: heard and heard[-1] == pytest.approx(quiet, rel=0.01)  # noqa: E731
        play(is_back)
        for time_s in range(3):
            inserts.move("harm", 1.0)
            away = play(lambda heard: heard and heard[-1].min() == 0.5)
            assert np.abs(np.diff(away)).max() < 0.5 / (0.005 * RATE) + 1e-3
            inserts.move("harm", 0.0)
            if time_s < 2:
                play(is_back)
        play(lambda heard: len(heard) > 400 and any("stays out" in note for note in notes))
        assert sum("bypassed until it is back" in note for note in notes) == 2
        assert sum("back after" in note for note in notes) == 2
        assert insert.process(block).min() == 0.5
    finally:
        pool.stop()


def test_a_plugin_in_a_performance(made, tmp_path, model_path, rng):
    """Written in a rig, with a macro: the same file twice, on the input sample for sample."""
    feed, rig_file = noise(rng, 3.0, RATE), tmp_path / "rig.toml"
    sf.write(tmp_path / "in.wav", feed.T, RATE, subtype="FLOAT")
    folder = tmp_path / "identity"
    folder.mkdir()
    model_path("identity").rename(folder / "generator.onnx")
    vst3(made, "late64-says0")
    rig_file.write_text(
        f'[[slots]]\npreset = "{folder}"\n[[slots.chain]]\nplugin = "late64-says0.vst3"\n'
        'name = "trim"\n[[macros]]\nstart = 0.5\nmoves = [{ slot = 1, effect = "trim",'
        ' parameter = "gain_db", low = -12.0, high = 0.0 }]\n'
    )
    (tmp_path / "late64-says0.vst3").symlink_to(made.parent / "late64-says0.vst3")
    rig = read_rig(rig_file, presets=False)
    for name in ("one.wav", "two.wav"):
        config = admit(rig.config("cpu", Tempo(174.0), Settings()), (RATE,))
        done = perform(tmp_path / "in.wav", tmp_path / name, config, rig, [], inference_ms=20.0)
        assert done.broken == []
    one, two = (sf.read(tmp_path / name)[0].T for name in ("one.wav", "two.wav"))
    assert np.array_equal(one, two)
    wanted = 10 ** (-6 / 20) * feed
    assert one[:, RATE:] == pytest.approx(wanted[:, RATE:], abs=0.01)  # the high-pass for 0 Hz


def test_state_travels_in_a_file(made, tmp_path, monkeypatch, rng):
    command = ["plugins", "save", vst3(made, "gain"), str(tmp_path / "state"), "--no-window"]
    monkeypatch.setattr(sys, "argv", ["doubledrop", *command, "--set", "gain_db=-12"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    block = noise(rng, 0.01, RATE)
    again = Plugin(PluginSpec(vst3(made, "gain"), state=str(tmp_path / "state")))
    again.begin(RATE, 2, 480)
    assert again.process(block) == pytest.approx(10 ** (-12 / 20) * block, abs=1e-3)


@pytest.mark.parametrize(
    ("effect", "says"),
    [
        ({"gain": 3.0}, "no parameter 'gain'"),
        ({"gain_db": 40.0}, "-60 to 12 dB"),
        ({"gain_db": "loud"}, "-60 to 12 dB"),
        ({"state": "/nowhere"}, "/nowhere"),
        ({"plugin": "Nothing"}, "not found"),
    ],
)
def test_what_a_plugin_cannot_is_said(made, effect, says):
    config = admit(asking({"plugin": vst3(made, "gain")} | effect), (RATE,))
    assert says in config.strips[0].after[0].refused


def test_a_macro_of_what_a_plugin_has_not_is_named(made):
    macros = [[MoveSpec(1, "size", 0.0, 1.0, slot=1)]]
    with pytest.raises(EffectError, match="no 'size'"):
        admit(asking({"plugin": vst3(made, "gain")}, macros=macros), (RATE,))


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ('effect = "Reverb"\nplugin = "x"', "one of effect, plugin and branches"),
        ('state = "x"\neffect = "Reverb"', "for plugins"),
        ('branches = [{ chain = [{ effect = "Nothing" }] }]', "Nothing"),
        ("branches = [{ gain_db = 90 }]", "gain_db"),
        ('effect = "Gain"\nbypass = 2', "bypass"),
    ],
)
def test_an_entry_that_cannot_be_is_named(tmp_path, entry, says):
    path = tmp_path / "rig.toml"
    path.write_text(f'[[slots]]\npreset = "downbeat-filter"\n[[slots.before]]\n{entry}\n')
    with pytest.raises(RigError, match=says):
        read_rig(path)


def test_the_commands_say_what_may_play(made, tmp_path):
    for name in ("late64-says64", "crash-now"):
        vst3(made, name)
    folder = tmp_path / "plugins"
    folder.mkdir()
    for name in ("late64-says64", "crash-now"):
        (folder / f"{name}.vst3").symlink_to(made.parent / f"{name}.vst3")

    def run(*arguments):
        return doubledrop("plugins", *arguments)

    scanned = json.loads(run("scan", str(folder), "--json").stdout)
    faults = {key.split("/")[-1]: verdict["fault"] for key, verdict in scanned.items()}
    assert faults["late64-says64.vst3"] == ""
    assert "crashed" in faults["crash-now.vst3"]
    assert "gain_db" in run("list").stdout
    checked = run("check", str(folder / "late64-says64.vst3"))
    assert "64 at 48000 Hz" in checked.stdout
    refused = run("check", str(folder / "crash-now.vst3"))
    assert refused.returncode == 2
    assert "crashed" in refused.stderr
    assert find_plugin(str(folder / "crash-now.vst3")).name == "crash-now.vst3"
