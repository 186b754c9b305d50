"""Chains: every effect that is offered, what is left out, and tails that outlive a switch."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.config.rig import read_rig
from engine.effects.catalogue import EFFECTS, Hosted
from engine.effects.chain import Chain
from engine.effects.insert import Insert
from engine.effects.macros import Macros, Move
from engine.effects.specs import BuiltinSpec
from engine.errors import RigError
from engine.plugins.chains import ChainBuilder
from tests.feeds import noise
from tests.processor_verifier import (
    through,
    verify_blocks,
    verify_causality,
    verify_latency,
    verify_silence,
)
from tests.program import doubledrop

RATE = 48000


@pytest.mark.parametrize("name", EFFECTS)
def test_every_effect_keeps_what_a_stage_promises(name, rng):
    """As many samples as it took, no latency, nothing of the future; at its ends too."""
    feed = noise(rng, 1.0, RATE)
    for end in ("low", "default", "high"):
        given = {key: getattr(one, end) for key, one in EFFECTS[name].items()}
        spec = BuiltinSpec(name, given)
        whole, half = (
            through(Hosted(spec, RATE, 2), feed[:, :n], (128,)) for n in (RATE // 128 * 128, 24064)
        )
        assert np.isfinite(whole).all()
        assert np.array_equal(whole[:, :24064], half)
        assert through(Hosted(spec, RATE, 1), feed[:1, :1280], (128, 256)).shape == (1, 1280)
    still = {key: one.default for key, one in EFFECTS[name].items() if key != "mix"}
    gentle = {"Clipping": {"threshold_db": 0.0}, "Bitcrush": {"bit_depth": 32.0}}.get(name, {})
    if name not in ("Delay", "Reverb", "Distortion", "LadderFilter"):
        click = np.zeros((2, 2560), np.float32)
        click[:, 640] = 0.5
        out = through(Hosted(BuiltinSpec(name, still | gentle), RATE, 2), click, (128,))
        assert int(np.argmax(np.abs(out[0]))) == 640
        assert np.abs(out[:, :640]).max() < 1e-3


@pytest.mark.parametrize("name", EFFECTS)
def test_every_effect_is_a_stage(name, rng):
    """Blocks of any size: one that is longer than any before must not reset an effect."""

    def make():
        return Insert(Hosted(BuiltinSpec(name), RATE, 2), RATE, 2)

    feed = noise(rng, 0.6, RATE)
    verify_blocks(make, feed)
    verify_causality(make, feed)
    if name != "LadderFilter":  # low-pass at 200 Hz: its peak comes later than its beginning
        verify_latency(make, 2, 4096)
    if name != "Reverb":  # its tail is below -90 dB by then, not at -120
        verify_silence(make, feed)


class Bad:
    """Does harm from the third block on."""

    latency = tail = 0
    faults = ()

    def __init__(self, harm):
        self.name, self._harm, self._blocks = harm, harm, 0

    def process(self, block):
        self._blocks += 1
        if self._blocks < 3:
            return 2 * block
        if self._harm == "raises":
            raise RuntimeError("no")
        made = {"shorter": block[:, 1:], "runs away": 1e6 * block, "no number": np.nan * block}
        return made[self._harm]


@pytest.mark.parametrize("harm", ["raises", "shorter", "runs away", "no number"])
def test_an_effect_that_does_harm_is_left_out(harm, rng):
    half = Hosted(BuiltinSpec("Gain", {"gain_db": -6.0206}), RATE, 2)
    chain = Chain([Insert(bad, RATE, 2) for bad in (Bad(harm), half)], RATE)
    block = noise(rng, 0.01, RATE)
    out = [chain.process(block) for _ in range(5)]
    for made, wanted in zip(out, (1.0, 1.0, None, 0.5, 0.5), strict=True):
        assert wanted is None or made == pytest.approx(wanted * block, abs=1e-3)
    # The step from the one to the other is spread over five milliseconds.
    assert out[2][:, 240:] == pytest.approx(0.5 * block[:, 240:], abs=1e-3)
    (said,) = chain.faults
    assert said.startswith(harm)


def test_the_tail_of_a_slot_outlives_its_fade(slots, rng):
    """An echo of a second: heard after the slot has gone, and over in the end."""
    feed = np.zeros((2, 6 * RATE), np.float32)
    feed[:, RATE : RATE + RATE // 4] = noise(rng, 0.25, RATE)
    echo = BuiltinSpec("Delay", {"delay_seconds": 1.0, "feedback": 0.0, "mix": 0.5})
    echoes = ChainBuilder(RATE, 2, 128).chain((echo,))
    it = slots(["identity", "identity"], after=[echoes, None])
    out = []
    for first in range(0, feed.shape[-1] - 127, 128):
        if first > 1.3 * RATE:
            it.switch(1, 0.05)
        out.append(it.process(feed[:, first : first + 128]))
    assert (it.active, it.leaving) == (1, None)
    sound = np.concatenate(out, axis=-1)[:, it.latency :]
    heard = sound[:, 2 * RATE : 2 * RATE + RATE // 8]
    assert heard == pytest.approx(0.5 * feed[:, RATE : RATE + RATE // 8], abs=0.02)
    assert np.abs(sound[:, 3 * RATE :]).max() < 1e-4
    assert echoes.rests


def test_a_parameter_that_moves_does_not_step(figure):
    """A gain by MIDI at 1 kHz, up and down: no step above the ramp's own slope."""
    seconds = 4
    gain = Hosted(BuiltinSpec("Gain", {"gain_db": -24.0}), RATE, 1)
    macros = Macros([[Move(gain, "gain_db", -24.0, 0.0)]])
    block, out = np.full((1, 48), 0.5, np.float32), []
    for ms in range(1000 * seconds):
        macros.turn(0, 0.5 - 0.5 * np.cos(2 * np.pi * ms / 700))
        out.append(gain.process(block))
    sound = np.concatenate(out, axis=-1)[0]
    step = np.abs(np.diff(sound)).max()
    figure("a gain moved by 24 dB in 350 ms: largest step", f"{20 * np.log10(step):.0f} dBFS")
    # 24 dB in 20 ms, in steps of 32 samples, near full gain: what a ramp of 20 ms may take.
    assert step < 0.5 * (1 - 10 ** (-24 / 20 * 32 / (0.02 * RATE)))
    assert sound.max() == pytest.approx(0.5, abs=0.01)
    macros.turn(0, 0.0)
    settled = [gain.process(block) for _ in range(40)][-1]
    assert settled == pytest.approx(0.5 * 10 ** (-24 / 20), abs=1e-4)


@pytest.mark.parametrize(
    ("move", "says"),
    [
        ('slot = 2, effect = 1, parameter = "mix", low = 0, high = 1', "slot 2"),
        ('slot = 1, effect = 2, parameter = "mix", low = 0, high = 1', "no effect 2"),
        ('slot = 1, effect = 1, parameter = "size", low = 0, high = 1', "no 'size'"),
        ('slot = 1, effect = 1, parameter = "mix", low = 0, high = 2', "0 to 1"),
        ('slot = 1, effect = 1, parameter = "mix", low = 0, high = 1, curve = "exponential"', "0"),
        ('slot = 1, effect = 1, parameter = "mix", low = 0, high = 1, curve = "s"', "curve"),
    ],
)
def test_a_macro_that_moves_nothing_is_named(tmp_path, move, says):
    path = tmp_path / "rig.toml"
    path.write_text(
        '[[slots]]\npreset = "downbeat-filter"\n[[slots.chain]]\neffect = "Chorus"\n'
        f"[[macros]]\nmoves = [{{ {move} }}]\n"
    )
    with pytest.raises(RigError) as caught:
        read_rig(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("effect", "says"),
    [
        ('effect = "Shimmer"', ["Shimmer", "Reverb"]),
        ('effect = "Reverb"\nsize = 1', ["size", "room_size"]),
        ('effect = "Reverb"\nroom_size = 1.5', ["room_size", "1.5", "0 to 1"]),
        ('effect = "Gain"\ngain_db = "loud"', ["gain_db", "loud", "-60 to 24 dB"]),
        ('effect = "PitchShift"', ["PitchShift"]),
        ("gain_db = 3", ["effect", "one of"]),
    ],
)
def test_a_chain_that_cannot_be_is_named(tmp_path, effect, says):
    path = tmp_path / "rig.toml"
    path.write_text(f'[[slots]]\npreset = "downbeat-filter"\n[[slots.chain]]\n{effect}\n')
    with pytest.raises(RigError) as caught:
        read_rig(path)
    for part in (str(path), *says):
        assert part in str(caught.value)


def test_effects_are_listed():
    listed = doubledrop("plugins", "list", "--json")
    assert json.loads(listed.stdout)["Reverb"]["room_size"]["high"] == 1.0
    shown = doubledrop("plugins", "list")
    assert "cutoff_frequency_hz" in shown.stdout
