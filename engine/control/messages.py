"""MIDI messages as control events: which control, and where it stands.

7 and 14 bits, NRPN, notes, program change with bank, pitch bend (MIDI 1.0 detailed specification).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["value", "press", "release", "program"]
_DATA, _DATA_LSB, _MORE, _LESS = 6, 38, 96, 97
_NRPN_LSB, _NRPN_MSB, _RPN_LSB, _RPN_MSB = 98, 99, 100, 101
Mode = Literal["sound off", "reset", "notes off"]
_BANK, _BANK_LSB = 0, 32
_MODES = 120  # controllers from here on are channel mode messages …
_SOUND_OFF, _RESET, _NOTES_OFF = 120, 121, 123  # … and those from the last on end all notes
_LSB = 32  # what a 14-bit controller's second number lies above its first
_WIDE = 16383.0


@dataclass(frozen=True, slots=True)
class ControlEvent:
    """Something that was done with one control.

    Attributes:
        control: ``cc16``, ``nrpn300``, ``note36``, ``bend`` or ``program``.
        channel: 1 … 16.
        kind: ``value``: it stands at ``value``, 0 … 1; ``press`` (``value`` its force) and
            ``release`` of a key; ``program``: ``number`` was selected.
        value: see ``kind``.
        number: the raw value: 0 … 127 of a control, which an encoder means as a step; the bank
            and program of a program change, bank · 128 + program.
    """

    control: str
    channel: int
    kind: Kind
    value: float
    number: int


def mode_of(message: Any) -> tuple[Mode, int] | None:
    """What a channel mode message asks for, and its channel, 1 … 16; None of any other.

    Their values mean nothing here: All Sound Off and All Notes Off are sent with 0, and changes of
    omni, mono and poly end all notes, too (MIDI 1.0 detailed specification). Reset All Controllers
    leaves volume, program and effects where they are (RP-015).
    """
    if message.type != "control_change" or message.control < _MODES:
        return None
    number, channel = message.control, message.channel + 1
    if number == _SOUND_OFF:
        return "sound off", channel
    if number == _RESET:
        return "reset", channel
    return ("notes off", channel) if number >= _NOTES_OFF else None


class MidiDecoder:
    """Remembers, channel by channel, what later messages refer to.

    Args:
        wide: controllers 0 … 31 that come with a second number, 32 above the first.
    """

    def __init__(self, wide: frozenset[int] = frozenset()) -> None:
        self._wide = wide
        self._first: dict[tuple[int, int], int] = {}
        self._bank: dict[int, int] = {}
        self._parameter: dict[int, int] = {}
        self._entry: dict[tuple[int, int], int] = {}

    def decode(self, message: Any) -> ControlEvent | None:
        """A ``mido.Message``; None where it says nothing of a control (yet)."""
        channel = getattr(message, "channel", -1) + 1
        match message.type:
            case "control_change" if message.control == _RESET:
                self._reset(channel)
            case "control_change" if message.control < _MODES:
                return self._controller(channel, message.control, message.value)
            case "note_on" if message.velocity:
                force = message.velocity / 127.0
                return ControlEvent(
                    f"note{message.note}", channel, "press", force, message.velocity
                )
            case "note_on" | "note_off":
                return ControlEvent(f"note{message.note}", channel, "release", 0.0, 0)
            case "program_change":
                number = self._bank.get(channel, 0) * 128 + message.program
                return ControlEvent("program", channel, "program", 0.0, number)
            case "pitchwheel":
                number = message.pitch + 8192
                return ControlEvent("bend", channel, "value", number / _WIDE, number)
        return None

    def _controller(self, channel: int, number: int, value: int) -> ControlEvent | None:
        if number in (_NRPN_MSB, _NRPN_LSB, _RPN_MSB, _RPN_LSB):
            self._select(channel, number, value)
            return None
        if channel in self._parameter and number in (_DATA, _DATA_LSB, _MORE, _LESS):
            return self._data(channel, number, value)
        if number in (_BANK, _BANK_LSB):
            before = self._bank.get(channel, 0)
            keep, shift = (0x7F, 7) if number == _BANK else (0x3F80, 0)
            self._bank[channel] = before & keep | value << shift
            return None
        if number in self._wide:
            self._first[channel, number] = value
            return self._value(f"cc{number}", channel, value << 7, _WIDE)
        if number - _LSB in self._wide:
            first = self._first.get((channel, number - _LSB), 0)
            return self._value(f"cc{number - _LSB}", channel, first << 7 | value, _WIDE)
        return self._value(f"cc{number}", channel, value, 127.0)

    def _reset(self, channel: int) -> None:
        """No parameter is selected, as after power-on."""
        self._parameter.pop(channel, None)
        self._first = {key: at for key, at in self._first.items() if key[0] != channel}

    def _select(self, channel: int, number: int, value: int) -> None:
        if number in (_RPN_MSB, _RPN_LSB):  # what follows is none of ours
            self._parameter.pop(channel, None)
            return
        before = self._parameter.get(channel, 0)
        keep, shift = (0x7F, 7) if number == _NRPN_MSB else (0x3F80, 0)
        self._parameter[channel] = before & keep | value << shift

    def _data(self, channel: int, number: int, value: int) -> ControlEvent:
        parameter = self._parameter[channel]
        at = self._entry.get((channel, parameter), 0)
        if number == _DATA:
            at = value << 7
        elif number == _DATA_LSB:
            at = at & 0x3F80 | value
        else:
            at = min(max(at + (1 if number == _MORE else -1), 0), int(_WIDE))
        self._entry[channel, parameter] = at
        return self._value(f"nrpn{parameter}", channel, at, _WIDE)

    @staticmethod
    def _value(control: str, channel: int, number: int, full: float) -> ControlEvent:
        return ControlEvent(control, channel, "value", min(1.0, number / full), number)


def messages_of(control: str, channel: int, value: float, wide: bool = False) -> list[list[int]]:
    """The messages, as bytes, with which a control would say that it stands at a value.

    Args:
        control: see :class:`ControlEvent`; ``program`` says nothing.
        channel: 1 … 16.
        value: 0 … 1.
        wide: whether a controller 0 … 31 has 14 bits.
    """
    on, number = channel - 1, round(value * _WIDE)
    change, first, second = 0xB0 | on, number >> 7, number & 0x7F
    if control == "bend":
        return [[0xE0 | on, second, first]]
    if control.startswith("note"):
        return [[0x90 | on, int(control[4:]), round(value * 127)]]
    if control.startswith("nrpn"):
        which = int(control[4:])
        parameter = [[change, _NRPN_MSB, which >> 7], [change, _NRPN_LSB, which & 0x7F]]
        return [*parameter, [change, _DATA, first], [change, _DATA_LSB, second]]
    if control.startswith("cc") and wide:
        which = int(control[2:])
        return [[change, which, first], [change, which + _LSB, second]]
    if control.startswith("cc"):
        return [[change, int(control[2:]), round(value * 127)]]
    return []
