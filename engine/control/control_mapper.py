"""What control events make of wet, level, slots and time.

Pure: times come in, wishes go out. What is wished for is read by whoever owns the stage.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.control.clock_selector import ClockSelector
from engine.control.encoders import steps
from engine.control.mapping import BUTTONS, KNOBS, MACROS, Binding, goes_through_set, slot_of
from engine.control.messages import ControlEvent, MidiDecoder, Mode, mode_of
from engine.control.songs import Songs
from engine.control.switching import Switching
from engine.control.takeover import NEAR, SoftTakeover
from engine.text import counted

CROSSFADER = "crossfader"
_STEP = 1.0 / 127.0
_NUDGE_S = 0.002
_ON = 0.5  # a controller that is used as a button is pressed from here on
_UNREAD = 64


@dataclass(frozen=True)
class Waiting:
    """A control that has to be moved to where its target stands before it takes hold.

    Attributes:
        control: see :class:`engine.control.messages.ControlEvent`.
        place: where the control stands, 0 … 1.
        wanted: where it takes hold, 0 … 1 of the control.
    """

    control: str
    place: float
    wanted: float


@dataclass
class ControlState:
    """What the performer wants to hear.

    Attributes:
        knobs: where each stands, 0 … 1; the crossfader is the switching's.
        bypass, kill, mute: the three ways to take something away.
        panics: how often everything that still sounds was to be cleared.
    """

    knobs: dict[str, float] = field(
        default_factory=lambda: {n: float(n not in MACROS) for n in KNOBS if n != CROSSFADER}
    )
    bypass: bool = False
    kill: bool = False
    mute: bool = False
    panics: int = 0

    @property
    def heard_wet(self) -> float:
        """Wet after bypass and kill."""
        return 0.0 if self.bypass or self.kill else self.knobs["wet"]

    @property
    def heard_level(self) -> float:
        """Level after mute."""
        return 0.0 if self.mute else self.knobs["level"]


class ControlMapper:
    """Takes messages and keeps wishes.

    Args:
        bindings: what each control does.
        programs: number (bank · 128 + program) of each slot.
        clocks: told of taps and downbeats.
        switching: told of slots.

    Attributes:
        bindings: what each control does now.
        songs: the set that is played; None without one.
        wishes: what the performer wants to hear.
        notices: what cannot be seen from the wishes (panic, a slot or program that is not there),
            in words; whoever tells the performer takes them out.
    """

    def __init__(
        self,
        bindings: Sequence[Binding],
        programs: Sequence[int],
        clocks: ClockSelector,
        switching: Switching,
    ) -> None:
        self._programs = list(programs)
        self._clocks, self._switching = clocks, switching
        self.bind(bindings)
        self.songs: Songs | None = None
        self.wishes = ControlState()
        self.notices: deque[str] = deque(maxlen=_UNREAD)

    def bind(self, bindings: Sequence[Binding]) -> None:
        """From now on this is what each control does; nothing is held, all has to be picked up."""
        self.bindings = list(bindings)
        self._wide = frozenset(int(x.control[2:]) for x in bindings if x.wide)
        self._decoders: dict[str, MidiDecoder] = {}
        self._pickups = [SoftTakeover(binding.takeover) for binding in bindings]
        self._down: set[tuple[str, int, int]] = set()  # port, binding, channel

    def hear(self, port: str, message: object, now_s: float) -> ControlEvent | None:
        """A message from a port.

        Args:
            port: name of the port.
            message: a ``mido.Message``.
            now_s: when it came, seconds of the clocks' time.

        Returns:
            The control event that it was, if it was one.
        """
        decoder = self._decoders.setdefault(port, MidiDecoder(self._wide))
        mode = mode_of(message)
        if mode is not None:
            self._obey(port, *mode)
        event = decoder.decode(message)
        if event is None:
            return None
        for number, binding in enumerate(self.bindings):
            if binding.hears(port, event.control, event.channel):
                self._do(port, number, binding, event, now_s)
        return event

    def press(self, target: str, now_s: float) -> None:
        """Press a button that is bound to a target; nothing if it is none."""
        if target in BUTTONS or slot_of(target) is not None or goes_through_set(target):
            self._press(Binding(target, ""), now_s)

    def turn(self, knob: str, to: float) -> None:
        """Put a knob somewhere, 0 … 1, as a hand on a screen does: it needs no pick-up, and
        whatever else is bound to the knob has to be picked up anew."""
        self._put(knob, min(max(to, 0.0), 1.0))

    def nudge(self, steps: float) -> None:
        """Move the beat by steps of 2 ms; below 0 it comes earlier."""
        self._clocks.nudge(steps * _NUDGE_S)

    def gone(self, port: str) -> None:
        """A port has vanished: its buttons are released, its knobs have to be found again."""
        self._down = {held for held in self._down if held[0] != port}
        self._decoders.pop(port, None)
        for pickup in self._pickups:
            pickup.rearm()

    def waiting(self) -> Mapping[str, Waiting]:
        """The controls that wait for pick-up, by their targets."""
        return dict(self._waiting())

    def _waiting(self) -> Iterator[tuple[str, Waiting]]:
        for binding, pickup in zip(self.bindings, self._pickups, strict=True):
            at = self.stands(binding.target) if pickup.waits is not None else None
            if at is None or pickup.waits is None:
                continue
            wanted = binding.place_of(at)
            if abs(pickup.waits - wanted) > NEAR:
                yield binding.target, Waiting(binding.control, pickup.waits, wanted)

    def _obey(self, port: str, mode: Mode, channel: int) -> None:
        """A channel mode message: what sounds or is held ends, and nothing begins to sound."""
        released = {"sound off": ("note", "cc"), "notes off": ("note",), "reset": ("cc",)}[mode]
        self._down = {
            held
            for held in self._down
            if held[0] != port
            or held[2] != channel
            or not self.bindings[held[1]].control.startswith(released)
        }
        if mode == "sound off":
            self._cancel()
            self.wishes.panics += 1
            self.notices.append("All Sound Off: tails cleared, pending switch cancelled")

    def _do(
        self, port: str, number: int, binding: Binding, event: ControlEvent, now_s: float
    ) -> None:
        if binding.target in KNOBS:
            self._turn(number, binding, event, now_s)
        elif binding.target == "program":
            self._program(event, now_s)
        elif binding.target == "nudge" and binding.encoder:
            by = steps(binding.encoder, event.number) * (-1 if binding.invert else 1)
            self.nudge(by)
        elif self._is_pressed(port, number, event):
            self._press(binding, now_s)

    def _turn(self, number: int, binding: Binding, event: ControlEvent, now_s: float) -> None:
        at = self.stands(binding.target)
        if at is None:
            return
        place = binding.place_of(at)
        if binding.encoder:
            to: float | None = place + _STEP * steps(binding.encoder, event.number)
        elif binding.kind == "switch" or event.kind in ("press", "release"):
            if event.kind == "release" or (event.kind == "value" and event.value < _ON):
                return  # a key counts however softly it is hit
            to = 0.0 if place > _ON else 1.0
        else:
            to = self._pickups[number].take(event.value, place, now_s)
        if to is None:
            return
        self._put(binding.target, binding.value_at(min(max(to, 0.0), 1.0)))

    def _put(self, knob: str, value: float) -> None:
        if knob == CROSSFADER:
            self._switching.cross(value)
        else:
            self.wishes.knobs[knob] = value

    def stands(self, knob: str) -> float | None:
        """Where a knob is meant to stand, 0 … 1; None while it has nothing to move."""
        return self._switching.place if knob == CROSSFADER else self.wishes.knobs[knob]

    def _program(self, event: ControlEvent, now_s: float) -> None:
        if event.kind != "program":
            return
        if self.songs is not None and self.songs.program(event.number, now_s):
            return
        if event.number in self._programs:
            slot = self._programs.index(event.number)
            self._switching.call(slot, now_s, self._clocks.tempo)
            return
        known = ", ".join(map(_named, self._programs))
        self.notices.append(
            f"no slot has program {_named(event.number)}; the rig's programs: {known}"
        )

    def _is_pressed(self, port: str, number: int, event: ControlEvent) -> bool:
        """Whether a button has just gone down: a controller from half way, a key when hit."""
        key = port, number, event.channel
        down = event.kind == "press" or (event.kind == "value" and event.value >= _ON)
        was = key in self._down
        (self._down.add if down else self._down.discard)(key)
        return down and not was

    def _press(self, binding: Binding, now_s: float) -> None:
        tempo, wishes = self._clocks.tempo, self.wishes
        slot = slot_of(binding.target)
        if slot is not None and slot >= self._switching.slots:
            there = self._switching.slots
            self.notices.append(f"slot {slot + 1} is empty: the rig has {counted(there, 'slot')}")
        elif slot is not None:
            self._switching.call(slot, now_s, tempo)
        if goes_through_set(binding.target):
            wrong = "no set is played"
            if self.songs is not None:
                wrong = self.songs.press(binding.target, now_s)
            self.notices.extend([f"{binding.target}: {wrong}"] if wrong else [])
        match binding.target:
            case "tap":
                self._clocks.tap(now_s)
            case "downbeat":
                self._clocks.downbeat_now(now_s)
            case "follow":
                self._clocks.follow_again()
            case "nudge":
                self._clocks.nudge(-_NUDGE_S if binding.invert else _NUDGE_S)
            case "next" | "previous" as which:
                self._switching.step(1 if which == "next" else -1, now_s, tempo)
            case "cancel":
                self._cancel()
            case "bypass" | "kill" | "mute" as name:
                setattr(wishes, name, not getattr(wishes, name))
            case "panic":
                self._panic()

    def _cancel(self) -> None:
        self._switching.cancel()
        if self.songs is not None:
            self.songs.cancel()

    def _panic(self) -> None:
        """Nothing pending, nothing held, nothing taken away; the audio goes on."""
        self._cancel()
        self._down.clear()
        self.wishes.panics += 1
        self.wishes.bypass = self.wishes.kill = self.wishes.mute = False
        for pickup in self._pickups:
            pickup.rearm()
        self.notices.append("panic: tails, pending switch, bypass, kill and mute cleared")


def _named(program: int) -> str:
    """A number as it was selected."""
    return f"{program % 128} of bank {program // 128}" if program >= 128 else str(program)
