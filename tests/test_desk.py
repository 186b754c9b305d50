"""The desk: what gestures make of the stage, and how a control is learnt."""

from __future__ import annotations

import mido
import numpy as np
import pytest

from engine.control.clock_selector import ClockSelector
from engine.control.control_mapper import ControlMapper, Waiting
from engine.control.learning import MidiLearn
from engine.control.mapping import DEFAULT, Binding, is_control, slot_of, targets
from engine.control.messages import MidiDecoder, messages_of
from engine.control.midi_feedback import MidiFeedback
from engine.control.switching import Switching
from engine.dsp.tempo import Tempo

PORT = "Launch Control"


class Show:
    def __init__(self, *bindings, slots=4, quantise="now"):
        self.clocks = ClockSelector(Tempo(120.0), ("tap", "fixed"))
        self.switching = Switching(slots, quantise, sides=(0, 2))
        self.mapper = ControlMapper(bindings or DEFAULT, range(slots), self.clocks, self.switching)
        self.now = 0.0

    def send(self, *messages, port=PORT, every_s=0.01):
        for message in messages:
            self.now += every_s
            self.mapper.hear(port, mido.Message.from_bytes(list(message)), self.now)
        return self.mapper.wishes


def cc(number, *values, channel=0):
    return [(0xB0 | channel, number, value) for value in values]


def test_the_default_map():
    show = Show()
    assert show.send(*cc(16, 127, 126, 64 + 60, 100, 80, 64)).knobs["wet"] == pytest.approx(
        64 / 127
    )
    assert show.send(*cc(107, 127)).heard_wet == 0.0
    assert show.mapper.wishes.knobs["wet"] > 0.4  # the knob stays where it is
    assert show.send(*cc(107, 0, 127)).heard_wet > 0.4
    assert show.send(*cc(7, 127, 126, 125)).knobs["level"] == pytest.approx(125 / 127)
    show.send((0xC0, 2))
    assert show.switching.pending.slot == 2
    show.send(*cc(104, 127, 0))
    assert show.switching.pending.slot == 3
    show.send(*cc(105, 127, 0), *cc(105, 127, 0))
    assert show.switching.pending.slot == 1
    show.send((0xC0, 77))  # nobody's program
    assert show.switching.pending.slot == 1
    show.send(*cc(119, 127))
    assert show.switching.pending is None


def test_taps_nudges_and_the_downbeat():
    show = Show()
    for _ in range(4):
        show.send(*cc(102, 127), every_s=0.4)
        show.send(*cc(102, 0))
    show.now += 0.2
    assert show.clocks.update(show.now).bpm == pytest.approx(60 / 0.41)
    show.send(*cc(103, 127), every_s=1.0)
    assert show.clocks.tempo.downbeat_s == pytest.approx(show.now)
    before = show.clocks.tempo.downbeat_s
    show.send(*cc(106, 1, 1, 127))
    assert show.clocks.tempo.downbeat_s == pytest.approx(before + 0.002)


def test_a_button_counts_when_it_goes_down():
    show = Show(Binding("mute", "note36"), Binding("bypass", "cc20"))
    assert show.send((0x90, 36, 1)).mute
    assert show.send((0x90, 36, 0), (0x90, 36, 100)).mute is False
    show = Show(Binding("mute", "cc20"))
    wishes = show.send(*cc(20, 127, 127, 100, 64))  # a fader that is pulled through is one press
    assert wishes.mute
    assert not show.send(*cc(20, 0, 127)).mute


def test_panic_undoes_everything_and_the_knobs_stay():
    show = Show(Binding("wet", "cc16", takeover="none"), *DEFAULT[2:], Binding("mute", "cc30"))
    wishes = show.send(*cc(16, 64), *cc(107, 127), *cc(30, 127))
    assert (wishes.heard_wet, wishes.heard_level) == (0.0, 0.0)
    wishes = show.send(*cc(119, 127))
    assert (wishes.heard_wet, wishes.heard_level) == (pytest.approx(64 / 127), 1.0)


def test_a_binding_hears_its_port_and_channel():
    show = Show(Binding("wet", "cc1", channel=3, port="launch", takeover="none"))
    assert show.send(*cc(1, 0)).knobs["wet"] == 1.0
    assert show.send(*cc(1, 0, channel=2), port="Other").knobs["wet"] == 1.0
    assert show.send(*cc(1, 0, channel=2)).knobs["wet"] == 0.0


def test_ranges_inversion_and_encoders():
    assert Show(Binding("wet", "cc1", low=0.2, high=0.6, takeover="none")).send(*cc(1, 127)).knobs[
        "wet"
    ] == pytest.approx(0.6)
    assert (
        Show(Binding("wet", "cc1", invert=True, takeover="none")).send(*cc(1, 127)).knobs["wet"]
        == 0.0
    )
    left = Show(Binding("wet", "cc1", kind="twos-complement")).send(*cc(1, 127, 127))
    assert left.knobs["wet"] == pytest.approx(1 - 2 / 127)
    assert Show(Binding("wet", "cc1", kind="switch")).send(*cc(1, 127)).knobs["wet"] == 0.0
    fine = Show(Binding("wet", "cc1", wide=True, takeover="none"))
    assert fine.send(*cc(1, 64), *cc(33, 1)).knobs["wet"] == pytest.approx((64 * 128 + 1) / 16383)


def test_a_port_that_vanishes_releases_its_buttons_and_rearms_its_knobs():
    show = Show(Binding("mute", "note1"), Binding("wet", "cc16"))
    show.send((0x90, 1, 1), *cc(16, 127, 126))
    show.mapper.gone(PORT)
    assert show.mapper.wishes.mute  # what was switched stays
    assert show.send((0x90, 1, 1)).mute is False  # and the next press counts
    before = show.mapper.wishes.knobs["wet"]
    assert show.send(*cc(16, 60)).knobs["wet"] == before


def test_the_crossfader_moves_while_one_of_its_sides_is_heard():
    show = Show(Binding("crossfader", "cc17"), Binding("slot2", "note1"), Binding("slot3", "note2"))
    show.send(*cc(17, *range(0, 64)))
    assert show.switching.crossed == pytest.approx(63 / 127)
    assert show.switching.active == 0
    show.send(*cc(17, *range(64, 101)))
    assert (show.switching.crossed, show.switching.active) == (pytest.approx(100 / 127), 2)
    # Between the two, either of them can be called, too.
    show.send((0x90, 2, 99))
    assert show.switching.pending.slot == 2
    show.switching.heard(2)
    assert show.switching.place == 1.0
    show.send(*cc(17, 99, 98, 97))  # it stands elsewhere now, and has to be found again
    assert show.switching.crossed is None
    show.send((0x90, 1, 99))
    show.switching.heard(1)
    show.send(*cc(17, *range(0, 128), *range(127, 0, -1)))
    assert (show.switching.place, show.switching.crossed, show.switching.active) == (None, None, 1)


class Lamps:
    """A controller's lights, as they stand after what they were told."""

    def __init__(self, *bindings):
        self.show = Show(*bindings)
        show = self.show
        self.lights = MidiFeedback(bindings, show.mapper, show.switching, show.clocks)
        self.now = 0.0

    def told(self, passed_s=1.0):
        self.now += passed_s
        return self.lights.changes(self.now)

    def press(self, *messages):
        for message in messages:
            self.now += 0.01
            parsed = mido.Message.from_bytes(list(message))
            event = self.show.mapper.hear(PORT, parsed, self.now)
            self.lights.touched(PORT, event, self.now)


def test_lights_are_told_what_changes_and_nothing_twice():
    knob = Binding("wet", "cc16", takeover="none")
    lamps = Lamps(knob, Binding("mute", "note1", 3), Binding("level", "cc1", wide=True))
    everything = [[0xB0, 16, 127], [0x92, 1, 0], [0xB0, 1, 127], [0xB0, 33, 127]]
    assert lamps.told() == everything
    assert lamps.told() == []
    lamps.press((0x92, 1, 99), (0x92, 1, 0))
    assert lamps.told() == [[0x92, 1, 127]]
    lamps.show.mapper.wishes.knobs["level"] = 0.5
    assert lamps.told() == [[0xB0, 1, 64], [0xB0, 33, 0]]
    lamps.lights.again()
    assert len(lamps.told()) == 4


def test_a_knob_that_is_touched_is_not_told_where_it_stands():
    lamps = Lamps(Binding("wet", "cc16", takeover="none"))
    lamps.told()
    lamps.press(*cc(16, 100, 90, 80))
    assert lamps.told(0.1) == []
    assert lamps.told(1.0) == []  # it stands there already
    lamps.press(*cc(16, 70))
    lamps.show.mapper.wishes.knobs["wet"] = 0.0  # moved by somebody else
    assert lamps.told(0.1) == []
    assert lamps.told(1.0) == [[0xB0, 16, 0]]


def test_a_slot_that_is_called_blinks_and_time_flashes():
    lamps = Lamps(Binding("slot1", "note1"), Binding("slot2", "note2"), Binding("tap", "note3"))
    lamps.show.switching.quantise = "phrase"
    lamps.now = 0.25  # half a beat
    assert lamps.told(0.0) == [[0x90, 1, 127], [0x90, 2, 0], [0x90, 3, 0]]
    assert lamps.told(0.3) == [[0x90, 3, 127]]
    lamps.press((0x90, 2, 99))
    seen = [lamps.told(0.05) for _ in range(40)]
    assert sum([0x90, 2, 127] in told for told in seen) in (4, 5)  # two seconds of 120 BPM
    assert sum([0x90, 2, 0] in told for told in seen) in (3, 4)
    lamps.show.switching.heard(1)
    lamps.told()
    assert lamps.lights._told[Binding("slot1", "note1")] == 0.0
    assert lamps.lights._told[Binding("slot2", "note2")] == 1.0


@pytest.mark.parametrize("control", ["cc5", "nrpn300", "note36", "bend"])
@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_what_a_light_is_told_is_what_the_control_would_send(control, value):
    decoder, event = MidiDecoder(), None
    for data in messages_of(control, 4, value):
        event = decoder.decode(mido.Message.from_bytes(data)) or event
    assert (event.control, event.channel) == (control, 4)
    assert event.value == pytest.approx(value, abs=0.5 / 127)


def test_names():
    assert slot_of("slot16") == 15
    assert slot_of("slot17") is None
    assert len(set(targets())) == len(targets())
    for name in ("cc0", "cc119", "note127", "nrpn16383", "bend", "program"):
        assert is_control(name)
    for name in ("cc120", "cc-1", "note128", "knob", ""):
        assert not is_control(name)


@pytest.mark.parametrize(
    ("messages", "target", "wanted"),
    [
        (cc(21, *range(0, 128, 3)), "wet", Binding("wet", "cc21", 1, PORT)),
        (cc(22, 65, 65, 65, 65), "wet", Binding("wet", "cc22", 1, PORT, "signed-bit")),
        (cc(22, 127, 127, 127), "nudge", Binding("nudge", "cc22", 1, PORT, "twos-complement")),
        ([(0x92, 40, 99), (0x92, 40, 0)], "tap", Binding("tap", "note40", 3, PORT)),
        (cc(104, 127, 0), "next", Binding("next", "cc104", 1, PORT)),
        (
            [m for v in range(0, 100, 9) for m in (*cc(1, v), *cc(33, 3))],
            "level",
            Binding("level", "cc1", 1, PORT, wide=True),
        ),
        ([(0xC0, 5)], "program", Binding("program", "program", 1, PORT)),
    ],
)
def test_a_control_is_learnt(messages, target, wanted):
    lesson, decoder = MidiLearn(target), MidiDecoder()
    for i, message in enumerate([*cc(99 - 69, 5), *messages]):  # another knob was touched first
        event = decoder.decode(mido.Message.from_bytes(list(message)))
        if event and (i or len(messages) > 3):
            lesson.hear(PORT, event, 0.01 * i)
    assert lesson.binding() == wanted
    assert lesson.is_over(10.0, 1.0)
    assert MidiLearn("wet").binding() is None


def test_a_million_random_bytes_leave_a_desk_that_works():
    rng = np.random.default_rng(1)
    show, parser = Show(), mido.Parser()
    for chunk in rng.integers(0, 256, (1000, 1000), np.uint8):
        parser.feed(chunk.tobytes())
        for message in parser:
            show.now += 0.0005
            show.mapper.hear(PORT, message, show.now)
            wishes = show.mapper.wishes
            assert 0.0 <= wishes.knobs["wet"] <= 1.0
            assert 0.0 <= wishes.knobs["level"] <= 1.0
    show.send(*cc(120, 0, 127, 0))
    assert show.send(*cc(16, *range(0, 128), *range(127, -1, -1))).heard_wet == 0.0


def test_all_sound_off_and_all_notes_off_count_with_every_value():
    """As the MIDI specification has them: 0 is their value, and nothing begins to sound."""
    show = Show(*DEFAULT, Binding("mute", "cc30"), Binding("next", "note1"), quantise="phrase")
    show.send(*cc(30, 127), (0xC0, 2), (0x90, 1, 99))
    for count, value in enumerate((0, 127), 1):
        assert show.send(*cc(120, value)).panics == count
        assert show.switching.pending is None
        assert show.mapper.wishes.mute
    show.send((0x90, 1, 99), (0x90, 1, 99))
    assert show.switching.pending.slot == 1  # it was released: one more press, and it is held
    for number in (123, 124, 125, 126, 127):
        show.send(*cc(number, 0), (0x90, 1, 99))
    assert show.switching.pending.slot == (1 + 5) % 4
    show.send(*cc(123, 0, channel=4), (0x90, 1, 99))  # not this key's channel
    assert show.switching.pending.slot == (1 + 5) % 4
    assert show.mapper.wishes.panics == 2


def test_panic_is_a_button_with_a_value():
    show = Show()
    assert show.send(*cc(119, 0, 63)).panics == 0
    assert show.send(*cc(119, 64)).panics == 1


def test_reset_all_controllers_leaves_the_knobs():
    show = Show(Binding("wet", "cc16", takeover="none"), Binding("level", "nrpn5", takeover="none"))
    show.send(*cc(16, 64), *cc(99, 0), *cc(98, 5), *cc(121, 0), *cc(6, 10))
    assert show.mapper.wishes.knobs["wet"] == pytest.approx(64 / 127)
    assert show.mapper.wishes.knobs["level"] == 1.0  # no parameter is selected any more


def test_what_has_no_effect_is_said():
    show = Show(*DEFAULT, Binding("slot9", "note1"))
    show.send((0xC0, 77), (0xB0, 32, 1), (0xC0, 2), (0x90, 1, 99), *cc(119, 127), *cc(120, 0))
    assert list(show.mapper.notices) == [
        "no slot has program 77; the rig's programs: 0, 1, 2, 3",
        "no slot has program 2 of bank 1; the rig's programs: 0, 1, 2, 3",
        "slot 9 is empty: the rig has 4 slots",
        "panic: tails, pending switch, bypass, kill and mute cleared",
        "All Sound Off: tails cleared, pending switch cancelled",
    ]
    show.mapper.notices.clear()
    show.mapper.press("slot7", 1.0)
    assert list(show.mapper.notices) == ["slot 7 is empty: the rig has 4 slots"]


def test_a_control_that_waits_says_where():
    show = Show(Binding("wet", "cc16"), Binding("level", "cc7", low=0.2, high=0.6, invert=True))
    assert not show.mapper.waiting()
    show.send(*cc(16, 30))
    assert dict(show.mapper.waiting()) == {"wet": Waiting("cc16", 30 / 127, 1.0)}
    show.send(*cc(16, 31, 60, 90, 126))
    assert not show.mapper.waiting()  # it has arrived
    show.mapper.wishes.knobs["level"] = 0.3
    show.send(*cc(7, 10))
    assert show.mapper.waiting()["level"].wanted == pytest.approx(0.75)
    show.mapper.wishes.knobs["level"] = 0.6 - 0.4 * 10 / 127  # moved there by somebody else
    assert not show.mapper.waiting()
    show.send(*cc(7, 100), every_s=1.0)
    assert "level" in show.mapper.waiting()
    show.mapper.gone(PORT)
    assert not show.mapper.waiting()


@pytest.mark.parametrize("takeover", ["none", "scaling"])
def test_other_takeovers_wait_for_nothing(takeover):
    show = Show(Binding("wet", "cc16", takeover=takeover))
    show.send(*cc(16, 30, 31))
    assert not show.mapper.waiting()


def test_a_tap_gives_way():
    show = Show()
    for _ in range(4):
        show.send(*cc(102, 127, 0), every_s=0.2)
    show.clocks.update(show.now + 0.2)
    assert show.clocks.lead.source == "tap"
    show.send(*cc(108, 127))
    show.clocks.update(show.now + 0.4)
    assert show.clocks.lead.source == "fixed"
    assert show.clocks.tempo.bpm == pytest.approx(120.0)


def test_where_a_knob_stands_is_told_as_its_range_has_it():
    low = Binding("wet", "cc16", low=0.2, high=0.6, takeover="none")
    inverted = Binding("level", "cc7", invert=True, takeover="none")
    lamps = Lamps(low, inverted)
    lamps.show.mapper.wishes.knobs |= {"wet": 0.3, "level": 0.25}
    assert lamps.told() == [[0xB0, 16, 32], [0xB0, 7, 95]]
    lamps.show.mapper.wishes.knobs |= {"wet": 0.9, "level": 1.0}
    assert lamps.told() == [[0xB0, 16, 127], [0xB0, 7, 0]]
    lamps.show.mapper.wishes.knobs |= {"wet": 0.0, "level": 0.0}
    assert lamps.told() == [[0xB0, 16, 0], [0xB0, 7, 127]]


def test_every_button_that_has_a_state_shows_it():
    names = ("bypass", "kill", "mute", "cancel", "downbeat", "panic")
    lamps = Lamps(*(Binding(name, f"note{n}") for n, name in enumerate(names)))
    lamps.show.switching.quantise = "phrase"
    lamps.now = 0.75  # on no beat
    assert lamps.told(0.0) == [[0x90, n, 0] for n in range(5)]  # panic has none
    for n, name in enumerate(names[:3]):
        setattr(lamps.show.mapper.wishes, name, True)
        assert lamps.told(0.0) == [[0x90, n, 127]]
    lamps.show.switching.call(1, lamps.now, lamps.show.clocks.tempo)
    assert lamps.told(0.0) == [[0x90, 3, 127]]
    lamps.show.switching.cancel()
    assert lamps.told(0.0) == [[0x90, 3, 0]]
    assert lamps.told(1.26) == [[0x90, 4, 127]]  # 2.01 s of 120 BPM: beat 1 of the next bar
    assert lamps.told(0.3) == [[0x90, 4, 0]]
    assert lamps.told(0.2) == []  # beat 2 is none


def test_a_program_change_tells_the_controller_everything_again():
    lamps = Lamps(Binding("wet", "cc16", takeover="none"), Binding("mute", "note1", 3))
    assert len(lamps.told()) == 2
    lamps.press((0xC0, 1))
    assert len(lamps.told()) == 2
    lamps.press((0x93, 1, 99))  # another channel's: nothing was touched
    assert lamps.told() == []


def test_a_knob_that_rests_stops_no_other_from_being_told():
    lamps = Lamps(Binding("wet", "cc16", takeover="none"), Binding("level", "cc7"))
    lamps.told()
    lamps.press(*cc(16, 70))
    lamps.show.mapper.wishes.knobs |= {"wet": 0.0, "level": 0.0}
    assert lamps.told(0.1) == [[0xB0, 7, 0]]


def test_all_that_can_be_bound_is_named():
    names = targets()
    assert {"wet", "panic", "nudge", "program", "slot1", "slot16"} <= set(names)
    assert {"slot0", "slot17"}.isdisjoint(names)
    assert len(names) == len(set(names))


def test_learning_ends_after_a_rest_and_not_before_something_was_heard():
    learned = MidiLearn("wet")
    assert not learned.is_over(100.0, 1.0)
    assert learned.binding() is None
    decoder = MidiDecoder()
    for now, data in ((5.0, (0x90, 3, 99)), (5.5, (0x90, 3, 0))):
        learned.hear(PORT, decoder.decode(mido.Message.from_bytes(list(data))), now)
    assert not learned.is_over(6.0, 1.0)  # the release of the key counts for nothing
    assert learned.is_over(6.1, 1.0)
    assert MidiLearn("mute", invert=True, switch=True).binding() is None


def learnt(target, *messages, **options):
    learned, decoder = MidiLearn(target, **options), MidiDecoder()
    for n, data in enumerate(messages):
        event = decoder.decode(mido.Message.from_bytes(list(data)))
        if event is not None:
            learned.hear(PORT, event, n * 0.01)
    return learned.binding()


def test_a_switch_an_inverted_knob_and_a_wide_one_are_learnt_as_that():
    switch = learnt("mute", (0x90, 3, 99), (0x90, 3, 0), switch=True)
    assert (switch.kind, switch.control, switch.channel, switch.port) == (
        "switch",
        "note3",
        1,
        PORT,
    )
    assert learnt("wet", *cc(5, 1, 2, 3, 9), invert=True).invert
    assert not learnt("wet", *cc(5, 1, 2, 3, 9)).invert
    for first in (1, 31):
        both = [m for v in (1, 2, 3) for m in (*cc(first, v), *cc(first + 32, 5 * v))]
        wide = learnt("wet", *both)
        assert (wide.control, wide.wide) == (f"cc{first}", True)
        two = [m for v in (1, 2) for m in (*cc(first, v), *cc(first + 32, 5 * v))]
        assert not learnt("wet", *two).wide
    assert learnt("wet", *cc(70, 1, 2, 3)).control == "cc70"
    pressed = learnt("wet", (0x90, 3, 64), (0x90, 3, 64), (0x90, 3, 64))
    assert pressed.encoder is None  # a key is no encoder, however often it is struck alike
    assert learnt("wet", *cc(5, 65)).encoder is None  # and neither is one value


def test_every_button_does_what_it_is_called():
    names = ("bypass", "kill", "mute", "nudge", "next", "previous", "cancel", "downbeat")
    show = Show(*(Binding(name, f"note{n}") for n, name in enumerate(names)), quantise="phrase")
    hit = {name: (0x90, n, 99) for n, name in enumerate(names)}
    up = {name: (0x80, n, 0) for n, name in enumerate(names)}
    for name in names[:3]:
        assert getattr(show.send(hit[name]), name)
        assert getattr(show.send(hit[name]), name)  # it is down already
        assert getattr(show.send(up[name]), name)
        assert not getattr(show.send(hit[name]), name)
    before = show.clocks.tempo.downbeat_s
    show.send(hit["nudge"])
    assert show.clocks.tempo.downbeat_s > before
    show.send(hit["next"], up["next"], hit["next"])
    assert show.switching.pending.slot == 2
    show.send(hit["previous"])
    assert show.switching.pending.slot == 1
    show.send(hit["cancel"])
    assert show.switching.pending is None
    show.send(hit["downbeat"])
    assert show.clocks.tempo.downbeat_s == pytest.approx(show.now)


def test_a_nudge_the_other_way_and_by_an_encoder():
    show = Show(
        Binding("nudge", "note1", invert=True),
        Binding("nudge", "cc5", kind="signed-bit"),
        Binding("nudge", "cc6", kind="signed-bit", invert=True),
    )

    def moved(*messages):
        before = show.clocks.tempo.downbeat_s
        show.send(*messages)
        return show.clocks.tempo.downbeat_s - before

    step = -moved((0x90, 1, 99))
    assert step > 0.0
    assert moved(*cc(5, 0x42)) == pytest.approx(-2 * step) or moved(*cc(5, 0x42)) < 0
    assert moved(*cc(5, 0x02)) == pytest.approx(2 * step)
    assert moved(*cc(6, 0x02)) == pytest.approx(-2 * step)


def test_a_switch_turns_a_knob_over_and_a_key_too():
    show = Show(Binding("wet", "cc5", kind="switch"), Binding("level", "note1", low=0.2, high=0.8))
    assert show.send(*cc(5, 127)).knobs["wet"] == 0.0  # it stood at 1
    assert show.send(*cc(5, 0)).knobs["wet"] == 0.0  # let go
    assert show.send(*cc(5, 127)).knobs["wet"] == 1.0
    show.mapper.wishes.knobs["wet"] = 0.4
    assert show.send(*cc(5, 127)).knobs["wet"] == 1.0  # below half way: up
    assert show.send((0x90, 1, 20)).knobs["level"] == pytest.approx(0.2)  # however softly hit
    assert show.send((0x80, 1, 0)).knobs["level"] == pytest.approx(0.2)
    assert show.send((0x90, 1, 99)).knobs["level"] == pytest.approx(0.8)


def test_an_encoder_stops_at_both_ends():
    show = Show(Binding("wet", "cc5", kind="signed-bit"))
    show.mapper.wishes.knobs["wet"] = 0.99
    assert show.send(*cc(5, *[0x3F] * 9)).knobs["wet"] in (0.0, 1.0)
    assert show.send(*cc(5, *[0x7F] * 9)).knobs["wet"] in (0.0, 1.0)


def test_one_slot_is_one_slot_and_the_last_is_there():
    show = Show(Binding("slot1", "note1"), Binding("slot2", "note2"), slots=1)
    show.send((0x90, 2, 99))
    assert list(show.mapper.notices) == ["slot 2 is empty: the rig has 1 slot"]


def test_programs_of_other_banks_are_named_by_their_bank():
    show = Show()
    show.send((0xB0, 0, 0), (0xB0, 32, 3), (0xC0, 5))
    assert "program 5 of bank 3;" in show.mapper.notices[0]
