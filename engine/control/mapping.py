"""Which control does what: bindings of control events to targets, and the map that comes along."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from engine.control.encoders import Encoder
from engine.control.takeover import Takeover

Button = Literal[
    "tap",
    "downbeat",
    "follow",
    "next",
    "previous",
    "cancel",
    "bypass",
    "kill",
    "mute",
    "panic",
    "part-next",
    "part-previous",
    "song-next",
    "song-previous",
]
"""``follow`` takes back what the hand has tapped and placed: the next clock leads. ``bypass`` is
dry in time, ``kill`` dry at once, ``mute`` silence; ``panic`` undoes all three and what is
pending. ``part-…`` and ``song-…`` go through a set."""
Kind = Literal["absolute", "switch", Encoder]
BUTTONS = get_args(Button)
MOST_SLOTS = 16
AMOUNTS = tuple(f"amount{n + 1}" for n in range(MOST_SLOTS))
MACROS = tuple(f"macro{n + 1}" for n in range(8))
KNOBS = ("wet", "level", "crossfader", *AMOUNTS, *MACROS)
"""What stands somewhere, 0 … 1: share of the effect and level at the line-out, the crossfader from
side A to side B, the share of the effect of each slot, and the rig's macros."""
_SLOT = re.compile(r"slot([1-9]|1[0-6])")
_PART = re.compile(r"part([1-9]\d{0,2})")
_CONTROL = re.compile(r"cc(\d{1,2}|1[01]\d)|nrpn\d{1,5}|note(\d{1,2}|1[01]\d|12[0-7])|bend|program")


@dataclass(frozen=True)
class Binding:
    """One control of one port, and what it does.

    Attributes:
        target: a knob (see :data:`KNOBS`); a button (see :data:`Button`); ``slot1`` … ``slot16``;
            ``nudge``; or ``program``, which calls the slot of that number.
        control: see :class:`engine.control.messages.ControlEvent`.
        channel: 1 … 16, or 0 for any.
        port: part of the port's name; empty for any.
        kind: a knob that stands somewhere, a switch (each press turns it over), or an encoder.
        invert: whether it goes the other way.
        low, high: what the ends of the knob mean, 0 … 1.
        takeover: of a knob.
        wide: whether a controller 0 … 31 comes with 14 bits.
    """

    target: str
    control: str
    channel: int = 0
    port: str = ""
    kind: Kind = "absolute"
    invert: bool = False
    low: float = 0.0
    high: float = 1.0
    takeover: Takeover = "pick-up"
    wide: bool = False

    @property
    def encoder(self) -> Encoder | None:
        """The kind of encoder that it is, if it is one."""
        return None if self.kind == "absolute" or self.kind == "switch" else self.kind  # noqa: PLR1714

    def place_of(self, value: float) -> float:
        """Where on the control a value of its target stands, 0 … 1 and beyond."""
        place = (value - self.low) / (self.high - self.low)
        return 1.0 - place if self.invert else place

    def value_at(self, place: float) -> float:
        """What a place of the control, 0 … 1, means for its target."""
        return self.low + (self.high - self.low) * (1.0 - place if self.invert else place)

    def hears(self, port: str, control: str, channel: int) -> bool:
        """Whether a control event is this one's.

        Args:
            port: name of the port that it came from.
            control: which was moved, see :class:`engine.control.messages.ControlEvent`.
            channel: of its message, 1 … 16.
        """
        return (
            control == self.control
            and self.channel in (0, channel)
            and self.port.lower() in port.lower()
        )


def does(bindings: Sequence[Binding], port: str, control: str, channel: int) -> list[str]:
    """Targets of a control of a port, in the order of the bindings.

    Args:
        bindings: among which to look.
        port: name of the port.
        control: of that port, see :class:`engine.control.messages.ControlEvent`.
        channel: of its messages, 1 … 16.
    """
    return [b.target for b in bindings if b.hears(port, control, channel)]


def part_of(target: str) -> int | None:
    """The part of a set, from 0, that a target calls."""
    found = _PART.fullmatch(target)
    return int(found[1]) - 1 if found else None


def goes_through_set(target: str) -> bool:
    """Whether a target calls a part of a set."""
    return part_of(target) is not None or target.startswith(("part-", "song-"))


def slot_of(target: str) -> int | None:
    """The slot, from 0, that a target calls."""
    found = _SLOT.fullmatch(target)
    return int(found[1]) - 1 if found else None


def targets() -> list[str]:
    """Everything that can be bound."""
    slots = [f"slot{n + 1}" for n in range(MOST_SLOTS)]
    return [*KNOBS, *BUTTONS, "nudge", "program", *slots]


TARGETS_SAID = ", ".join(
    [
        *(knob for knob in KNOBS if knob not in AMOUNTS + MACROS),
        *(f"{names[0]} … {names[-1]}" for names in (AMOUNTS, MACROS)),
        *(*BUTTONS, "nudge", "program", f"slot1 … slot{MOST_SLOTS}"),
    ]
)
"""The same in short, for messages."""


def is_control(name: str) -> bool:
    """Whether this is how a control is called."""
    return _CONTROL.fullmatch(name) is not None


DEFAULT = (
    Binding("wet", "cc16"),
    Binding("crossfader", "cc17"),
    Binding("macro1", "cc18"),
    Binding("macro2", "cc19"),
    *(Binding(f"amount{n + 1}", f"cc{20 + n}") for n in range(8)),
    Binding("level", "cc7"),
    Binding("tap", "cc102"),
    Binding("downbeat", "cc103"),
    Binding("next", "cc104"),
    Binding("previous", "cc105"),
    Binding("nudge", "cc106", kind="twos-complement"),
    Binding("kill", "cc107", kind="switch"),
    Binding("follow", "cc108"),
    Binding("panic", "cc119"),
    Binding("program", "program"),
)
"""General-purpose and undefined controllers, as performers expect them."""
