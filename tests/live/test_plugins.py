"""Plugins on the stage: real VST3s that crash, hang, lie and return what is no number, while the
music plays."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from engine.config.rig import Rig, Slot
from engine.config.rig_chain import Effect, Macro, MacroMove
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.io.jack import delay_of
from engine.plugins.admission import admit
from engine.plugins.remote import PluginTransition
from tests.live.stage import (
    Listener,
    counted_since,
    is_never_silent,
    played_twice,
    preset,
    stage,
    wrong_places,
)
from tests.plugins import vst3

RATE = 48000
pytestmark = pytest.mark.usefixtures("own_cache")


def asking(tmp_path, *chain, macros=()):
    """A rig of the identity with these effects, admitted."""
    preset(tmp_path)
    rig = Rig(slots=[Slot(preset=str(tmp_path), chain=list(chain))], macros=list(macros))
    return admit(rig.config("cpu", Tempo(240.0), Settings()), (RATE,))


def harm_of(made, harm):
    """Half as loud, and a knob for its harm."""
    effect = Effect(plugin=vst3(made, harm), gain_db=-6.0)
    move = MacroMove(slot=1, effect=1, parameter="harm", low=0.0, high=1.0)
    return effect, Macro(moves=[move])


@pytest.mark.parametrize("name", ["late64-says64", "late300-says0"])
def test_dry_and_wet_are_in_time_whatever_a_plugin_says(server, noise, made, tmp_path, name):
    """Half wet beside half dry: a lie of one sample would comb."""
    with stage(config=asking(tmp_path, Effect(plugin=vst3(made, name)))) as it:
        it.shared.controls.wet = 0.5
        before = it.look()
        time.sleep(0.5)
        sound, left_out = Listener(tmp_path, noise).result()
        status = it.look()
    delay = delay_of(sound, noise)
    own = int(name[4:].partition("-")[0])
    assert status.latency["effects"] == 160 + 128 + own
    assert delay == status.latency["total"]
    assert wrong_places(sound, noise, delay) <= counted_since(status, before, left_out)


@pytest.mark.parametrize("harm", ["crash", "hang", "nan"])
def test_the_music_goes_on_when_a_plugin_does_not(server, made, tmp_path, figure, harm):
    """Tripped by a knob in the middle of the music: without the plugin, and with it again."""
    rng = np.random.default_rng(5)
    noise = (0.05 * rng.normal(size=(2, 14 * RATE))).astype(np.float32)
    effect, macro = harm_of(made, harm)
    with stage(config=asking(tmp_path, effect, macros=[macro])) as it:
        before = it.look()
        listener = Listener(tmp_path, noise)
        time.sleep(2.0)
        it.shared.macros[0] = 1.0
        time.sleep(0.3)
        it.shared.macros[0] = 0.0
        events = it.supervisor.events
        it.until(lambda: any("back after" in event.text for event in events))
        sound, left_out = listener.result()
        status = it.look()
        said = [event.text for event in events]
    delay = status.latency["total"]
    assert is_never_silent(sound, noise, delay)
    n = (sound.shape[-1] - delay) // 2400 * 2400
    power = [
        np.mean(x[:2, :n].reshape(2, -1, 2400) ** 2, axis=(0, 2)) for x in (sound[:, delay:], noise)
    ]
    level = 10 * np.log10(power[0] / power[1])
    without = level > -3.0
    spare = counted_since(status, before, left_out)
    assert level[:30] == pytest.approx(-6.0, abs=0.3) or spare
    assert level.max() < 0.5
    assert without.sum() >= 4  # 200 ms, at least
    assert np.median(level[-30:]) == pytest.approx(-6.0, abs=0.3)
    assert status.restarts == 0
    (gone,) = (text for text in said if "bypassed until it is back" in text)
    assert harm in gone
    figure(f"a plugin that does harm ({harm}): without it for", f"{0.05 * without.sum():.2f} s")
    figure("… and what is said", "; ".join(said))


def test_after_the_third_time_a_plugin_stays_out(server, noise, made, tmp_path):
    effect, macro = harm_of(made, "crash")
    with stage(config=asking(tmp_path, effect, macros=[macro])) as it:
        it.shared.macros[0] = 1.0  # and there it stays
        events = it.supervisor.events
        it.until(lambda: any("stays out" in event.text for event in events))
        before = it.look()
        sound, left_out = Listener(tmp_path, noise).result()
        status = it.look()
    delay = status.latency["total"]
    assert status.restarts == 0
    assert wrong_places(sound, noise, delay) <= counted_since(status, before, left_out)


def test_a_take_with_a_plugin_that_crashed_is_played_again(server, made, tmp_path, figure):
    rig = (
        '[[slots]]\npreset = "downbeat-filter"\n[[slots.chain]]\n'
        f'plugin = "{vst3(made, "late64-says0-crash")}"\ngain_db = -6.0\n[clock]\nbpm = 174.0\n'
        '[[macros]]\nmoves = [{ slot = 1, effect = 1, parameter = "harm", low = 0, high = 1 }]\n'
        '[[macros]]\nstart = 1.0\nmoves = [{ slot = 1, effect = 1, parameter = "gain_db",'
        " low = -20, high = -6 }]\n"
    )
    gestures = [
        *((6.0 + 0.01 * i, [0xB0, 18, 4 * i]) for i in range(32)),
        *((6.5 + 0.01 * i, [0xB0, 18, 124 - 4 * i]) for i in range(32)),
        *((9.0 + 0.02 * i, [0xB0, 19, 127 - i]) for i in range(1, 80)),
    ]
    take, done = played_twice(tmp_path, rig, gestures)
    entries = [json.loads(x) for x in (take / "decisions.jsonl").read_text().splitlines()]
    turns = {entry["turn"] for entry in entries if entry["what"] == "plugin"}
    figure(
        "a take with a plugin that crashed, played again",
        f"{done['same_share']:.2%} the same, {done['error_db']:.0f} dB",
    )
    assert PluginTransition.ANEW in turns
    assert done["same_share"] > 0.97
    assert done["error_db"] < -30.0
