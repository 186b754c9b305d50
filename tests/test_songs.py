"""Songs: parts of a set, called on the beat; what a rig cannot play is refused before the show."""

from __future__ import annotations

import json

import mido
import pytest

from engine.config.rig import Rig
from engine.config.rig_slot import Slot
from engine.config.set_file import is_set, read_set
from engine.control.clock_selector import ClockSelector
from engine.control.control_mapper import ControlMapper
from engine.control.mapping import DEFAULT, Binding
from engine.control.songs import Part, Songs
from engine.control.switching import Switching
from engine.dsp.tempo import Tempo
from engine.errors import RigError, SetError
from engine.host.controller import Controller
from engine.state import shared_state as b
from tests.program import doubledrop

PARTS = [
    Part("one", "intro", first=True, slot=0, knobs={"wet": 0.4}, bpm=100.0),
    Part("one", "drop", slot=1, knobs={"wet": 1.0, "macro1": 0.5}, program=40, quantise="phrase"),
    Part("one", "break", knobs={"wet": 0.2}),
    Part("two", "all", first=True, slot=2, bpm=90.0),
]
SET = """\
# for friday
rig = "rig.toml"
[[songs]]
name = "one"
bpm = 174
[[songs.parts]]
name = "intro"
slot = 1
wet = 0.4
[[songs.parts]]
name = "drop"
slot = 2
program = 40
"""
RIG = '[[slots]]\npreset = "downbeat-filter"\n' * 2


class Show:
    """A set at 120 BPM from 0 s: a bar takes 2 s, a phrase 8 s."""

    def __init__(self, at=0, *bindings):
        self.clocks = ClockSelector(Tempo(120.0), ("tap", "fixed"))
        self.switching = Switching(3, "bar")
        self.mapper = ControlMapper([*bindings, *DEFAULT], range(3), self.clocks, self.switching)
        self.hints = []
        hint = lambda bpm, now_s: self.hints.append((bpm, now_s))  # noqa: E731
        self.songs = self.mapper.songs = Songs(
            PARTS, self.switching, lambda: self.clocks.tempo, self.mapper.turn, hint, at
        )

    @property
    def wet(self):
        return self.mapper.wishes.knobs["wet"]

    def press(self, target, now_s):
        self.mapper.press(target, now_s)

    def tend(self, now_s):
        self.songs.tend(now_s)

    def heard(self, slot, now_s):
        self.switching.heard(slot)
        self.tend(now_s)


def test_a_part_comes_on_its_beat_and_its_knobs_with_it():
    show = Show()
    show.press("part-next", 1.0)
    assert (show.songs.at, show.songs.called) == (0, 1)
    assert show.switching.pending.slot == 1
    assert show.switching.pending.at_s == 8.0  # a phrase, as the part says
    show.tend(8.1)
    assert show.wet == 1.0  # as it was; the slot is not heard yet
    assert show.songs.at == 0
    show.mapper.turn("wet", 0.7)
    show.heard(1, 8.2)
    assert (show.songs.at, show.songs.called, show.wet) == (1, None, 1.0)
    assert show.mapper.wishes.knobs["macro1"] == 0.5


def test_a_part_without_a_slot_of_its_own_waits_for_the_bar_too():
    show = Show(at=1)
    show.press("part-next", 1.0)
    assert show.switching.pending is None
    for now_s, wet in ((1.5, 1.0), (1.999, 1.0), (2.0, 0.2)):
        show.tend(now_s)
        assert show.wet == wet
    assert show.songs.at == 2


def test_a_second_press_makes_it_immediate():
    show = Show()
    show.press("part-next", 1.0)
    show.press("part-next", 1.1)
    assert show.switching.pending.at_s is None
    show = Show(at=1)
    show.press("part3", 1.0)
    show.press("part3", 1.1)
    assert (show.songs.at, show.wet) == (2, 0.2)


def test_a_tempo_that_changes_moves_the_beat_it_falls_on():
    show = Show(at=1)
    show.press("part-next", 1.0)
    show.clocks.tempo = Tempo(60.0)
    show.tend(1.5)
    show.tend(3.9)
    assert show.songs.at == 1
    show.tend(4.0)
    assert show.songs.at == 2


@pytest.mark.parametrize("by_hand", ["cancel", "slot3", "panic"])
def test_a_hand_takes_it_back(by_hand):
    for at in (0, 1):
        show = Show(at=at)
        show.press("part-next", 1.0)
        show.press(by_hand, 1.2)
        show.tend(1.3)
        assert show.songs.called is None
        show.heard(2, 9.0)
        assert (show.songs.at, show.wet) == (at, 1.0)


def test_programs_buttons_and_songs_lead_to_parts():
    show = Show(0, Binding("song-next", "note36"))
    show.mapper.hear("pads", mido.Message("program_change", program=40), 1.0)
    assert show.songs.called == 1
    show.mapper.hear("pads", mido.Message("program_change", program=2), 1.1)  # a slot's
    show.tend(1.2)
    assert (show.songs.called, show.switching.pending.slot) == (None, 2)
    show.mapper.hear("pads", mido.Message("note_on", note=36, velocity=90), 1.3)
    assert show.songs.called == 3
    show.heard(2, 2.0)
    assert show.hints == [(90.0, 2.0)]
    for target in ("part-next", "song-next", "part5"):
        show.press(target, 3.0)
        assert show.mapper.notices.pop() == f"{target}: the set has no such part"
    show.press("song-previous", 3.0)
    assert show.songs.called == 0
    show.mapper.songs = None
    show.press("part-next", 3.0)
    assert show.mapper.notices.pop() == "part-next: no set is played"


def test_a_song_is_called_for_the_sample_of_its_bar_and_goes_on_after_a_restart(tmp_path):
    shared, state = b.private(), tmp_path / "set.state.json"
    rig = Rig(slots=[Slot(preset="downbeat-filter")] * 3).at_tempo(120.0)

    class Time:
        def look(self): ...
        def session_s(self, time_s):
            return time_s - 100.0

    def controller():
        return Controller(shared, rig, 0.0, state, timeline=Time(), parts=PARTS)

    shared.device.rate = 48000
    one = controller()
    one.step(100.5)
    one.press("part2")
    one.step(101.0)
    assert (shared.called().slot, shared.called().at) == (1, 8 * 48000)
    shared.state["active"], shared.device.made = 1, 8 * 48000 + 1
    one.step(108.1)
    assert one.mapper.songs.at == 1
    assert shared.macros[0] == 0.5
    one.press("part3")
    one.step(108.2)
    one.step(110.1)
    assert shared.controls.wet == 0.2
    one.stop()
    assert json.loads(state.read_text())["part"] == 2
    again = controller()
    assert again.mapper.songs.at == 2
    again.step(200.0)
    assert shared.controls.wet == 0.2
    again.stop()


def test_a_set_is_read(tmp_path):
    (tmp_path / "rig.toml").write_text(RIG)
    path = tmp_path / "set.toml"
    path.write_text(SET)
    assert is_set(path)
    assert not is_set(tmp_path / "rig.toml")
    found = read_set(path)
    assert found.rig_path == tmp_path / "rig.toml"
    assert [(part.song, part.name, part.slot, part.first) for part in found.parts] == [
        ("one", "intro", 0, True),
        ("one", "drop", 1, False),
    ]
    assert found.parts[0].knobs == {"wet": 0.4}
    assert (found.parts[0].bpm, found.parts[1].program) == (174.0, 40)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("slot = 2", "slot = 3", "'one', part 'drop', slot: 3. The rig has 2 slots"),
        ("slot = 2", "slot = 17", "slot"),
        ("program = 40", "program = 1", "which calls slot 2"),
        ("slot = 1", "slot = 1\nprogram = 40", "which calls 'one', 'intro'"),
        ("wet = 0.4", "wet = 1.4", "wet"),
        ("wet = 0.4", "macros = [0.5]", "The rig has no macros"),
        ("wet = 0.4", "weet = 0.4", "weet"),
        ('rig = "rig.toml"', "", "rig"),
        ("bpm = 174", "bpm = 1740", "bpm"),
    ],
)
def test_what_the_rig_cannot_play_is_refused_by_name(tmp_path, old, new, said):
    (tmp_path / "rig.toml").write_text(RIG)
    path = tmp_path / "set.toml"
    path.write_text(SET.replace(old, new))
    with pytest.raises(SetError) as refused:
        read_set(path)
    assert said in str(refused.value)
    assert "set.toml" in str(refused.value)


def test_a_set_without_its_rig_is_refused_before_the_show(tmp_path):
    path = tmp_path / "set.toml"
    path.write_text(SET)
    with pytest.raises(RigError, match=r"rig\.toml"):
        read_set(path)
    said = doubledrop("play", path)
    assert said.returncode == 2
    assert "rig.toml" in said.stderr
