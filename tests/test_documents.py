"""What editors, sequencers and crashes leave in files that are read."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import pytest

from engine.config.preset import bundled_folder, load_preset
from engine.config.request import EngineConfig, read, written
from engine.config.rig import read_rig
from engine.config.rig_writer import add_control
from engine.control.mapping import Binding
from engine.dsp.settings import Settings
from engine.effects.specs import (
    BranchesSpec,
    BranchSpec,
    BuiltinSpec,
    MoveSpec,
    PluginSpec,
    SlotStrip,
    changed,
)
from engine.errors import InputError
from engine.io.midi_file import read_midi
from engine.reading import read_json_lines
from engine.state.journal import FORMAT
from engine.takes.asked import read_config, written_config
from engine.takes.take import read_take
from train.training.recipe import read_recipe

BOM = b"\xef\xbb\xbf"
RIG = b'# mine\n[[slots]]\npreset = "downbeat-filter"\n'


def test_a_byte_order_mark_is_no_fault(tmp_path):
    rig = tmp_path / "rig.toml"
    rig.write_bytes(BOM + RIG)
    assert read_rig(rig).slots[0].preset == "downbeat-filter"
    add_control(rig, Binding(control="cc20", target="wet"))
    assert read_rig(rig).controls[0].target == "wet"
    assert rig.read_text(encoding="utf-8").startswith("# mine")
    folder = tmp_path / "preset"
    folder.mkdir()
    bundled = bundled_folder() / "downbeat-filter"
    (folder / "preset.toml").write_bytes(BOM + (bundled / "preset.toml").read_bytes())
    (folder / "generator.onnx").write_bytes((bundled / "generator.onnx").read_bytes())
    assert load_preset(str(folder)).file.bpm == load_preset("downbeat-filter").file.bpm
    recipe = tmp_path / "recipe.toml"
    recipe.write_bytes(BOM + b'source = "a"\ntarget = "b"\n')
    assert read_recipe(recipe).source == "a"


def test_a_rig_behind_a_symlink_is_written_where_it_is(tmp_path):
    (tmp_path / "real.toml").write_bytes(RIG)
    (tmp_path / "rig.toml").symlink_to(tmp_path / "real.toml")
    add_control(tmp_path / "rig.toml", Binding(control="cc20", target="wet"))
    assert (tmp_path / "rig.toml").is_symlink()
    assert read_rig(tmp_path / "real.toml").controls[0].target == "wet"


@pytest.mark.parametrize("torn", [b"", b'{"a', b'{"a": "\xc3', b"\0" * 512, b"\n", b'{"a": 3}\r\n'])
def test_a_torn_last_line_is_left_out(torn, tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": 2}\n' + torn)
    whole = [{"a": 1}, {"a": 2}]
    assert read_json_lines(path) == ([*whole, {"a": 3}] if b"3" in torn else whole)
    path.write_bytes(b'{"a": 1}\n{"a"\n{"a": 2}\n')
    with pytest.raises(ValueError, match="delimiter"):
        read_json_lines(path)


def test_a_take_of_a_crash_is_read_without_its_last_words(tmp_path):
    asked = {"models": ["x"], "provider": "cpu", "bpm": 174.0, "downbeat_s": 0.0, "settings": {}}
    facts = {"format": FORMAT, "rate": 48000, "block": 128, "first_sample": 0, "inputs": 2}
    facts |= {"outputs": 2, "models_sha256": [""], "asked": asked}
    (tmp_path / "take.json").write_text(json.dumps(facts))
    (tmp_path / "decisions.jsonl").write_bytes(
        b'{"what": "opened", "at": 0, "wet": 1.0}\n{"what": "turn'
    )
    assert [entry["what"] for entry in read_take(tmp_path).device] == ["opened"]
    (tmp_path / "midi.jsonl").write_bytes(
        b'{"at_s": 1.5, "port": "x", "data": [192, 3]}\n{"at_s": 2'
    )
    ((at_s, message),) = read_midi(tmp_path / "midi.jsonl")
    assert (at_s, message.program) == (1.5, 3)


def smf(path, division, events):
    """A Standard MIDI File of one track: (delta in ticks below 16384, bytes)."""
    track = b"".join(bytes([0x80 | d >> 7, d & 0x7F]) + data for d, data in events)
    track += b"\0\xff\x2f\0"
    head = b"MThd" + struct.pack(">IHHh", 6, 1, 1, division)
    path.write_bytes(head + b"MTrk" + struct.pack(">I", len(track)) + track)
    return path


TEMPO = b"\xff\x51\x03" + (60_000_000 // 174).to_bytes(3, "big")


@pytest.mark.parametrize(
    ("frames", "ticks", "hz"), [(24, 80, 24), (25, 40, 25), (29, 100, 30000 / 1001), (30, 4, 30)]
)
def test_smpte_time_is_seconds_whatever_the_tempo(frames, ticks, hz, tmp_path):
    events = [(0, TEMPO), (1920, b"\xc0\x01"), (1920, b"\xc0\x00")]
    path = smf(tmp_path / "a.mid", -frames * 256 + ticks, events)
    found = [at_s for at_s, _ in read_midi(path)]
    assert found == pytest.approx([1920 / (hz * ticks), 3840 / (hz * ticks)])


@pytest.mark.parametrize("division", [0, -25 * 256, -26 * 256 + 40])
def test_a_division_that_says_no_time_is_refused(division, tmp_path):
    path = smf(tmp_path / "a.mid", division, [(10, b"\xc0\x01")])
    with pytest.raises(InputError, match=f"division {division}"):
        read_midi(path)


def test_data_bytes_above_127_are_clipped_and_said(tmp_path):
    path = smf(tmp_path / "a.mid", 480, [(480, b"\xb0\x10\xff"), (480, b"\xb0\x10\x20")])
    said = []
    found = [(at_s, message.value) for at_s, message in read_midi(path, said.append)]
    assert found == [(pytest.approx(0.5), 127), (pytest.approx(1.0), 32)]
    assert len(said) == 1
    assert "above 127" in said[0]
    assert read_midi(smf(path, 480, [(480, b"\xb0\x10\x20")]), said.append)
    assert len(said) == 1


def test_a_key_signature_of_no_key_is_named(tmp_path):
    path = smf(tmp_path / "a.mid", 480, [(0, b"\xff\x59\x02\x40\x07")])
    with pytest.raises(InputError, match=r"a\.mid"):
        read_midi(path)


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e999", "9" * 400, "[" * 5000])
def test_a_line_with_what_is_no_number_is_no_line(value, tmp_path):
    path = tmp_path / "midi.jsonl"
    path.write_text(f'{{"at_s": {value}}}\n{{"at_s": 1}}\n')
    with pytest.raises(ValueError, match=r"number|deep|value|Expecting"):
        read_json_lines(path)


def every_kind():
    """What is played with, with effects of all kinds in all places, and a macro."""
    late = {48000: 64, 44100: 58}
    room = PluginSpec("/x/Room.vst3", "Hall", "/x/room.state", {"size": 0.5}, "Room", 0.25)
    tried = replace(room, latency=late, movable=("size", "mix"), channel="/dev/shm/x")
    odd = PluginSpec("/x/Odd.vst3", parameters={"latency": 0.5, "refused": 1.0}, name="Odd")
    left_out = BuiltinSpec("Delay", {"mix": 0.5}, "Echo", refused="takes too long")
    split = BranchesSpec((BranchSpec(-3.0, (tried, left_out)), BranchSpec()), "split", 0.5)
    strip = SlotStrip((BuiltinSpec("Gain", {"gain_db": -6.0}, "Gain"),), (split, odd))
    return EngineConfig(
        ["a.onnx", "b.onnx"],
        "cpu",
        174.0,
        0.1,
        Settings(),
        sides=(0, 1),
        strips=[strip, SlotStrip()],
        master=(BuiltinSpec("NoiseGate", {}, "NoiseGate"),),
        macros=[
            [MoveSpec("Gain", "gain_db", -12.0, 0.0, slot=1)],
            [MoveSpec(1, "bypass", 0.0, 1.0)],
        ],
    )


def test_what_is_played_with_passes_to_a_process_as_it_is():
    config = every_kind()
    assert read(EngineConfig, written(config)) == config


def test_a_take_keeps_effects_as_they_were_asked_for():
    """What was found out of them is found out again; that one was left out is kept."""
    config = every_kind()

    def asked(spec):
        found = {"latency": {}, "movable": (), "channel": ""}
        return replace(spec, **found) if isinstance(spec, PluginSpec) else spec

    strips = [SlotStrip(changed(s.before, asked), changed(s.after, asked)) for s in config.strips]
    kept = json.loads(json.dumps(written_config(config)))
    assert read_config(kept) == replace(config, strips=strips)


def test_a_take_of_before_is_read():
    """Effects flat, with what was found out of them in keys that parameters may have too."""
    blank = {"effect": "", "plugin": "", "branches": [], "inside": "", "state": "", "bypass": 0.0}
    room = {"plugin": "/x/Room.vst3", "name": "Room", "size": 0.5, "wire": "/dev/shm/x"}
    room |= {"latency": {"48000": 64}, "parameters": ["size"], "refused": "not approved"}
    values = {"models": ["a"], "provider": "cpu", "bpm": 174.0, "downbeat_s": 0.0, "settings": {}}
    values |= {"lanes": [{"before": [], "after": [blank | room]}], "master": [], "macros": []}
    (strip,) = read_config(values).strips
    wanted = PluginSpec(
        "/x/Room.vst3", name="Room", parameters={"size": 0.5}, refused="not approved"
    )
    assert strip == SlotStrip(after=(wanted,))
