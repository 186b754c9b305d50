"""Messages, encoders and takeover: the conventions to the number."""

from __future__ import annotations

import mido
import numpy as np
import pytest

from engine.control.encoders import guess, steps
from engine.control.messages import ControlEvent, MidiDecoder, messages_of
from engine.control.takeover import NEAR, SoftTakeover
from engine.errors import InputError
from engine.io.midi_file import read_midi


def decoded(*messages, wide=()):
    decoder = MidiDecoder(frozenset(wide))
    found = [decoder.decode(mido.Message.from_bytes(list(m))) for m in messages]
    return [event for event in found if event]


def test_seven_bits():
    (event,) = decoded([0xB2, 16, 127])
    assert (event.control, event.channel, event.value) == ("cc16", 3, 1.0)


def test_fourteen_bits_are_two_controllers():
    coarse, fine = decoded([0xB0, 16, 64], [0xB0, 48, 5], wide=[16])
    assert coarse.value == pytest.approx(64 * 128 / 16383)
    assert fine.control == "cc16"
    assert fine.number == 64 * 128 + 5
    assert decoded([0xB0, 16, 127], [0xB0, 48, 127], wide=[16])[-1].value == 1.0
    alone = decoded([0xB0, 48, 127])[0]  # where nobody has said so, it is one of its own
    assert (alone.control, alone.value) == ("cc48", 1.0)


def test_nrpn():
    select = [0xB0, 99, 2], [0xB0, 98, 44]
    found = decoded(*select, [0xB0, 6, 100], [0xB0, 38, 7], [0xB0, 96, 0], [0xB0, 97, 0])
    assert [g.control for g in found] == ["nrpn300"] * 4
    assert [g.number for g in found] == [12800, 12807, 12808, 12807]
    after = decoded(*select, [0xB0, 101, 127], [0xB0, 100, 127], [0xB0, 6, 1])
    assert [g.control for g in after] == ["cc6"]


def test_notes_programs_and_bend():
    press, soft, release, off = decoded(
        [0x90, 60, 127], [0x90, 60, 1], [0x90, 60, 0], [0x80, 60, 64]
    )
    assert (press.control, press.kind, press.value) == ("note60", "press", 1.0)
    assert soft.value == pytest.approx(1 / 127)
    assert release.kind == off.kind == "release"
    assert [g.number for g in decoded([0xC0, 5], [0xB0, 32, 3], [0xC0, 5])] == [5, 3 * 128 + 5]
    assert decoded([0xB0, 0, 1], [0xB0, 32, 2], [0xC0, 9])[0].number == (128 + 2) * 128 + 9
    low, middle, high = decoded([0xE0, 0, 0], [0xE0, 0, 64], [0xE0, 127, 127])
    assert (low.value, high.value) == (0.0, 1.0)
    assert middle.value == pytest.approx(0.5, abs=1e-4)


def test_an_event_says_all_of_itself():
    assert decoded([0x92, 60, 127], [0x82, 60, 64], [0xE2, 0, 64], [0xC2, 5]) == [
        ControlEvent("note60", 3, "press", 1.0, 127),
        ControlEvent("note60", 3, "release", 0.0, 0),
        ControlEvent("bend", 3, "value", 8192 / 16383, 8192),
        ControlEvent("program", 3, "program", 0.0, 5),
    ]
    assert decoded([0xB2, 16, 64], [0xB2, 48, 5], wide=[16]) == [
        ControlEvent("cc16", 3, "value", 64 * 128 / 16383, 64 * 128),
        ControlEvent("cc16", 3, "value", (64 * 128 + 5) / 16383, 64 * 128 + 5),
    ]
    assert decoded([0xF8], [0xB0, 120, 0]) == []  # a clock, a channel mode: no controls


def test_the_two_halves_of_a_number_come_in_either_order_and_alone():
    bank = [0xB0, 0, 1], [0xB0, 32, 2], [0xC0, 9]
    assert [g.number for g in decoded(bank[1], bank[0], bank[2])] == [(128 + 2) * 128 + 9]
    assert [g.number for g in decoded(bank[0], bank[2])] == [128 * 128 + 9]
    assert decoded(*bank, [0xB0, 0, 3], [0xC0, 0])[-1].number == (3 * 128 + 2) * 128
    assert decoded(*bank, [0xB0, 32, 4], [0xC0, 0])[-1].number == (128 + 4) * 128
    high, low = [0xB0, 99, 2], [0xB0, 98, 44]
    assert decoded(low, high, [0xB0, 6, 1])[0].control == "nrpn300"
    assert decoded(high, [0xB0, 6, 1])[0].control == "nrpn256"
    assert decoded(high, low, high, [0xB0, 6, 1])[0].control == "nrpn300"
    assert decoded(high, low, [0xB0, 98, 45], [0xB0, 6, 1])[0].control == "nrpn301"
    value = decoded(high, low, [0xB0, 38, 7], [0xB0, 96, 0], [0xB0, 6, 1], [0xB0, 38, 3])
    assert [g.number for g in value] == [7, 8, 128, 131]
    assert [g.number for g in decoded(high, low, [0xB0, 97, 0], [0xB0, 96, 0])] == [0, 1]
    fine = decoded([0xB0, 48, 5], wide=[16])  # of a knob whose first number was never sent
    assert [g.number for g in fine] == [5]


def test_a_reset_forgets_one_channel():
    """MIDI 1.0, RP-015: no parameter is selected afterwards."""
    select = [0xB0, 99, 2], [0xB0, 98, 44], [0xB1, 99, 2], [0xB1, 98, 44]
    coarse = [0xB0, 16, 64], [0xB1, 16, 64]
    reset, fine = [0xB0, 121, 0], ([0xB0, 48, 5], [0xB1, 48, 5])
    after = decoded(*select, *coarse, reset, *fine, [0xB0, 6, 1], [0xB1, 6, 1], wide=[16])[2:]
    assert [g.number for g in after[:2]] == [5, 64 * 128 + 5]
    assert [g.control for g in after[2:]] == ["cc6", "nrpn300"]
    assert decoded(reset, [0xB0, 6, 1])[0].control == "cc6"


@pytest.mark.parametrize("control", ["bend", "nrpn300", "cc16"])
@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_what_a_control_would_say_is_decoded_to_itself(control, value):
    (*_, event) = decoded(*messages_of(control, 3, value, wide=True), wide=[16])
    assert (event.control, event.channel) == (control, 3)
    assert event.value == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize(
    ("kind", "right", "left", "fast_right", "fast_left"),
    [
        ("signed-bit", 1, 65, 64, 127),
        ("signed-bit-reversed", 65, 1, 127, 64),
        ("binary-offset", 65, 63, 127, 1),
        ("twos-complement", 1, 127, 64, 65),
    ],
)
def test_all_four_kinds_of_encoders(kind, right, left, fast_right, fast_left):
    assert steps(kind, right) == 1
    assert steps(kind, left) == -1
    assert steps(kind, fast_right) >= 63
    assert steps(kind, fast_left) <= -63
    assert steps(kind, 0) == 0
    assert guess([left] * 5) == kind


def test_what_is_no_slow_turn_is_not_guessed():
    assert guess([]) is None
    assert guess([65, 64, 63]) is None
    assert guess([20]) is None


def test_the_first_value_only_says_where_the_knob_is():
    pickup = SoftTakeover()
    assert pickup.take(0.5, 0.5, 0.0) is None
    assert pickup.take(0.51, 0.5, 0.01) == 0.51


def test_a_far_knob_is_picked_up_on_its_way():
    pickup, parameter, taken = SoftTakeover(), 0.5, []
    for i, value in enumerate(np.linspace(0.0, 1.0, 129)):
        went = pickup.take(float(value), parameter, 0.02 * i)
        if went is not None:
            parameter = went
            taken.append(went)
    assert taken[0] == pytest.approx(0.5, abs=NEAR + 1e-9)
    assert parameter == 1.0


@pytest.mark.parametrize(("gap_s", "goes"), [(0.02, 0.8), (0.2, None)])
def test_a_fast_crossing_is_taken(gap_s, goes):
    pickup = SoftTakeover()
    pickup.take(0.2, 0.5, 0.0)
    assert pickup.take(0.3, 0.5, 0.02) is None
    assert pickup.take(0.8, 0.5, 0.02 + gap_s) == goes


@pytest.mark.parametrize(("near", "far", "beyond"), [(0.3, 0.2, 0.8), (0.7, 0.8, 0.2)])
def test_only_a_knob_that_has_passed_is_picked_up(near, far, beyond):
    """From either side; one that stays on its side, or that somebody else has passed, waits."""
    pickup = SoftTakeover()
    assert pickup.take(far, 0.5, 0.0) is None
    assert pickup.take(near, 0.5, 0.02) is None
    assert pickup.waits == near
    assert pickup.take(beyond, 0.5, 0.04) == beyond
    assert pickup.waits is None
    pickup.rearm()
    assert pickup.take(beyond, 0.5, 0.06) is None  # as if it were new
    assert pickup.take(far, 0.5, 0.08) == far


def test_a_knob_that_touched_is_not_taken_for_one_that_passed():
    pickup = SoftTakeover()
    assert pickup.take(0.5 + 0.5 * NEAR, 0.5, 0.0) is None
    assert pickup.take(0.9, 0.5, 0.02) == 0.9  # it left the place where both stood
    assert SoftTakeover().waits is None
    scaling = SoftTakeover("scaling")
    assert scaling.take(0.2, 0.8, 0.0) is None
    assert scaling.waits is None  # it moves at once: there is nothing to wait for


def test_without_takeover_it_jumps():
    assert SoftTakeover("none").take(0.9, 0.1, 0.0) == 0.9


def test_scaling_moves_at_once_and_never_jumps():
    pickup, parameter = SoftTakeover("scaling"), 0.8
    pickup.take(0.2, parameter, 0.0)
    before = parameter
    for i, value in enumerate(np.linspace(0.2, 1.0, 100)):
        went = pickup.take(float(value), parameter, 0.1 + 0.02 * i)
        parameter = parameter if went is None else went
        assert abs(parameter - before) <= NEAR + 0.01
        before = parameter
    assert parameter == pytest.approx(1.0)


def test_a_million_random_bytes_raise_nothing():
    rng = np.random.default_rng(0)
    parser, decoder = mido.Parser(), MidiDecoder(frozenset(range(32)))
    pickup, kinds = SoftTakeover(), ("signed-bit", "binary-offset", "twos-complement")
    count = 0
    for chunk in rng.integers(0, 256, (1000, 1000), np.uint8):
        parser.feed(chunk.tobytes())
        for message in parser:
            event = decoder.decode(message)
            if event is not None:
                count += 1
                assert 0.0 <= event.value <= 1.0
                pickup.take(event.value, 0.5, 0.001 * count)
                if event.control.startswith("cc") and event.number < 128:
                    assert all(abs(steps(kind, event.number)) <= 64 for kind in kinds)
    assert count > 10000


def test_a_midi_file_is_played_in_time(tmp_path):
    file = mido.MidiFile(ticks_per_beat=480)
    tempi = [mido.MetaMessage("set_tempo", tempo=500_000), mido.Message("control_change", time=480)]
    tempi += [mido.MetaMessage("set_tempo", tempo=250_000), mido.Message("note_on", time=480)]
    file.tracks.append(mido.MidiTrack(tempi))
    file.tracks.append(mido.MidiTrack([mido.Message("program_change", program=3, time=240)]))
    file.save(tmp_path / "set.mid")
    found = [(at, m.type) for at, m in read_midi(tmp_path / "set.mid")]
    assert found == [
        (pytest.approx(0.25), "program_change"),
        (pytest.approx(0.5), "control_change"),
        (pytest.approx(0.75), "note_on"),
    ]


@pytest.mark.parametrize("content", [b"", b"MThd", b"RIFF1234", b"MThd\0\0\0\6\0\1\0\1\0\0" * 3])
def test_what_is_no_midi_file_is_named(tmp_path, content):
    path = tmp_path / "set.mid"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"set\.mid.*no Standard MIDI File"):
        read_midi(path)
    with pytest.raises(InputError, match="no such file"):
        read_midi(tmp_path / "none.mid")


def test_scaling_moves_by_the_share_of_the_way_that_is_left():
    takeover = SoftTakeover("scaling")
    assert takeover.take(0.2, 0.6, 0.0) is None
    assert takeover.take(0.4, 0.6, 0.1) == pytest.approx(0.7)  # a quarter of what is left, up
    assert takeover.take(0.4, 0.7, 0.2) == 0.7  # the same value: nothing moves
    assert takeover.take(0.2, 0.7, 0.3) == pytest.approx(0.35)  # half of what is left, down
    assert takeover.take(1.0, 0.35, 0.4) == pytest.approx(1.0)  # and both ends are reached
    assert SoftTakeover("scaling").take(0.0, 0.5, 0.0) is None


def test_scaling_never_jumps_to_a_knob_that_was_there_before():
    """The parameter was moved by another control after the two had met."""
    takeover = SoftTakeover("scaling")
    assert takeover.take(0.5, 0.5, 0.0) is None
    assert takeover.take(0.6, 0.5, 0.1) == pytest.approx(0.6)
    assert takeover.take(0.7, 0.9, 0.2) == pytest.approx(0.9 + 0.1 * 0.1 / 0.4)
