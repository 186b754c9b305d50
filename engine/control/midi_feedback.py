"""What a controller shows: the state of everything that is bound, sent when it changes.

A control that is being touched is not told where it stands; a button is told again after each
press, for many controllers switch their own light off when it is released.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.control.clock_selector import ClockSelector
from engine.control.control_mapper import ControlMapper
from engine.control.mapping import KNOBS, Binding, slot_of
from engine.control.messages import ControlEvent, messages_of
from engine.control.switching import Switching

_TOUCH_S = 0.5
_FLASH = 0.25  # of a beat that a light of time is on
_BLINK = 0.5  # of a beat that a slot which was called is on


class MidiFeedback:
    """Remembers what the controller was told.

    Args:
        bindings: of the rig; the first of a control counts.
        mapper: whose knobs, bypass, kill and mute are shown.
        switching: whose active and pending slots are shown.
        clocks: whose beats are shown.
    """

    def __init__(
        self,
        bindings: Sequence[Binding],
        mapper: ControlMapper,
        switching: Switching,
        clocks: ClockSelector,
    ) -> None:
        self._mapper, self._switching, self._clocks = mapper, switching, clocks
        self._told: dict[Binding, float] = {}
        self._touched_s: dict[Binding, float] = {}
        self.bind(bindings)

    def bind(self, bindings: Sequence[Binding]) -> None:
        """Controls do something else from now on."""
        shown: dict[tuple[str, int], Binding] = {}
        for binding in bindings:
            shown.setdefault((binding.control, binding.channel), binding)
        self._bindings = list(shown.values())
        self.again()

    def again(self) -> None:
        """The controller knows nothing: it was away, or turned to another bank."""
        self._told.clear()
        self._touched_s.clear()

    def touched(self, port: str, event: ControlEvent, now_s: float) -> None:
        """A control was moved, and stands where it was moved to.

        Args:
            port: name of the port that it is on.
            event: what was done; after a program change the controller is told everything again.
            now_s: when, seconds; for half a second a knob is not told where it stands.
        """
        if event.kind == "program":
            self.again()
        for binding in self._bindings:
            if binding.hears(port, event.control, event.channel):
                self._told.pop(binding, None)
                if binding.target in KNOBS:
                    self._touched_s[binding] = now_s
                    if binding.encoder is None:
                        self._told[binding] = event.value

    def changes(self, now_s: float) -> list[list[int]]:
        """The messages, as bytes, that bring the controller up to date."""
        messages: list[list[int]] = []
        for binding in self._bindings:
            value = self._value(binding, now_s)
            if value is None or value == self._told.get(binding):
                continue
            if now_s - self._touched_s.get(binding, -_TOUCH_S) < _TOUCH_S:
                continue
            self._told[binding] = value
            messages += messages_of(binding.control, binding.channel or 1, value, binding.wide)
        return messages

    def _value(self, binding: Binding, now_s: float) -> float | None:
        """0 … 1; None for what has nothing to show."""
        target, switching = binding.target, self._switching
        if target in KNOBS:
            at = self._mapper.stands(target)
            if at is None:
                return None
            return min(max(binding.place_of(at), 0.0), 1.0)
        slot = slot_of(target)
        beat = self._clocks.tempo.beats_at(now_s)
        lit: bool | None = None
        match target:
            case "bypass" | "kill" | "mute":
                lit = bool(getattr(self._mapper.wishes, target))
            case "cancel":
                lit = switching.pending is not None
            case "tap":
                lit = beat % 1.0 < _FLASH
            case "downbeat":
                lit = beat % self._clocks.tempo.beats_per_bar < _FLASH
        if slot is not None:
            called = switching.pending is not None and switching.pending.slot == slot
            lit = beat % 1.0 < _BLINK if called else slot == switching.active
        return None if lit is None else float(lit)
