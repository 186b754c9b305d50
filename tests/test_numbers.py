"""Numbers that are none, infinite or absurd are refused by name: options, documents, takes."""

from __future__ import annotations

import inspect
import json
import tomllib
from typing import get_type_hints

import pytest

from engine import cli
from engine.config.preset import load_preset
from engine.config.rig import read_rig
from engine.config.rig_memory import Memory
from engine.config.rig_template import template
from engine.dsp.tempo import Tempo
from engine.errors import InputError, PresetError, RigError, UsageError
from engine.io.devices import Device
from engine.state.journal import FORMAT
from engine.takes.take import read_take
from tests.hostile_names import all_loaded
from tests.program import doubledrop
from train.training.recipe import read_recipe

ABSURD = ("nan", "inf", "-inf", "1e300", "-1e300", "1" + "0" * 400)


@pytest.fixture(scope="module", autouse=True)
def _loaded():
    with all_loaded():
        yield


def number_options():
    """Every option of every command that is a number."""

    def walk(command, path):
        if hasattr(command, "commands"):
            for name, inner in command.commands.items():
                yield from walk(inner, [*path, name])
            return
        kinds = get_type_hints(inspect.unwrap(command.callback))
        for parameter in command.params:
            kind = kinds.get(parameter.name)
            if parameter.opts[0].startswith("-") and kind in (int, float, int | None, float | None):
                yield [*path, parameter.opts[0]]

    with all_loaded():
        return list(walk(cli.program(""), []))


OPTIONS = number_options()


def test_all_options_are_found():
    assert len(OPTIONS) >= 30
    assert {("render", "--bpm"), ("play", "--seconds"), ("train", "--minutes")} <= {
        tuple(option) for option in OPTIONS
    }


@pytest.mark.parametrize("option", OPTIONS, ids=" ".join)
def test_every_number_option_has_a_range(option):
    for value in ABSURD:
        done = doubledrop(*option[:-1], f"{option[-1]}={value}")
        assert (done.returncode, done.stdout) == (2, ""), value
        assert done.stderr.startswith("doubledrop: ")
        assert done.stderr.count("\n") == 1
        assert option[-1] in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["play", "--seconds=-1"], "--seconds: -1 s (expected 0 to 604800 s)"),
        (["render", "--wet", "1.5"], "--wet: 1.5 (expected 0 to 1)"),
        (["render", "--downbeat", "1e300"], "--downbeat: 1e+300 s (expected -86400 to 86400 s)"),
        (["play", "--lookahead", "24"], "--lookahead: 24 ms (expected one of 0, 23, 46, 93 ms)"),
        (["play", "--synthesis", "100"], "--synthesis: 100 (expected one of 256, 512)"),
        (["play", "--rate", "0"], "--rate: 0 Hz (expected 8000 to 384000 Hz)"),
        (["prepare", "--seed=-1"], "--seed: -1 (expected 0 to 4294967295)"),
        (["compose", "--bpm-spread", "0.5"], "--bpm-spread: 0.5 (expected 0 to 0.499)"),
        (["export", "--share", "2"], "--share: 2 (expected 0 to 1)"),
    ],
)
def test_a_range_is_said(words, says):
    assert doubledrop(*words).stderr.startswith(f"doubledrop: {says}. Give ")


RIG = '[[slots]]\npreset = "downbeat-filter"\n'


@pytest.mark.parametrize(
    "value", ["nan", "inf", "-inf", "1e300", "1" + "0" * 400, "0x" + "f" * 9999]
)
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[clock]\nbpm = VALUE\n" + RIG, "key clock.bpm"),
        (RIG + "level_db = VALUE\n", "slot 1, key level_db"),
        (
            RIG + '[[chain]]\neffect = "Reverb"\nroom_size = VALUE\n',
            "chain, entry 1, key room_size",
        ),
        (RIG + '[[chain]]\nplugin = "Room"\nanything = VALUE\n', "chain, entry 1, key anything"),
    ],
)
def test_a_document_names_the_key(text, key, value, tmp_path):
    path = tmp_path / "rig.toml"
    path.write_text(text.replace("VALUE", value))
    with pytest.raises(RigError) as caught:
        read_rig(path, presets=False)
    assert f"rig.toml, {key}" in str(caught.value)
    assert len(str(caught.value)) < 500


def test_presets_and_recipes_too(tmp_path):
    (tmp_path / "preset.toml").write_text(
        'format = 1\ndescription = "x"\nlicence = "x"\nbpm = nan\n'
    )
    with pytest.raises(PresetError, match=r"preset\.toml, key bpm: nan"):
        load_preset(str(tmp_path))
    (tmp_path / "recipe.toml").write_text("learning_rate = inf\n")
    with pytest.raises((UsageError, InputError), match=r"recipe\.toml, key learning_rate: inf"):
        read_recipe(tmp_path / "recipe.toml")


@pytest.mark.parametrize(
    "text", ['{"slot": NaN}', '{"slot": 1e999}', '{"wet": Infinity}', "[" * 99999, '{"wet": 1e300}']
)
def test_a_state_that_is_none_begins_anew(text, tmp_path):
    state = tmp_path / "rig.state.json"
    state.write_text(text)
    assert Memory(state).read() == {}


FACTS = {
    "format": FORMAT,
    "rate": 48000,
    "block": 128,
    "first_sample": 0,
    "inputs": 2,
    "outputs": 2,
    "models_sha256": [],
    "asked": {"models": [], "provider": "cpu", "bpm": 174.0, "downbeat_s": 0.0, "settings": {}},
}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("rate", value) for value in ("NaN", "0", "1e999", "999999999", "-1")),
        *(("block", value) for value in ("0", "99999999")),
        *(("inputs", value) for value in ("-2", "100000")),
        *(("bpm", value) for value in ("NaN", "0", "1e300")),
        *(("downbeat_s", value) for value in ("NaN", "Infinity", "1e300")),
    ],
)
def test_a_take_of_numbers_that_are_none_is_refused(key, value, tmp_path):
    text = json.dumps(FACTS)
    (tmp_path / "decisions.jsonl").write_text("")
    (tmp_path / "take.json").write_text(text)
    assert read_take(tmp_path).rate == 48000
    now = json.dumps(FACTS["asked"].get(key, FACTS.get(key)))
    (tmp_path / "take.json").write_text(text.replace(f'"{key}": {now}', f'"{key}": {value}'))
    with pytest.raises(InputError, match="no take that can be played again"):
        read_take(tmp_path)


@pytest.mark.parametrize("downbeat", [float("nan"), float("inf"), 1e300, -1e9])
def test_a_downbeat_is_within_years(downbeat):
    with pytest.raises(UsageError, match="downbeat"):
        Tempo(120.0, downbeat)


@pytest.mark.parametrize("name", ["👍", 'a"b\\', "two\nlines = 1", "\x1b[2J", "\x7f", "[x]"])
def test_a_new_rig_is_valid_whatever_is_plugged_in(name):
    device = Device(0, name, 2, 2, 48000.0, "ALSA", True, True)
    rig = tomllib.loads(template([device], [name], [name], [name]))
    assert len(rig["slots"]) == 1
    assert "lines" not in rig
