"""Rigs: what may stand in one, what is said of what may not, and what is written into one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tomllib

import numpy as np
import pytest

from engine.config.rig import Recording, Rig, Slot, read_rig
from engine.config.rig_template import template
from engine.config.rig_writer import add_control
from engine.control.mapping import DEFAULT, Binding
from engine.errors import DoubledropError, RigError
from engine.host.controller import Controller
from engine.io.link import Link
from engine.state import shared_state as b
from tests.program import doubledrop, started

TEXT = template([], ["Launch Control"], [], ["downbeat-filter", "liquid-to-dancefloor"])


@pytest.fixture
def path(tmp_path):
    it = tmp_path / "rig.toml"
    it.write_text(TEXT, encoding="utf-8")
    return it


def test_what_init_writes_is_a_rig(path):
    rig = read_rig(path)
    assert [slot.preset for slot in rig.slots] == ["downbeat-filter", "liquid-to-dancefloor"]
    assert rig.programs() == [0, 1]
    assert rig.bindings() == list(DEFAULT)
    recording = Recording(folder=str(path.parent / "takes"))  # paths begin where the rig lies
    defaults = Rig(slots=rig.slots, recording=recording)
    assert rig == defaults  # the comments say what would be so without the file


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("[clock]", "[clock]\ntempo = 3"), ["clock.tempo", "unknown", "Remove"]),
        (("bpm = 174.0", "bpm = 1740"), ["clock.bpm", "1740", "300"]),
        (('quantise = "bar"', 'quantise = "bars"'), ["switch.quantise", "bars", "phrase"]),
        (("program = 1 ", "program = 0 "), ["two slots", "program 0"]),
        (('"liquid-to-dancefloor"', '"jazz"'), ["jazz", "not found", "doubledrop presets"]),
        (("[[slots]]", "[[slot]]"), ["slot", "unknown"]),
        (("fade_s = 0.25", "fade_s = 0.01"), ["switch.fade_s", "0.01", "0.05"]),
        (('["midi", "tap"', '["midi", "midi"'), ["clock.sources", "each source once"]),
        (("[output]", "[output"), ["cannot be read", "TOML"]),
        (
            ("[switch]", '[[controls]]\ntarget = "wett"\ncontrol = "cc1"\n[switch]'),
            ["target", "wet"],
        ),
        (("[switch]", '[[controls]]\ntarget = "wet"\ncontrol = "cc300"\n[switch]'), ["control"]),
        (
            ("[switch]", '[[controls]]\ntarget = "wet"\ncontrol = "cc64"\nwide = true\n[switch]'),
            ["wide", "cc0"],
        ),
    ],
)
def test_what_is_wrong_is_named(path, change, says):
    assert change[0] in TEXT
    path.write_text(TEXT.replace(*change, 1), encoding="utf-8")
    with pytest.raises(DoubledropError) as caught:
        read_rig(path)
    for part in says:
        assert part in str(caught.value)


MANY = """
[clok]
bpm = 3
[clock]
bpm = 1740
sources = ["midi", "taps"]
[[slots]]
preset = "downbeat-filtr"
[[slots]]
preset = "downbeat-filter"
program = 0
level_db = "loud"
[[slots.chain]]
effect = "Reverb"
room_siz = 3
[switch]
quantise = "bars"
[[controls]]
target = "slot9"
control = "cc16"
[[controls]]
target = "wett"
control = "cc17"
[[controls]]
target = "macro5"
control = "cc16"
channel = 3
[[controls]]
target = "level"
control = "cc20"
channel = 2
[[controls]]
target = "amount2"
control = "cc20"
channel = 3
[[macros]]
moves = [{ slot = 4, effect = [3], parameter = "x", low = 0.0, high = 1.0 }]
"""


def test_check_tells_all_mistakes_at_once_in_plain_words(tmp_path):
    path = tmp_path / "many.toml"
    path.write_text(MANY, encoding="utf-8")
    done = doubledrop("rig", "check", path)
    assert done.returncode == 2
    mistakes = [x for x in done.stderr.splitlines() if x.startswith(f"doubledrop: {path}")]
    warned = [x for x in done.stderr.splitlines() if x.startswith("warning: ")]
    for place, *says in [
        ("key clok: unknown", "Did you mean clock?"),
        ("key clock.bpm: 1740", "at most 300"),
        ("clock.source 2: 'taps'", "Did you mean tap?"),
        ("slot 1, preset 'downbeat-filtr': not found", "doubledrop presets"),
        ("slot 2, key level_db: 'loud'", "a number"),
        ("slot 2, chain, entry 1: Reverb has no 'room_siz'", "room_size"),
        ("key switch.quantise: 'bars'", "Did you mean bar?"),
        ("control 2, key target: 'wett'", "slot1 … slot16", "Did you mean wet?"),
        ("macro 1, move 1, key effect: [3]",),
        ("two slots have program 0 of bank 0: 1 and 2",),
    ]:
        (line,) = [line for line in mistakes if place in line]
        assert all(part in line for part in says), line
    assert len(mistakes) == 10, mistakes
    assert [x.partition(f"{path}: ")[2] for x in warned] == [
        "control 1 (cc16) does nothing: slot9 needs a slot 9, and the rig has 2 slots",
        "control 3 (cc16) does nothing: macro5 needs a macro 5, and the rig has no macros",
        "cc16 is used twice, by controls 1 and 3: for slot9 and macro5",
    ]
    said = json.loads(doubledrop("rig", "check", path, "--json").stdout)
    assert not said["ok"]
    assert (len(said["mistakes"]), len(said["warnings"])) == (10, 3)
    assert "\n" not in doubledrop("play", path).stderr.strip()  # one line, with all of them


def test_check_tells_what_the_machine_lacks_along_with_the_rest(path):
    text = TEXT.replace('input = ""', 'input = "Nowhere"').replace('output = ""', 'output = "Gone"')
    text = text.replace('port = ""            # part of the name of the port', 'port = "Away" #')
    path.write_text(text.replace('"liquid-to-dancefloor"', '"jazz"'), encoding="utf-8")
    done = doubledrop("rig", "check", path)
    assert done.returncode == 2
    for name in ("Nowhere", "Gone", "Away", "slot 2, preset 'jazz'"):
        assert sum(name in line for line in done.stderr.splitlines()) == 1, name


def test_a_rig_may_say_odd_things_and_play(path):
    """A warning is no mistake: the rig is read, and checked with exit status 0."""
    odd = '[[controls]]\ntarget = "slot9"\ncontrol = "cc16"\n[switch]'
    path.write_text(TEXT.replace("[switch]", odd, 1), encoding="utf-8")
    assert read_rig(path).controls[0].target == "slot9"
    done = doubledrop("rig", "check", path)
    assert done.returncode == 0
    assert "slot9 needs a slot 9" in done.stderr


def test_ten_thousand_broken_rigs_are_read_or_refused(path):
    """Lines and characters lost, doubled, changed: an error that names the file, or a rig."""
    rng = np.random.default_rng(0)
    lines = TEXT.splitlines()
    letters = list('abc019"[]={}.,#\n\\ \x00é')
    refused = unclear = 0
    for _ in range(10_000):
        text = list(lines)
        for _ in range(rng.integers(1, 4)):
            at = int(rng.integers(len(text)))
            line = text[at]
            cut = int(rng.integers(len(line) + 1))
            match rng.integers(4):
                case 0:
                    text[at] = ""
                case 1:
                    text[at] = line[:cut] + str(rng.choice(letters)) + line[cut:]
                case 2:
                    text[at] = line[:cut] + line[cut + 1 :]
                case 3:
                    text.insert(at, text[int(rng.integers(len(text)))])
        path.write_text("\n".join(text), encoding="utf-8")
        try:
            assert read_rig(path).slots
        except DoubledropError as fault:
            refused += 1
            unclear += not (fault.cure and (str(path) in str(fault) or "preset" in str(fault)))
    assert 1000 < refused < 9990
    assert unclear == 0


def test_learning_keeps_the_comments(path):
    add_control(path, Binding("wet", "cc21", 1, "Launch Control"))
    add_control(path, Binding("tap", "note40", 2, "Launch Control"))
    add_control(path, Binding("wet", "cc22", 1, "Launch Control", "signed-bit"))
    text = path.read_text(encoding="utf-8")
    for line in TEXT.splitlines():
        assert line in text
    rig = read_rig(path)
    assert {control.target: control.control for control in rig.controls} == {
        "tap": "note40",
        "wet": "cc22",
    }
    assert rig.controls[1].kind == "signed-bit"
    assert tomllib.loads(text)["controls"][0]["channel"] == 2
    assert [path] == list(path.parent.iterdir())


def test_a_rig_that_is_broken_is_not_written_to(path):
    path.write_text("slots = 3", encoding="utf-8")
    with pytest.raises(RigError):
        add_control(path, Binding("wet", "cc21"))
    assert path.read_text() == "slots = 3"


def test_where_things_stand_is_remembered(tmp_path):
    state = tmp_path / "rig.state.json"
    rig = Rig(slots=[Slot(preset="downbeat-filter")] * 3)
    shared = b.create()
    try:
        first = Controller(shared, rig, state=state)
        first.mapper.wishes.knobs["wet"] = 0.25
        first.switching.heard(2)
        first.stop()
        second = Controller(shared, rig, state=state)
        assert second.mapper.wishes.knobs["wet"] == 0.25
        assert second.switching.active == shared.called().slot == 2
        assert shared.controls.wet == 0.25
        for broken in ("", "[]", '{"slot": 99, "wet": 7, "level": "x"}'):
            state.write_text(broken)
            third = Controller(shared, rig, state=state)
            assert third.mapper.wishes.knobs["wet"] == 1.0
            assert third.switching.active in (0, 2)
        assert list(tmp_path.iterdir()) == [state]
    finally:
        shared.path.unlink()


def test_the_commands(tmp_path):
    path = tmp_path / "mine.toml"
    made = doubledrop("rig", "init", str(path))
    assert made.returncode == 0, made.stderr
    again = doubledrop("rig", "init", str(path))
    assert again.returncode == 2
    assert "--force" in again.stderr
    checked = doubledrop("rig", "check", str(path), "--json")
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["ok"]
    path.write_text(path.read_text().replace('output = ""', 'output = "Nowhere"'))
    wrong = doubledrop("rig", "check", str(path))
    assert wrong.returncode == 2
    assert "Nowhere" in wrong.stderr
    listed = started("midi", "list", "--json")
    assert listed.returncode == 0
    assert json.loads(listed.stdout).keys() == {"inputs", "outputs"}
    assert "ALSA" not in listed.stderr
    nothing = doubledrop("midi", "learn", str(path), "wett")
    assert nothing.returncode == 2
    assert "slot16" in nothing.stderr


def test_a_peer_leads_over_link():
    """Two programs on one computer: one sets the tempo of the session, the other follows, with bars
    of its own length."""
    leader = (
        "import asyncio, time\nfrom aalink import Link\n"
        "async def lead():\n"
        "    link = Link(133.0, asyncio.get_running_loop())\n    link.enabled = True\n"
        "    await asyncio.sleep(2.0)\n    link.tempo = 133.0\n    await asyncio.sleep(20.0)\n"
        "asyncio.run(lead())"
    )
    link, heard = Link(7), []
    other = subprocess.Popen([sys.executable, "-W", "ignore", "-c", leader])
    try:
        until = time.monotonic() + 20.0
        while time.monotonic() < until and not (
            heard and heard[-1][:2] == (1, 133.0) and heard[-1][2] > 4.5
        ):
            link.fetch(lambda *said: heard.append((said[0], round(said[1], 2), *said[2:])))
            time.sleep(0.01)
        if not any(said[0] for said in heard):
            pytest.skip("no multicast on this machine, so no Link")
        assert heard[-1][:2] == (1, 133.0)
        assert 4.5 < heard[-1][2] < 7.0
    finally:
        other.kill()
        link.stop()
