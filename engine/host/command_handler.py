"""Commands of screens that are held in the hand: done as a controller's messages are, answered once
they are in the shared state, and followed until they are heard.

A command says when it was meant. One that comes too late is not done: a connection that was away
must not play what was pressed before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from engine.control.control_mapper import CROSSFADER, ControlMapper
from engine.control.mapping import BUTTONS, KNOBS, goes_through_set, part_of, slot_of, targets
from engine.control.switching import Switching
from engine.host.control_learner import ControlLearner
from engine.processes.messages import Command
from engine.state import shared_state as b
from engine.text import counted

STALE_S = 0.3
"""A command that was meant longer ago is dropped."""
_AHEAD_S = 0.05  # that a clock may be ahead of ours
_FORGET_S = 60.0  # of a slot that was called and is not heard


class Surface(Protocol):
    """Gives commands, and takes what became of them."""

    def commands(self) -> Iterator[Command]:
        """Those that have come since the last time."""
        ...

    def answer(self, what: dict[str, Any]) -> None:
        """``client`` and ``id``, and one of ``ack``, ``heard``, or ``error`` with its ``cure``."""
        ...


@dataclass(frozen=True)
class _Awaited:
    """A command that was done and is not heard yet: ``slot``, or the sample from which on."""

    surface: Surface
    command: Command
    slot: int | None
    sample: int
    since_s: float


class CommandHandler:
    """Does commands.

    Args:
        shared: of the stage.
        mapper: does what is asked.
        switching: whose slots are called.
        learner: learns controls.
        delay: samples from the shared state to the ear beside a block: those of the device.

    Attributes:
        surfaces: that give commands.
        learner, delay: as given.
    """

    def __init__(
        self,
        shared: b.SharedState,
        mapper: ControlMapper,
        switching: Switching,
        learner: ControlLearner,
        delay: Callable[[], int] = lambda: 0,
    ) -> None:
        self._shared, self._mapper, self._switching = shared, mapper, switching
        self.surfaces: list[Surface] = []
        self.learner, self.delay = learner, delay
        self._done: list[tuple[Surface, Command]] = []
        self._awaited: list[_Awaited] = []

    def fetch(self, now_s: float) -> bool:
        """Do what has come; whether there was anything."""
        came = False
        self.learner.tend(now_s)
        for surface in self.surfaces:
            for command in surface.commands():
                came = True
                wrong = self._wrong(command, now_s)
                if wrong is None:
                    self._do(command, now_s)
                    self._done.append((surface, command))
                else:
                    surface.answer(_named(command) | {"error": wrong[0], "cure": wrong[1]})
        return came

    def answer(self, now_s: float) -> None:
        """Say what is done, once it stands in the shared state, and what is heard."""
        device = self._shared.device
        for surface, command in self._done:
            surface.answer(_named(command) | {"ack": True})
            sample = device.heard + device.block + self.delay()
            slot = slot_of(command.target) if command.do == "press" else None
            self._awaited.append(_Awaited(surface, command, slot, sample, now_s))
        self._done.clear()
        self._awaited = [one for one in self._awaited if not self._settled(one, now_s)]

    def _settled(self, one: _Awaited, now_s: float) -> bool:
        """Whether a command is heard, which is said, or never will be."""
        heard, pending = self._shared.device.heard >= one.sample, self._switching.pending
        if one.slot is not None and (pending or self._switching.active != one.slot):
            gone = pending is None or pending.slot != one.slot
            return gone or now_s - one.since_s > _FORGET_S
        if heard:
            one.surface.answer(_named(one.command) | {"heard": True})
        return heard or now_s - one.since_s > _FORGET_S

    def _wrong(self, command: Command, now_s: float) -> tuple[str, str] | None:  # noqa: PLR0911
        """What is wrong with a command, and the cure (a list of cases)."""
        age_s, target = now_s - command.at, command.target
        if age_s > STALE_S:
            return f"{1000 * age_s:.0f} ms old: dropped", "Press it again."
        if age_s < -_AHEAD_S:
            return f"{-1000 * age_s:.0f} ms in the future", "Reload the page."
        if command.do == "nudge" or (command.do == "learn" and target in ("", *targets())):
            return None
        if command.do == "turn":
            if target not in KNOBS:
                return f"{target!r} is no knob", f"One of {', '.join(KNOBS[:3])}, amount1, macro1."
            if not 0.0 <= command.value <= 1.0:
                return f"{command.value:g} for {target}", "From 0 to 1."
            if target == CROSSFADER and self._mapper.stands(target) is None:
                return "neither side of the crossfader is heard", "Call one of its slots first."
            return None
        if goes_through_set(target):
            part = part_of(target)
            songs = self._mapper.songs
            if songs is None:
                return "no set is played", "doubledrop play set.toml"
            found = part is None or part < len(songs.parts)
            return None if found else (f"{target} is not there", f"{len(songs.parts)} parts.")
        slot = slot_of(target)
        if slot is not None and slot >= self._switching.slots:
            there = counted(self._switching.slots, "slot")
            return f"slot {slot + 1} is empty", f"The rig has {there}."
        if slot is None and target not in BUTTONS:
            return f"{target!r} is no button", f"One of {', '.join(BUTTONS)}, slot1."
        return None

    def _do(self, command: Command, now_s: float) -> None:
        at_s = min(command.at, now_s)
        match command.do:
            case "turn":
                self._mapper.turn(command.target, command.value)
            case "nudge":
                self._mapper.nudge(command.value)
            case "learn":
                self.learner.begin(command.target, now_s)
            case "press":
                self._mapper.press(command.target, at_s)


def _named(command: Command) -> dict[str, Any]:
    return {"client": command.client, "id": command.id}
